#include "tests/sim/fleet_simulation.h"

#include <algorithm>

#include "base/strings.h"
#include "coordinator/revisit_merge.h"
#include "tests/sim/fleet.h"

namespace hark::sim {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr MonoTime kBeginning{std::chrono::hours(1)};
constexpr int64_t kWallClockAtZero = 1'500'000'000'000;
constexpr double kCeiling = 1000;  // probes a second
constexpr Duration kLease = seconds(20);
constexpr Duration kGrace = seconds(20);
constexpr Duration kHeartbeat = seconds(2);
constexpr Duration kWorkerMoment = milliseconds(200);
constexpr Duration kCoordinatorMoment = milliseconds(50);
// After the end: acknowledgements arrive, spools empty.
constexpr Duration kSettling = seconds(8);

}  // namespace

Fleet::Fleet(const FleetOptions& options)
    : options_(options),
      random_(options.seed),
      now_(kBeginning),
      trouble_until_(now_ + options.trouble),
      world_(options, random_),
      disk_(world_, options),
      watch_(kLease, kGrace, kCeiling, options.credit_bytes, options.duplication > 0) {
  disk_.Watch(&watch_);
}

void Fleet::At(Duration from_now, std::function<void()> what) {
  events_.push_back({now_ + from_now, order_++, std::move(what)});
  std::push_heap(events_.begin(), events_.end(), std::greater<>());
}

void Fleet::Step() {
  std::pop_heap(events_.begin(), events_.end(), std::greater<>());
  const Event event = std::move(events_.back());
  events_.pop_back();
  now_ = event.at;
  event.what();
}

Duration Fleet::Soon(double mean_seconds) {
  return Duration(static_cast<int64_t>(mean_seconds * 2e9 * random_.Unit()) + 1'000'000);
}

int64_t Fleet::CoordinatorClock() const {
  return kWallClockAtZero + ToMillis(now_.time_since_epoch()) + clock_off_ms_;
}

// The network: mostly quick, sometimes slow, sometimes twice, sometimes never.
void Fleet::Deliver(Worker& worker, const std::function<void()>& what) {
  ++outcome_.messages;
  const bool trouble = InTrouble();
  if (trouble && random_.Unit() < options_.loss) {
    worker.clean = false;
    return;
  }
  const bool twice = trouble && random_.Unit() < options_.duplication;
  if (twice) worker.clean = false;
  for (int i = 0; i < (twice ? 2 : 1); ++i) {
    At(random_.Unit() < 0.05 ? Soon(1.5) : Soon(0.05), what);
  }
}

// ---- the coordinator

Result<std::vector<Address>> Fleet::ListOf(uint32_t number, uint64_t from, uint64_t to) {
  const auto& list = number == 0 ? disk_.listeners : disk_.revisits[number];
  if (to > list.size()) {
    Break("a job over hosts not yet durable");
    return Internal("a job over hosts not yet durable");
  }
  return std::vector<Address>(list.begin() + static_cast<std::ptrdiff_t>(from),
                              list.begin() + static_cast<std::ptrdiff_t>(to));
}

void Fleet::StartCoordinator() {
  DispatcherOptions options;
  options.probes_per_second = kCeiling;
  options.expected_workers = options_.expected_workers;
  options.lease = kLease;
  options.heartbeat = kHeartbeat;
  options.restart_grace = kGrace;
  options.credit_bytes = options_.credit_bytes;
  options.min_sweep_tail = options_.min_sweep_tail;
  options.min_grab_tail = options_.min_grab_tail;
  options.epoch = ++epoch_;
  dispatcher_ = std::make_unique<Dispatcher>(
      options, disk_, [this](uint32_t, uint32_t number, uint64_t from, uint64_t to) {
        return ListOf(number, from, to);
      });
  std::vector<proto::JobRow> jobs;
  for (const auto& [id, job] : disk_.jobs) jobs.push_back(job);
  std::vector<StoredRevisit> revisits = disk_.all_revisits;
  std::sort(revisits.begin(), revisits.end(), [](const auto& a, const auto& b) {
    return std::pair(a.list, a.position) < std::pair(b.list, b.position);
  });
  watch_.Started(disk_.jobs, now_);
  dispatcher_->AddRun(
      RunState(disk_.run, world_.target_set, RangeSet(), jobs, disk_.listeners.size(), revisits),
      now_, CoordinatorClock());
}

void Fleet::KillCoordinator() {
  if (dispatcher_ == nullptr) return;
  ++outcome_.coordinator_deaths;
  dispatcher_.reset();
  disk_.Crash(random_.Below(disk_.waiting() + 1));
  for (auto& worker : workers_) worker->clean = false;
  At(Soon(3), [this] { StartCoordinator(); });
}

