#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <deque>
#include <memory>
#include <nlohmann/json.hpp>

#include "base/random.h"
#include "base/strings.h"
#include "tests/bench/fleet/meters.h"
#include "tests/bench/fleet/modes.h"
#include "tests/bench/fleet/synthetic_hosts.h"
#include "worker/batch_builder.h"
#include "worker/coordinator_link.h"
#include "worker/memory_spool.h"
#include "worker/worker_session.h"

namespace hark::bench {
namespace {

constexpr Duration kTurn = std::chrono::milliseconds(20);
constexpr size_t kMaxQueued = 16;
constexpr double kShortestBurst = 0.2;  // of the average pause

// Stands where a worker's job runner stands: its targets are visited when a burst is due.
class BurstHost final : public JobHost {
 public:
  BurstHost(const SyntheticHosts& hosts) : hosts_(hosts) {}

  Status StartJob(const proto::Job& job, uint64_t cursor, uint64_t end,
                  std::shared_ptr<const RangeSet>) override {
    jobs_.push_back({job, cursor, end, false});
    return Status::Ok();
  }
  void HoldJob(const JobKey& key, bool hold) override {
    holds_ += hold ? 1 : 0;
    if (Job* const job = Find(key)) job->held = hold;
  }
  uint64_t TrimJob(const JobKey& key, uint64_t new_end) override {
    Job* const job = Find(key);
    if (job == nullptr) return UINT64_MAX;  // all of it is begun
    job->end = std::clamp(new_end, job->next, job->end);
    return job->end;
  }
  // A job that is done was forgotten when its last batch was made.
  void DropJob(const JobKey& key) override { lost_ += Find(key) != nullptr ? 1 : 0, Forget(key); }
  void FinishStarted() override {}
  size_t open_targets() const override { return 0; }
  size_t jobs_with_work() const override { return jobs_.size(); }
  void SetRate(double probes_per_second) override { rate_ = probes_per_second; }
  void FillLoad(proto::WorkerLoad* load) const override { load->set_applied_pps(rate_); }

  // Visits as many targets as there are, at most n, oldest job first.
  void Visit(uint64_t n, MonoTime now, WorkerSession& session) {
    while (n > 0) {
      const auto job = std::find_if(jobs_.begin(), jobs_.end(), [](auto& j) { return !j.held; });
      if (job == jobs_.end()) {
        starved_ += n;
        return;
      }
      const uint64_t take = std::min(n, job->end - job->next);
      VisitPart(*job, job->next + take, now, session);
      n -= take;
    }
  }

  uint64_t visited() const { return visited_; }
  uint64_t starved() const { return starved_; }
  uint64_t lost() const { return lost_; }
  uint64_t holds() const { return holds_; }

 private:
  struct Job {
    proto::Job job;
    uint64_t next;
    uint64_t end;
    bool held;
  };

  Job* Find(const JobKey& key) {
    const auto it = std::find_if(jobs_.begin(), jobs_.end(),
                                 [&](const Job& j) { return JobKey::Of(j.job) == key; });
    return it == jobs_.end() ? nullptr : &*it;
  }
  void Forget(const JobKey& key) {
    std::erase_if(jobs_, [&](const Job& j) { return JobKey::Of(j.job) == key; });
  }
  void VisitPart(Job& job, uint64_t to, MonoTime now, WorkerSession& session) {
    GrabBatch gathered(job.next, BatchLimits());
    std::vector<proto::Batch> batches;
    for (; job.next < to; ++job.next) {
      const auto at = static_cast<int>(job.next - job.job.cursor());
      auto host = hosts_.Visit(*Address::FromBytes(job.job.targets(at)), job.next,
                               SystemClock().UnixMillis());
      if (gathered.Full(host)) batches.push_back(gathered.Take());
      gathered.Add(std::move(host), now);
      ++visited_;
    }
    if (!gathered.empty()) batches.push_back(gathered.Take());
    const JobKey key = JobKey::Of(job.job);
    const uint64_t end = job.end;
    if (to == end) Forget(key);
    for (proto::Batch& batch : batches) {
      key.Put(&batch);
      batch.set_final(batch.to_index() == end);
      session.AddBatch(std::move(batch), now);
    }
  }

  const SyntheticHosts& hosts_;
  std::deque<Job> jobs_;
  double rate_ = 0;
  uint64_t visited_ = 0, starved_ = 0, lost_ = 0, holds_ = 0;
};

SessionOptions SessionOptionsOf(size_t number) {
  SessionOptions options;
  options.name = StrCat("vps", number);
  options.boot_id = SecureU64();
  return options;
}

LinkOptions LinkOptionsOf(const FleetMode& mode, const KeyPair& server, const KeyPair& own) {
  LinkOptions options;
  options.dealer = {mode.endpoint, server.public_key, own.public_key, own.secret_key};
  options.seed = SecureU64();
  return options;
}

// The worker as it is, apart from engine and disk.
class Vps {
 public:
  Vps(const FleetMode& mode, size_t number, const KeyPair& server, const KeyPair& own,
      const SyntheticHosts& hosts)
      : mode_(mode),
        random_(SecureU64()),
        host_(hosts),
        targets_(""),
        session_(SessionOptionsOf(number), host_, spool_, targets_, SecureU64()),
        link_(LinkOptionsOf(mode, server, own)) {}

