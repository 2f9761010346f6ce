#include "analysis/compared_run.h"

#include <memory>

#include "analysis/key_use_pump.h"

namespace hark {
namespace {

using Pumps = std::vector<std::unique_ptr<KeyUsePump>>;

// The smallest key any run is at; nullptr when all are at their end.
const KeyId* NextKey(const Pumps& pumps) {
  const KeyId* least = nullptr;
  for (const auto& pump : pumps) {
    const NumberedUse* use = pump->Front();
    if (use != nullptr && (least == nullptr || use->key < *least)) least = &use->key;
  }
  return least;
}

}  // namespace

Result<ComparedRun> ReadComparedRun(const RunReader& reader, bool include_answers_all) {
  ComparedRun run;
  run.reader = &reader;
  HARK_ASSIGN_OR_RETURN(run.hosts, HostTable::Read(reader, include_answers_all));
  HARK_ASSIGN_OR_RETURN(run.clustering, FindClusters(reader, run.hosts));
  return run;
}

Status MergeKeys(std::span<const ComparedRun* const> runs, const KeyOfRunsVisitor& visit) {
  Pumps pumps;
  pumps.reserve(runs.size());
  for (const ComparedRun* run : runs)
    pumps.push_back(std::make_unique<KeyUsePump>(*run->reader, run->hosts));
  std::vector<std::vector<KeyPlace>> by_run(runs.size());
  while (const KeyId* next = NextKey(pumps)) {
    const KeyId key = *next;  // a copy: the batch it is in goes away
    for (size_t i = 0; i < pumps.size(); ++i) {
      by_run[i].clear();
      for (const NumberedUse* use = pumps[i]->Front(); use != nullptr && use->key == key;
           use = pumps[i]->Front()) {
        by_run[i].push_back(use->at);
        pumps[i]->Pop();
      }
    }
    HARK_RETURN_IF_ERROR(visit(key, by_run));
  }
  for (size_t i = 0; i < pumps.size(); ++i) {
    HARK_RETURN_IF_ERROR(pumps[i]->status().Prepend("run " + runs[i]->name()));
  }
  return Status::Ok();
}

}  // namespace hark