void Fleet::CoordinatorMoment() {
  if (dispatcher_ != nullptr) {
    if (now_ >= disk_stalls_until_ && random_.Unit() < 0.7) disk_.Sync(1 + random_.Below(8));
    watch_.Now("", nullptr, now_);
    dispatcher_->OnTick(now_, CoordinatorClock());
    Flush();
  }
  At(kCoordinatorMoment, [this] { CoordinatorMoment(); });
}

// What the dispatcher says goes to the worker behind the route, if that is still its connection.
void Fleet::Flush() {
  for (Dispatcher::Outgoing& out : dispatcher_->TakeOutgoing()) {
    const auto envelope = std::make_shared<const proto::Envelope>(std::move(out.envelope));
    const std::string key = out.route.substr(0, out.route.find('#'));
    watch_.Sent(key, *envelope);
    for (auto& worker : workers_) {
      if (worker->route != out.route) continue;
      if (now_ < worker->deaf_until) {
        worker->clean = false;
        continue;
      }
      const uint64_t share = ++shares_said_;
      Deliver(*worker, [this, &worker = *worker, route = out.route, envelope, share] {
        if (worker.session == nullptr || worker.route != route) return;
        // The one thing that leans on TCP: a new share of the rate is not overtaken by an old one.
        if (envelope->has_heartbeat_ack() &&
            std::exchange(worker.last_share, std::max(share, worker.last_share)) >= share)
          return;
        GiveToWorker(worker, *envelope);
      });
    }
  }
}

// ---- the workers

void Fleet::StartWorker(Worker& worker) {
  worker.dying = false;
  worker.targets = std::make_unique<TargetSetCache>("");
  SimHost::Hooks hooks;
  hooks.probed = [this, &worker](const JobKey& key, bool sweep, uint64_t from, uint64_t to) {
    worker.dying = !Probed(worker, key, sweep, from, to);
    return !worker.dying;
  };
  hooks.throttled = [this, &worker](const Address& address) { return Throttled(worker, address); };
  hooks.unix_ms = [this, &worker] {
    return kWallClockAtZero + ToMillis(now_.time_since_epoch()) + worker.clock_off_ms;
  };
  worker.host = std::make_unique<SimHost>(world_, options_.pace, random_.Next(), std::move(hooks));
  SessionOptions options;
  options.name = worker.key;
  options.boot_id = random_.Next();
  options.spool_quota_bytes = options_.spool_quota_bytes;
  worker.session = std::make_unique<WorkerSession>(options, *worker.host, worker.spool,
                                                   *worker.targets, random_.Next());
}

void Fleet::RestartWorkerSoon(Worker& worker) {
  worker.session.reset();
  worker.host.reset();
  worker.route.clear();
  worker.clean = false;
  At(Soon(4), [this, &worker] { StartWorker(worker); });
}

void Fleet::KillWorker(Worker& worker, bool keeps_disk) {
  if (worker.session == nullptr) return;
  ++outcome_.worker_deaths;
  if (!keeps_disk && random_.Unit() < 0.3) worker.spool.LoseTail(random_.Below(3) + 1);
  if (!keeps_disk && random_.Unit() < 0.1) worker.spool = MemorySpool();  // another disk altogether
  RestartWorkerSoon(worker);
}

bool Fleet::Probed(const Worker& worker, const JobKey& key, bool sweep, uint64_t from,
                   uint64_t to) {
  watch_.Probed(worker.key, key, from, to);
  if (!sweep) return true;
  const bool dies = options_.poison && *options_.poison >= from && *options_.poison < to;
  outcome_.probes += dies ? *options_.poison - from + 1 : to - from;
  return !dies;
}

// Asked at every visit, so it also sees those whose batches are lost. A worker that dies and goes
// on with its lease visits again what it had under way, which nobody else knows; and after a death
// of the coordinator two may believe for a moment that they hold a job.
bool Fleet::Throttled(const Worker& worker, const Address& address) {
  const auto seen = disk_.recorded.find(address);
  if (seen != disk_.recorded.end() && StaysThrottled(seen->second.row.observation())) {
    ++outcome_.revisits;
    if (ToMillis(now_.time_since_epoch()) < seen->second.not_before_ms) ++outcome_.early_visits;
  }
  return world_.Throttled(worker.number, address, now_ - kBeginning);
}

void Fleet::SendToCoordinator(Worker& worker, proto::Envelope envelope) {
  if (envelope.has_batch()) {
    worker.credit -= std::min<uint64_t>(worker.credit, envelope.batch().payload().size());
  }
  if (now_ < worker.mute_until) {
    worker.clean = false;
    return;
  }
  const auto message = std::make_shared<const proto::Envelope>(std::move(envelope));
  Deliver(worker, [this, route = worker.route, key = worker.key, message] {
    if (dispatcher_ == nullptr) return;
    watch_.Now(key, message.get(), now_);
    dispatcher_->OnMessage(route, key, *message, now_, CoordinatorClock());
    Flush();
  });
}

