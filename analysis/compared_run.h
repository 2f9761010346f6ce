#pragma once

// A run as comparisons read it: its hosts, its clusters, and its key index, several runs' merged
// key by key. Nothing of the index is held but the uses of one key and a few batches a run, so two
// runs of ten million hosts are compared in the memory of their host tables.

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "analysis/clusters.h"
#include "analysis/host_table.h"
#include "analysis/key_groups.h"
#include "base/status.h"
#include "keys/key_id.h"
#include "storage/run_reader.h"

namespace hark {

struct ComparedRun {
  const RunReader* reader = nullptr;  // outlives this
  HostTable hosts;
  Clustering clustering;

  const std::string& name() const { return reader->run().name(); }
};

Result<ComparedRun> ReadComparedRun(const RunReader& reader, bool include_answers_all = false);

// by_run: for each run where it showed the key, by that run's numbers of hosts, ascending; at least
// one is not empty. All hosts a key has in one run are in one cluster, or there is only one: two
// hosts with an equal key are a cluster.
using KeyOfRunsVisitor =
    std::function<Status(const KeyId& key, std::span<const std::vector<KeyPlace>> by_run)>;

// Every key that hosts taking part in any of the runs showed, in the order of the ids. Each run is
// read by a thread of its own; visit is called by the caller's. The readers must not be in use, and
// each run is given once. An error of a reader or of visit ends it.
Status MergeKeys(std::span<const ComparedRun* const> runs, const KeyOfRunsVisitor& visit);

}  // namespace hark
