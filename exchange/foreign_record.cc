#include "exchange/foreign_record.h"

#include <charconv>
#include <cmath>

namespace hark {

std::optional<int64_t> ForeignSeconds(double unix_s) {
  // Also false for what is not a number.
  if (!(unix_s >= 0 && unix_s < static_cast<double>(kMaxForeignUnixSeconds) + 1)) return {};
  return static_cast<int64_t>(std::floor(unix_s));
}

std::optional<double> ForeignNumber(std::string_view text) {
  double value = 0;
  const char* const end = text.data() + text.size();
  const auto [stopped, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc() || stopped != end) return std::nullopt;
  return value;
}

std::optional<int64_t> ForeignSecondsOf(std::string_view text) {
  const std::optional<double> number = ForeignNumber(text);
  return number ? ForeignSeconds(*number) : std::nullopt;
}

}  // namespace hark
