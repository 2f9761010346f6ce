#include "cli/obedience_flag.h"

#include "base/strings.h"
#include "cli/output.h"

namespace hark {
namespace {

constexpr double kLongestWait = 3600;

}  // namespace

std::vector<Flag> WaitFlags(WaitWish& wish) {
  return {{"wait", Decimal(&wish.seconds, 0, kLongestWait, "SECONDS"),
           "at most, until every worker has applied it"}};
}

Status TellObedience(ControlClient& client, const std::string& what, uint64_t orders_version,
                     uint64_t exclusions_version, const WaitWish& wish) {
  const Duration patience(static_cast<int64_t>(wish.seconds * 1e9));
  HARK_ASSIGN_OR_RETURN(const Obedience obedience,
                        AwaitObedience(client, orders_version, exclusions_version, patience));
  return WriteOutput("", StrCat(what, ": ", ObedienceText(obedience), "\n"));
}

}  // namespace hark
