#include "analysis/swept_places.h"

#include <algorithm>
#include <numeric>
#include <optional>
#include <utility>

#include "base/block_count.h"
#include "base/permutation.h"
#include "base/strings.h"
#include "storage/run_order.h"

namespace hark {
namespace {

using Counts = TargetStates::Counts;

constexpr const char* kStateNames[] = {"silent",   "refused", "unreachable", "answered",
                                       "excluded", "failed",  "purged"};
static_assert(std::size(kStateNames) == kTargetStateCount);

uint64_t& Of(Counts& counts, TargetState state) {
  return counts[static_cast<size_t>(state)];
}

uint64_t Sum(const Counts& counts) {
  return std::accumulate(counts.begin(), counts.end(), uint64_t{0});
}

void AddTally(const proto::Tally& tally, Counts& counts) {
  Of(counts, TargetState::kSilent) += tally.silent();
  Of(counts, TargetState::kRefused) += tally.refused();
  Of(counts, TargetState::kUnreachable) += tally.unreachable();
  Of(counts, TargetState::kAnswered) += tally.answered();
  Of(counts, TargetState::kExcluded) += tally.excluded();
  Of(counts, TargetState::kFailed) += tally.failed();
}

class PlacesReader {
 public:
  PlacesReader(const RunReader& reader, const RangeSet& targets)
      : reader_(reader),
        targets_(targets),
        order_(std::max<uint64_t>(1, targets.size()), PermutationKey(reader.run())) {}

  Result<SweptPlaces> Read() {
    HARK_RETURN_IF_ERROR(Jobs());
    HARK_RETURN_IF_ERROR(ForEachStretch([&](uint64_t first, const TargetStates& states) {
      const Counts counts = states.Count();
      for (size_t i = 0; i < counts.size(); ++i) all_[i] += counts[i];
      told_.emplace_back(first, first + states.size());
    }));
    CheckOnceEach();
    HARK_RETURN_IF_ERROR(CompareSums());
    if (!out_.errors.empty()) return std::move(out_);
    const uint64_t pending = targets_.size() - std::min(targets_.size(), Sum(all_));
    silence_is_rest_ = pending <= Of(all_, TargetState::kSilent);
    HARK_RETURN_IF_ERROR(ForEachStretch([&](uint64_t first, const TargetStates& states) {
      for (uint64_t i = 0; i < states.size(); ++i) {
        const TargetState state = states.At(i);
        if (state == TargetState::kSilent && silence_is_rest_) continue;
        ++Of(BlockOf(first + i).states, state);
      }
    }));
    if (silence_is_rest_) Pending();
    Rest();
    return std::move(out_);
  }

 private:
  // Tallies of the sweeps; and the one target of a job that no worker survived, which is in no row.
  Status Jobs() {
    return reader_.ForEachJob([&](const proto::JobRow& job) {
      if (job.kind() != proto::JobRow::SWEEP) return Status::Ok();
      AddTally(job.tally(), tallied_);
      if (job.state() == proto::JobRow::QUARANTINED && job.cursor() < job.end()) {
        quarantined_.emplace_back(job.cursor(), job.end());
      }
      return Status::Ok();
    });
  }

  template <typename Visit>
  Status ForEachStretch(const Visit& visit) {
    for (const auto& [first, end] : quarantined_) {
      TargetStates states;
      for (uint64_t i = first; i < end; ++i) states.Add(TargetState::kFailed);
      visit(first, states);
    }
    return reader_.ForEachSwept([&](uint64_t first, const proto::SweptRow& row) {
      const auto states = TargetStates::Decode(row.states(), row.targets());
      if (!states || first > targets_.size() || row.targets() > targets_.size() - first) {
        return Corruption(StrCat("what was swept from index ", first, " on is unreadable"));
      }
      visit(first, *states);
      return Status::Ok();
    });
  }

  void CheckOnceEach() {
    std::sort(told_.begin(), told_.end());
    for (size_t i = 1; i < told_.size(); ++i) {
      if (told_[i].first >= told_[i - 1].second) continue;
      out_.errors.push_back(StrCat("index ", told_[i].first, " was swept twice"));
      return;
    }
  }

  // What was purged stands in the tallies as what it was. Rows may tell of fewer than the tallies:
  // then nothing can be said but that no state is in more rows than there are of it.
  Status CompareSums() {
    HARK_ASSIGN_OR_RETURN(const proto::PurgeRow purged, reader_.Purged());
    Counts rows = all_;
    Of(rows, TargetState::kPurged) = 0;
    AddTally(purged.swept(), rows);
    const uint64_t through = Sum(tallied_);
    out_.unplaced = through - std::min(through, Sum(all_));
    for (size_t i = 0; i < rows.size(); ++i) {
      if (rows[i] == tallied_[i] || (out_.unplaced > 0 && rows[i] < tallied_[i])) continue;
      out_.errors.push_back(StrCat("the sweeps tell of ", rows[i], " ", kStateNames[i],
                                   " targets, the jobs count ", tallied_[i]));
    }
    return Status::Ok();
  }

  SweptPlaces::Block& BlockOf(uint64_t index) {
    return out_.blocks16[targets_.At(order_.At(index)) >> 16];
  }

  // What lies between the rows.
  void Pending() {
    uint64_t at = 0;
    told_.emplace_back(targets_.size(), targets_.size());
    for (const auto& [first, end] : told_) {
      for (; at < first; ++at) ++BlockOf(at).pending;
      at = end;
    }
  }

  void Rest() {
    for (const auto& [number, planned] : CountByBlock16(targets_)) {
      SweptPlaces::Block& block = out_.blocks16[number];
      const uint64_t known = Sum(block.states) + block.pending;
      (silence_is_rest_ ? Of(block.states, TargetState::kSilent) : block.pending) +=
          planned - std::min(planned, known);
    }
  }

  const RunReader& reader_;
  const RangeSet& targets_;
  const Permutation order_;
  Counts tallied_{}, all_{};
  std::vector<std::pair<uint64_t, uint64_t>> quarantined_, told_;  // indices [first, end)
  bool silence_is_rest_ = true;
  SweptPlaces out_;
};

}  // namespace

Result<SweptPlaces> ReadSweptPlaces(const RunReader& reader, const RangeSet& targets) {
  return PlacesReader(reader, targets).Read();
}

}  // namespace hark
