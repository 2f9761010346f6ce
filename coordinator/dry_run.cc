#include "coordinator/dry_run.h"

#include <algorithm>
#include <cmath>
#include <deque>
#include <map>

#include "base/block_count.h"
#include "base/permutation.h"
#include "base/strings.h"

namespace hark {
namespace {

constexpr uint32_t kSshPort = 22;
constexpr uint64_t kFurtherSshKeys = 3;

// Prefixes of `bits` that the addresses lie in, as numbers of that many bits.
RangeSet BlocksOf(const RangeSet& addresses, uint32_t bits) {
  std::vector<Range> blocks;
  for (const Range& range : addresses.ranges()) {
    blocks.push_back({range.first >> (32 - bits), range.last >> (32 - bits)});
  }
  return RangeSet(std::move(blocks));
}

// Counts of the last `width` steps, and the most there ever was of one.
class Window {
 public:
  Window(uint64_t width, size_t kinds) : width_(std::max<uint64_t>(width, 1)), counts_(kinds) {}

  void Add(uint32_t kind) {
    if (last_.size() == width_) {
      --counts_[last_.front()];
      last_.pop_front();
    }
    last_.push_back(kind);
    most_ = std::max<uint64_t>(most_, ++counts_[kind]);
  }
  uint64_t most() const { return most_; }

 private:
  const uint64_t width_;
  std::deque<uint32_t> last_;
  std::vector<uint32_t> counts_;
  uint64_t most_ = 0;
};

void MeasureBursts(const Plan& plan, const DryRunOptions& options, DryRun* out) {
  if (plan.targets.empty()) return;
  const RangeSet blocks = BlocksOf(plan.targets, 24);
  const Permutation order(plan.targets.size(), PermutationKey(plan.run));
  const auto width = [&](double seconds) {
    return static_cast<uint64_t>(std::ceil(options.rate * seconds));
  };
  Window second(width(1), blocks.size()), ten(width(10), blocks.size());
  out->burst_of = std::min(plan.targets.size(), options.most_looked_at);
  for (uint64_t i = 0; i < out->burst_of; ++i) {
    const auto block = static_cast<uint32_t>(*blocks.Rank(plan.targets.At(order.At(i)) >> 8));
    second.Add(block);
    ten.Add(block);
  }
  out->burst_1s = second.most();
  out->burst_10s = ten.most();
}

template <typename Key, typename Name>
std::vector<SpreadPart> Top(const std::map<Key, uint64_t>& counts, size_t top, const Name& name) {
  std::vector<std::pair<uint64_t, Key>> sorted;
  for (const auto& [key, n] : counts) sorted.push_back({n, key});
  std::stable_sort(sorted.begin(), sorted.end(),
                   [](const auto& a, const auto& b) { return a.first > b.first; });
  std::vector<SpreadPart> out;
  for (size_t i = 0; i < std::min(top, sorted.size()); ++i) {
    out.push_back({name(sorted[i].second), sorted[i].first});
  }
  return out;
}

void MeasureSpread(const Plan& plan, const GeoTable& geo, const DryRunOptions& options,
                   DryRun* out) {
  out->ranges = plan.targets.ranges().size();
  out->blocks24 = BlocksOf(plan.targets, 24).size();
  const std::map<uint32_t, uint64_t> by16 = CountByBlock16(plan.targets);
  out->blocks16 = by16.size();
  out->top16 = Top(by16, options.top, Block16Name);
  if (geo.empty()) return;
  const Result<AsTable> table = geo.AsesOf(plan.targets);
  if (!table.ok()) return;
  std::map<uint32_t, uint64_t> by_as;
  out->without_as = plan.targets.size();
  for (const AsSpan& span : table->spans()) {
    const uint64_t n = uint64_t{span.last} - span.first + 1;
    by_as[span.asn] += n;
    out->without_as -= n;
  }
  out->ases = by_as.size();
  out->top_ases = Top(by_as, options.top, [](uint32_t asn) { return StrCat("AS", asn); });
}

Duration Seconds(double seconds) {
  constexpr double kMost = 3e9;  // a century: longer is no answer either
  return Duration(static_cast<int64_t>(std::min(seconds, kMost) * 1e9));
}

}  // namespace

uint64_t ConnectionsAHost(const proto::RunRow& run) {
  const bool ssh = std::find(run.ports().begin(), run.ports().end(), kSshPort) != run.ports().end();
  return static_cast<uint64_t>(run.ports_size()) + (ssh ? kFurtherSshKeys : 0);
}

DryRun TryOut(const Plan& plan, const GeoTable& geo, const DryRunOptions& options) {
  DryRun out;
  MeasureSpread(plan, geo, options, &out);
  MeasureBursts(plan, options, &out);
  const auto swept = static_cast<double>(plan.run.gate_port() != 0 ? plan.targets.size() : 0);
  const double visited =
      static_cast<double>(plan.run.planned()) - swept + swept * options.listener_share;
  out.sweep = Seconds(swept / options.rate);
  out.grab = Seconds(visited * static_cast<double>(ConnectionsAHost(plan.run)) / options.rate);
  return out;
}

}  // namespace hark
