#include "exchange/foreign_moment.h"

#include "base/moment.h"

namespace hark {

int64_t ForeignMoment(std::string_view text) {
  if (text.empty()) return 0;
  const Result<int64_t> moment = ParseMoment(text);
  return moment.ok() && *moment > 0 && *moment <= kLastForeignMillis ? *moment : 0;
}

}  // namespace hark
