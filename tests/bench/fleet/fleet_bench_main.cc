// hark-fleet-bench keys|coordinator|pushers|bare|fleet --flags…: see tests/bench/fleet/modes.h.

#include <gflags/gflags.h>

#include <csignal>
#include <cstdio>

#include "tests/bench/fleet/modes.h"

DEFINE_string(keys, "", "file of key pairs");
DEFINE_string(db, "", "store");
DEFINE_string(endpoint, "tcp://127.0.0.1:*", "of the coordinator");
DEFINE_string(record, "", "file of recorded commits");
DEFINE_bool(tuned, false, "bare: with the options of hark's store");
DEFINE_uint64(hosts, 10'000, "coordinator: targets of the run");
DEFINE_double(lease_seconds, 60, "coordinator: of a job");
DEFINE_uint64(first, 0, "the first worker in the key file to be");
DEFINE_uint64(count, 4, "workers");
DEFINE_double(hosts_per_second, 10, "fleet: a worker, on average");
DEFINE_double(burst_seconds, 2, "fleet: between bursts, on average");

namespace hark::bench {
namespace {

Status Run(const std::string& mode) {
  if (mode == "keys") return WriteKeys(FLAGS_keys, FLAGS_count);
  if (mode == "coordinator") {
    return RunCoordinator(
        {FLAGS_db, FLAGS_keys, FLAGS_endpoint, FLAGS_hosts, FLAGS_lease_seconds, FLAGS_record});
  }
  if (mode == "pushers") return RunPushers({FLAGS_keys, FLAGS_endpoint, FLAGS_first, FLAGS_count});
  if (mode == "bare") return RunBare({FLAGS_record, FLAGS_db, FLAGS_tuned});
  if (mode == "fleet") {
    return RunFleet({FLAGS_keys, FLAGS_endpoint, FLAGS_first, FLAGS_count, FLAGS_hosts_per_second,
                     FLAGS_burst_seconds});
  }
  return InvalidInput("no mode of this name; there are keys, coordinator, pushers, bare and fleet");
}

}  // namespace
}  // namespace hark::bench

int main(int argc, char** argv) {
  gflags::ParseCommandLineFlags(&argc, &argv, true);
  std::signal(SIGPIPE, SIG_IGN);
  const hark::Status status = hark::bench::Run(argc > 1 ? argv[1] : "");
  if (status.ok()) return 0;
  std::fprintf(stderr, "hark-fleet-bench: %s\n", status.message().c_str());
  return 2;
}