void Fleet::GiveToWorker(Worker& worker, const proto::Envelope& envelope) {
  worker.session->On(envelope, now_);
  if (envelope.has_ack() && envelope.session() > worker.session_id) {
    worker.early_ack_of = envelope.session();
  }
  if (worker.session->state() != WorkerSession::State::kReady) return;
  if (envelope.has_welcome() && envelope.welcome().session() > worker.session_id) {
    worker.session_id = envelope.welcome().session();
    worker.credit = envelope.welcome().credit_bytes();
    worker.clean = worker.early_ack_of != worker.session_id;
  }
  if (envelope.has_ack() && envelope.session() == worker.session_id) {
    worker.credit += envelope.ack().credit_bytes();
  }
}

void Fleet::WorkerMoment(Worker& worker) {
  if (worker.session != nullptr) {
    WorkerSession& session = *worker.session;
    if (session.wants_new_link()) {
      session.LinkDown();
      worker.route.clear();
      worker.clean = false;
    }
    if (worker.route.empty()) {
      worker.route = StrCat(worker.key, "#", ++connections_);
      session.LinkUp(now_);
    }
    session.Tick(now_);
    const bool full = worker.spool.unacked_bytes() > options_.spool_quota_bytes;
    if (worker.host->Work(session, now_) > 0 && full) Break("work while the spool is full");
    for (proto::Envelope& envelope : session.Poll(now_)) {
      SendToCoordinator(worker, std::move(envelope));
    }
    if (worker.dying) {
      KillWorker(worker, true);  // dies as a process does: its disk stays
    } else if (session.finished()) {
      RestartWorkerSoon(worker);
    }
  }
  At(kWorkerMoment, [this, &worker] { WorkerMoment(worker); });
}

// ---- trouble

void Fleet::CutOff(Worker& worker) {
  const MonoTime until = now_ + Soon(15);
  const uint64_t way = random_.Below(4);  // mostly both
  if (way != 0) worker.deaf_until = until;
  if (way != 1) worker.mute_until = until;
}

void Fleet::JumpClock() {
  const int64_t by = static_cast<int64_t>(random_.Below(7'200'000)) - 3'600'000;
  const size_t whose = random_.Below(workers_.size() + (options_.coordinator_clock_jumps ? 1 : 0));
  if (whose < workers_.size()) {
    workers_[whose]->clock_off_ms += by;
  } else {
    clock_off_ms_ += by;
    disk_.ClockJumped();
  }
}

void Fleet::ScheduleTrouble() {
  const auto every = [this](double mean, const std::function<void()>& what) {
    if (mean <= 0) return;
    for (Duration at = Soon(mean); at < options_.trouble; at += Soon(mean)) At(at, what);
  };
  every(options_.worker_deaths_every, [this] { KillWorker(Anyone(), false); });
  every(options_.coordinator_deaths_every, [this] { KillCoordinator(); });
  every(options_.partitions_every, [this] { CutOff(Anyone()); });
  every(options_.disk_stalls_every, [this] { disk_stalls_until_ = now_ + Soon(4); });
  every(options_.clock_jumps_every, [this] { JumpClock(); });
  every(options_.drains_every, [this] {
    Worker& worker = Anyone();
    if (worker.session != nullptr) worker.session->StartDrain(now_);
  });
}

FleetOutcome Fleet::Run() {
  StartCoordinator();
  CoordinatorMoment();
  for (size_t i = 0; i < options_.workers; ++i) {
    workers_.push_back(std::make_unique<Worker>());
    workers_[i]->number = i;
    workers_[i]->key = StrCat("worker-", i);
    StartWorker(*workers_[i]);
    WorkerMoment(*workers_[i]);
  }
  ScheduleTrouble();
  const MonoTime start = now_;
  MonoTime until = trouble_until_ + options_.patience;
  while (now_ < until && outcome_.messages < options_.max_messages && outcome_.broken.empty() &&
         disk_.broken.empty() && watch_.broken.empty()) {
    if (!outcome_.finished && disk_.run.state() == proto::RunRow::DONE) {
      outcome_.finished = true;
      outcome_.virtual_seconds = std::chrono::duration<double>(now_ - start).count();
      until = std::max(now_, trouble_until_) + kSettling;
    }
    Step();
    CheckRates();
  }
  for (const auto* more : {&disk_.broken, &watch_.broken}) {
    outcome_.broken.insert(outcome_.broken.end(), more->begin(), more->end());
  }
  outcome_.trims = watch_.trims();
  if (outcome_.finished && outcome_.broken.empty()) {
    CheckEnd();
    CheckThrottled();
    CheckQuiet();
  }
  return outcome_;
}

FleetOutcome RunFleet(const FleetOptions& options) {
  return Fleet(options).Run();
}

}  // namespace hark::sim
