#include "worker/conntrack_watch.h"

#include <unistd.h>

#include <algorithm>

#include "base/log.h"
#include "base/strings.h"
#include "worker/engine/kernel_settings.h"

namespace hark {
namespace {

constexpr double kSlowFrom = 0.5;
constexpr double kHardlyFrom = 0.6;
constexpr double kCalm = 0.4;
// Not nothing: entries that end make room, and others may have filled the table.
constexpr double kLeast = 0.02;

}  // namespace

std::optional<ConntrackFill> ReadConntrackFill() {
  const auto count = ReadKernelNumber("/proc/sys/net/netfilter/nf_conntrack_count");
  const auto max = ReadKernelNumber("/proc/sys/net/netfilter/nf_conntrack_max");
  if (!count || !max || *max == 0) return std::nullopt;
  return ConntrackFill{*count, *max};
}

std::string ConntrackWatch::Advice(const ConntrackFill& fill) {
  return StrCat("connection tracking is ", 100 * fill.count / fill.max, " % full (", fill.count,
                " of ", fill.max,
                "): going slower; mend it with: nft 'table inet hark { chain o { type filter hook "
                "output priority raw; meta skuid ",
                geteuid(),
                " tcp dport 1-65535 notrack; }; chain i { type filter hook prerouting priority "
                "raw; tcp sport {22, 25, 110, 143, 443, 587, 993} notrack; }; }', or sysctl -w "
                "net.netfilter.nf_conntrack_max=",
                4 * fill.max);
}

double ConntrackWatch::Look(const std::optional<ConntrackFill>& fill) {
  if (!fill) return 1;
  const double part = static_cast<double>(fill->count) / static_cast<double>(fill->max);
  if (part < kCalm) warned_ = false;
  if (part < kSlowFrom) return 1;
  if (!warned_) LogWarning("worker/conntrack", Advice(*fill));
  warned_ = true;
  return std::clamp((kHardlyFrom - part) / (kHardlyFrom - kSlowFrom), kLeast, 1.0);
}

}  // namespace hark
