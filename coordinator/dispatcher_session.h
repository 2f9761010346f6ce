#pragma once

// What the dispatcher keeps of a worker: of its present session, and of its key while the
// coordinator runs.

#include <cstdint>
#include <string>
#include <vector>

#include "base/time.h"
#include "proto/wire.pb.h"

namespace hark {

// The minor version from which a worker knows orders, rates a run and capabilities.
inline constexpr uint32_t kOrdersMinor = 2;

// Strikes after which a key stays out.
inline constexpr int kMaxStrikes = 3;

struct DispatcherSession {
  std::string route;
  std::string key;
  std::string name, software, region, provider;  // as it said, fit to be shown
  uint64_t id = 0;
  uint64_t hello_id = 0;
  uint32_t minor = 0;
  proto::Capabilities capabilities;
  double max_pps = 0;  // kUnlimited: none of its own
  MonoTime last_heard;
  proto::WorkerLoad load;
  int64_t clock_offset_ms = 0;
  proto::Envelope welcome;  // repeated when the same HELLO comes again; without its orders
  bool welcomed = false;

  // What it was told last and has answered.
  uint64_t told_version = 0;
  uint64_t obeyed_version = 0;
  MonoTime told_at{};               // when it was told last
  MonoTime unanswered_since{};      // obeyed < told: since when nothing newer was answered
  uint64_t exclusions_told = 0;     // version of the opt-outs it was sent last
  uint64_t exclusions_told_in = 0;  // and the version of the orders they were in
  uint64_t exclusions_obeyed = 0;
  MonoTime disobeys_at = kNever;  // when more than it was told becomes a strike

  // Of a worker that knows no orders: the one rate it was told, and the run it works for.
  double told_pps = 0;
  uint32_t only_run = 0;

  uint64_t credit = 0;  // it has, or has spent on what is not answered

  bool knows_orders() const { return minor >= kOrdersMinor; }
};

// Jobs of any kind that may be given to it, and sweeps that it asked for by name.
struct DispatcherWanted {
  uint32_t jobs = 0;
  uint32_t sweeps = 0;

  bool operator==(const DispatcherWanted&) const = default;
};

// Of one that has a session, for who asks.
struct DispatcherWorkerView {
  std::string key;
  std::string name;
  proto::WorkerLoad load;
  size_t jobs = 0;
  std::string software;  // as it said
  MonoTime last_heard{};
};

struct DispatcherRecord {
  std::string name;
  int strikes = 0;
  std::string last_strike;
  uint64_t hosts_merged = 0;
  bool greeted = false;
  MonoTime last_heard{};
  uint64_t unacked = 0;  // bytes accepted and not yet durable
  // The processes that have said HELLO with the key, the latest last.
  std::vector<uint64_t> boots;
  int returns = 0;  // of an earlier one, in the present window
  MonoTime returns_until{};
};

}  // namespace hark
