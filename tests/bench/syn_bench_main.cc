// hark-syn-bench --prefix=10.16.0.0/12 --port=25: one SYN to each address of the prefix, in the
// order of a run, over the raw channel alone or, with --whole, by all of the prober. Prints what it
// cost as one line of JSON, and the addresses that answered into --out. tests/bench/syn_rate.py
// calls it; only inside network namespaces.

#include <gflags/gflags.h>
#include <poll.h>

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <memory>
#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

#include "base/distinct.h"
#include "base/permutation.h"
#include "base/random.h"
#include "base/range_set.h"
#include "tests/bench/cost_meter.h"
#include "tests/bench/whole_sweep.h"
#include "worker/engine/raw_privileges.h"
#include "worker/engine/raw_syn_channel.h"

DEFINE_string(prefix, "10.16.0.0/12", "within 10.0.0.0/8");
DEFINE_uint32(port, 25, "on each of them");
DEFINE_uint64(rate, 0, "SYNs a second; 0: as many as leave");
DEFINE_uint64(cooldown_ms, 1000, "how long to listen after the last");
DEFINE_bool(whole, false, "jobs, desk and thread as in hark-worker, not the channel alone");
DEFINE_string(interface, "", "by which SYNs leave");
DEFINE_string(out, "", "file for the addresses that answered");

namespace hark::bench {
namespace {

// Sleeps between bursts: 10 ms of the rate at a time.
constexpr int kBurstsPerSecond = 100;
constexpr size_t kBatch = 256;

class Sweep {
 public:
  Sweep(SynChannel& channel, Range range)
      : channel_(channel),
        range_(range),
        order_(uint64_t{1} + range.last - range.first, SecureU64()) {}

  // Until all are sent.
  void Send() {
    const MonoTime began = clock_.Now();
    while (at_ < order_.size() && channel_.failure().ok()) {
      const uint64_t due = FLAGS_rate == 0 ? order_.size() : Due(clock_.Now() - began);
      if (!SendUpTo(due)) Listen(1);  // the way is full
      channel_.Receive(&replies_);
      if (FLAGS_rate != 0) ListenUntil(began + Bursts(clock_.Now() - began) + kBurst);
    }
  }
  void ListenUntil(MonoTime end) {
    for (MonoTime now = clock_.Now(); now < end; now = clock_.Now()) {
      const auto left = std::chrono::ceil<std::chrono::milliseconds>(end - now);
      Listen(static_cast<int>(left.count()));
    }
  }
  std::vector<SynReply>& replies() { return replies_; }
  uint64_t sent() const { return at_; }

 private:
  static constexpr Duration kBurst = Duration(std::chrono::seconds(1)) / kBurstsPerSecond;

  static Duration Bursts(Duration d) { return d / kBurst * kBurst; }
  uint64_t Due(Duration gone) const {
    const auto bursts = static_cast<uint64_t>(gone / kBurst) + 1;
    return std::min(order_.size(), bursts * FLAGS_rate / kBurstsPerSecond);
  }
  bool SendUpTo(uint64_t due) {
    while (at_ < due) {
      batch_.clear();
      for (uint64_t i = at_; i < std::min<uint64_t>(due, at_ + kBatch); ++i) {
        batch_.push_back({range_.first + static_cast<uint32_t>(order_.At(i)),
                          static_cast<uint16_t>(FLAGS_port)});
      }
      const size_t sent = channel_.Send(batch_);
      at_ += sent;
      if (sent < batch_.size()) return false;
      if (FLAGS_rate == 0) return true;
    }
    return true;
  }
  void Listen(int patience_ms) {
    pollfd wait{channel_.receive_fd(), POLLIN, 0};
    if (poll(&wait, 1, patience_ms) > 0) channel_.Receive(&replies_);
  }

  SynChannel& channel_;
  Range range_;
  Permutation order_;
  SystemClock clock_;
  uint64_t at_ = 0;
  std::vector<SynTarget> batch_;
  std::vector<SynReply> replies_;
};

std::vector<uint32_t> Answered(const std::vector<SynReply>& replies) {
  std::vector<uint32_t> found;
  for (const SynReply& reply : replies) {
    if (reply.kind == SynReply::Kind::kAnswered) found.push_back(reply.address);
  }
  MakeDistinct(found);
  return found;
}

struct Told {
  SynChannel::Counts counts;  // of a whole sweep only what was sent
  std::vector<uint32_t> found;
};

void Print(const Cost& cost, const Told& told) {
  const nlohmann::json line = {{"sent", told.counts.sent},
                               {"wall_seconds", cost.wall_seconds},
                               {"user_seconds", cost.user_seconds},
                               {"system_seconds", cost.system_seconds},
                               {"answered", told.found.size()},
                               {"replies", told.counts.replies},
                               {"strays", told.counts.strays},
                               {"kernel_drops", told.counts.kernel_drops},
                               {"send_failures", told.counts.send_failures}};
  std::printf("%s\n", line.dump().c_str());
}

Result<Told> ByChannel(SynChannel& channel, Range range) {
  Sweep sweep(channel, range);
  sweep.Send();
  sweep.ListenUntil(SystemClock().Now() + std::chrono::milliseconds(FLAGS_cooldown_ms));
  HARK_RETURN_IF_ERROR(channel.failure());
  return Told{channel.counts(), Answered(sweep.replies())};
}

Result<Told> ByAll(std::unique_ptr<SynChannel> channel, Range range) {
  const WholeSweepOrder order{.range = range,
                              .port = static_cast<uint16_t>(FLAGS_port),
                              .rate = static_cast<double>(FLAGS_rate),
                              .cooldown = std::chrono::milliseconds(FLAGS_cooldown_ms)};
  HARK_ASSIGN_OR_RETURN(WholeSweep swept, RunWholeSweep(std::move(channel), order));
  return Told{{.sent = swept.sent}, std::move(swept.found)};
}

Status Run() {
  HARK_ASSIGN_OR_RETURN(const Range range, ParseRange(FLAGS_prefix));
  if (range.first >> 24 != 10 || range.last >> 24 != 10) {
    return InvalidInput("--prefix is not in 10.0.0.0/8");
  }
  HARK_ASSIGN_OR_RETURN(auto channel,
                        OpenSynChannel({.interface = FLAGS_interface, .key = SecureBytes(16)}));
  HARK_RETURN_IF_ERROR(DropRawPrivileges());
  Cost cost;
  const CostMeter meter;
  HARK_ASSIGN_OR_RETURN(
      const Told told, FLAGS_whole ? ByAll(std::move(channel), range) : ByChannel(*channel, range));
  meter.Stop(&cost);
  std::ofstream out(FLAGS_out);
  for (const uint32_t address : told.found) out << Address::V4(address).ToString() << '\n';
  Print(cost, told);
  return Status::Ok();
}

}  // namespace
}  // namespace hark::bench

int main(int argc, char** argv) {
  gflags::ParseCommandLineFlags(&argc, &argv, true);
  const hark::Status status = hark::bench::Run();
  if (status.ok()) return 0;
  std::fprintf(stderr, "hark-syn-bench: %s\n", status.message().c_str());
  return 1;
}