  int wake_fd() const { return link_.wake_fd(); }
  uint64_t epoch() const { return epoch_; }
  bool in_session() const { return session_.state() == WorkerSession::State::kReady; }
  const BurstHost& host() const { return host_; }
  uint64_t spool_bytes() const { return spool_.unacked_bytes(); }
  uint64_t hellos() const { return welcomes_; }
  uint64_t links_lost() const { return links_lost_; }

  void Turn(MonoTime now, bool readable) {
    TendLink(now);
    const bool due = readable || now >= next_burst_ || now >= session_.WakeTime() ||
                     now - looked_ >= kLookEvery || link_.queued() > 0;
    if (!due || !link_.up()) return;
    looked_ = now;
    Receive(now);
    Burst(now);
    session_.Tick(now);
    link_.Flush();
    if (link_.queued() >= kMaxQueued) return;
    std::vector<proto::Envelope> envelopes = session_.Poll(now);
    if (envelopes.empty()) return;
    link_.Send(std::move(envelopes));
    Receive(now);
  }

 private:
  static constexpr Duration kLookEvery = std::chrono::milliseconds(200);

  void TendLink(MonoTime now) {
    if (session_.wants_new_link() || link_.refused()) {
      ++links_lost_;
      link_.Close(now);
      session_.LinkDown();
    }
    if (link_.up() || !link_.OpenIfDue(now).ok() || !link_.up()) return;
    session_.LinkUp(now);
  }
  void Receive(MonoTime now) {
    while (const auto envelope = link_.Receive()) {
      if (envelope->has_welcome()) {
        epoch_ = envelope->welcome().coordinator_epoch();
        ++welcomes_;
      }
      session_.On(*envelope, now);
    }
    if (in_session()) link_.Settled();
  }
  // Pauses are exponentially distributed; what was not visited in one is visited after it.
  void Burst(MonoTime now) {
    if (now < next_burst_) return;
    if (last_burst_ != MonoTime()) {
      owed_ += mode_.hosts_per_second * SecondsOf(now - last_burst_);
      const auto n = static_cast<uint64_t>(owed_);
      owed_ -= static_cast<double>(n);
      host_.Visit(n, now, session_);
    }
    last_burst_ = now;
    const double pause = mode_.burst_seconds *
                         (kShortestBurst - (1 - kShortestBurst) * std::log(1 - random_.Unit()));
    next_burst_ = now + Duration(static_cast<int64_t>(pause * 1e9));
  }

  const FleetMode& mode_;
  Random random_;
  BurstHost host_;
  MemorySpool spool_;
  TargetSetCache targets_;
  WorkerSession session_;
  CoordinatorLink link_;
  MonoTime looked_{}, last_burst_{}, next_burst_{};
  double owed_ = 0;
  uint64_t epoch_ = 0, welcomes_ = 0, links_lost_ = 0;
};

using Fleet = std::vector<std::unique_ptr<Vps>>;

nlohmann::json Report(const Fleet& fleet) {
  uint64_t visited = 0, starved = 0, lost = 0, holds = 0, spool = 0, hellos = 0, links = 0;
  nlohmann::json epochs = nlohmann::json::object();
  for (const auto& vps : fleet) {
    visited += vps->host().visited();
    starved += vps->host().starved();
    lost += vps->host().lost();
    holds += vps->host().holds();
    spool += vps->spool_bytes();
    hellos += vps->hellos();
    links += vps->links_lost();
    if (!vps->in_session()) continue;
    const std::string epoch = std::to_string(vps->epoch());
    epochs[epoch] = epochs.value(epoch, 0) + 1;
  }
  return {{"visited", visited},
          {"starved", starved},
          {"leases_lost", lost},
          {"holds", holds},
          {"spool_bytes", spool},
          {"welcomes", hellos},
          {"links_lost", links},
          {"in_session", epochs},
          {"cpu_seconds", CpuTime::Now().sum()},
          {"peak_mb", StatusMegabytes("VmHWM")}};
}

// Sleeps until somebody has mail or the turn is over; then everybody has a turn.
void TurnAll(const Fleet& fleet, const Clock& clock) {
  std::vector<pollfd> fds;
  for (const auto& vps : fleet) fds.push_back({vps->wake_fd(), POLLIN, 0});
  poll(fds.data(), fds.size(), static_cast<int>(ToMillis(kTurn)));
  for (size_t i = 0; i < fleet.size(); ++i) {
    fleet[i]->Turn(clock.Now(), (fds[i].revents & POLLIN) != 0);
  }
}

}  // namespace

Status RunFleet(const FleetMode& mode) {
  HARK_ASSIGN_OR_RETURN(const std::vector<KeyPair> keys, ReadKeys(mode.keys));
  HARK_ASSIGN_OR_RETURN(const SyntheticHosts hosts, SyntheticHosts::Make());
  Fleet fleet;
  for (size_t i = 0; i < mode.count; ++i) {
    const size_t number = mode.first + i;
    fleet.push_back(std::make_unique<Vps>(mode, number, keys.front(), keys.at(1 + number), hosts));
  }
  std::printf("ready\n");
  std::fflush(stdout);
  const SystemClock clock;
  for (bool over = false; !over;) {
    TurnAll(fleet, clock);
    if (!LineOnStdin(&over)) continue;
    std::printf("%s\n", Report(fleet).dump().c_str());
    std::fflush(stdout);
  }
  return Status::Ok();
}

}  // namespace hark::bench
