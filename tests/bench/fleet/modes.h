#pragma once

// hark-fleet-bench: the processes of the fleet's bench. Each mode is one of them; tests/bench/
// fleet_scale.py starts them and makes rows of what they print.

#include <string>
#include <vector>

#include "base/status.h"
#include "bus/curve.h"

namespace hark::bench {

// One pair a line, public and secret key; the first is the coordinator's, the others the workers'.
Status WriteKeys(const std::string& path, size_t workers);
Result<std::vector<KeyPair>> ReadKeys(const std::string& path);

struct CoordinatorMode {
  std::string db;
  std::string keys;
  std::string endpoint;  // tcp://127.0.0.1:PORT
  uint64_t hosts = 0;    // of the run, from 10.0.0.0 on; nobody visits them
  double lease_seconds = 60;
  std::string record;  // writes every commit there, for bare mode
};
// Prints "ready", counts from a line on stdin on, and stops when the run is done or on SIGTERM:
// then prints what it cost as one line of JSON.
Status RunCoordinator(const CoordinatorMode& mode);

struct PusherMode {
  std::string keys;
  std::string endpoint;
  size_t first = 0;  // of the workers in the key file
  size_t count = 4;
};
// Leases all there is, packs every batch, prints "ready", and on a line on stdin sends them as fast
// as credit allows. Prints its own cost when all are acknowledged.
Status RunPushers(const PusherMode& mode);

struct BareMode {
  std::string record;
  std::string db;
  bool tuned = false;  // with the options of hark's store, not with those of an ordinary one
};
// Writes what a coordinator has recorded to a fresh store, in the same groups, as fast as one
// thread can.
Status RunBare(const BareMode& mode);

struct FleetMode {
  std::string keys;
  std::string endpoint;
  size_t first = 0;
  size_t count = 250;
  double hosts_per_second = 10;  // and worker; two observations each
  double burst_seconds = 2;      // between two of them, on average
};
// Workers' sessions, with the work itself made up. Each line on stdin asks for a line of JSON.
Status RunFleet(const FleetMode& mode);

}  // namespace hark::bench
