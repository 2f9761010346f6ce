#include "analysis/run_comparison.h"

namespace hark {

Result<RunComparison> CompareRuns(const RunReader& before, const RunReader& after, size_t listed,
                                  bool include_answers_all) {
  RunComparison out;
  HARK_ASSIGN_OR_RETURN(out.before, ReadComparedRun(before, include_answers_all));
  HARK_ASSIGN_OR_RETURN(out.after, ReadComparedRun(after, include_answers_all));
  const HostPairs pairs = PairHosts(out.before.hosts, out.after.hosts);
  EvolutionBuilder evolution(out.before, out.after, pairs);
  EventsBuilder events(out.before, out.after, pairs, listed);
  const ComparedRun* const runs[] = {&out.before, &out.after};
  KeyChange change;
  HARK_RETURN_IF_ERROR(
      MergeKeys(runs, [&](const KeyId& key, std::span<const std::vector<KeyPlace>> by_run) {
        ReadKeyChange(key, by_run[0], by_run[1], pairs, change);
        evolution.Add(change);
        events.Add(change);
        return Status::Ok();
      }));
  out.evolution = std::move(evolution).Finish();
  out.events = std::move(events).Finish();
  HARK_RETURN_IF_ERROR(FillRotations(out.before, out.after, pairs, out.events.rotations));
  return out;
}

}  // namespace hark
