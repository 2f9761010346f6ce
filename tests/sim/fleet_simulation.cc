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
constexpr Duration kGrace = seconds(20);
constexpr Duration kHeartbeat = seconds(2);
constexpr Duration kWorkerMoment = milliseconds(200);
constexpr Duration kCoordinatorMoment = milliseconds(50);
// After the end: acknowledgements arrive, spools empty.
constexpr Duration kSettling = seconds(8);
// Items in a lying disk's cache.
constexpr uint64_t kMostForgotten = 40;

SimWorlds MakeWorlds(const FleetOptions& options, Random& random) {
  SimWorlds worlds;
  for (uint32_t run = 1; run <= options.runs; ++run) {
    worlds.push_back(std::make_unique<SimWorld>(options, run, random));
  }
  return worlds;
}

// As a worker of minor 1 would have said it.
void MakeOld(proto::Envelope* envelope) {
  envelope->set_minor(1);
  if (envelope->has_hello()) {
    proto::Hello& hello = *envelope->mutable_hello();
    hello.clear_capabilities();
    hello.clear_orders_version();
    hello.clear_applied();
  }
  if (envelope->has_heartbeat()) {
    envelope->mutable_heartbeat()->clear_orders_version();
    envelope->mutable_heartbeat()->clear_applied();
    envelope->mutable_heartbeat()->clear_clock_offset_ms();
  }
  if (envelope->has_request()) envelope->mutable_request()->clear_hungry_runs();
  if (envelope->has_batch()) envelope->mutable_batch()->clear_clock_offset_ms();
}

}  // namespace

Fleet::Fleet(const FleetOptions& options)
    : options_(options),
      random_(options.seed),
      now_(kBeginning),
      trouble_until_(now_ + options.trouble),
      worlds_(MakeWorlds(options, random_)),
      disk_(worlds_, options),
      watch_(kLease, kGrace, options.credit_bytes, options.duplication > 0),
      ceiling_(kCeiling) {
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
    worker.tampered = now_;
    return;
  }
  const bool twice = trouble && random_.Unit() < options_.duplication;
  if (twice) {
    worker.clean = false;
    worker.tampered = now_;
  }
  for (int i = 0; i < (twice ? 2 : 1); ++i) {
    At(random_.Unit() < 0.05 ? Soon(1.5) : Soon(0.05), what);
  }
}

// ---- the coordinator

Result<std::vector<Address>> Fleet::ListOf(uint32_t run, uint32_t number, uint64_t from,
                                           uint64_t to) {
  SimStore::Content& is = disk_.runs.at(run).is;
  const auto& list = number == 0 ? is.listeners : is.revisits[number];
  if (to > list.size()) {
    Break("a job over hosts not yet durable");
    return Internal("a job over hosts not yet durable");
  }
  return std::vector<Address>(list.begin() + static_cast<std::ptrdiff_t>(from),
                              list.begin() + static_cast<std::ptrdiff_t>(to));
}

void Fleet::StartCoordinator() {
  DispatcherOptions options;
  options.probes_per_second = ceiling_;
  options.expected_workers = options_.expected_workers;
  options.lease = kLease;
  options.heartbeat = kHeartbeat;
  options.restart_grace = kGrace;
  options.credit_bytes = options_.credit_bytes;
  options.min_sweep_tail = options_.min_sweep_tail;
  options.min_grab_tail = options_.min_grab_tail;
  options.epoch = ++epoch_;
  dispatcher_ = std::make_unique<Dispatcher>(
      options, disk_, [this](uint32_t run, uint32_t number, uint64_t from, uint64_t to) {
        return ListOf(run, number, from, to);
      });
  watch_.Now("", nullptr, now_);
  std::map<std::string, size_t> held;
  for (const auto& worker : workers_) {
    if (worker->session == nullptr) continue;
    held[worker->key] =
        worker->session->leases() - std::min(worker->session->leases(), worker->host->jobs_done());
  }
  watch_.Started(disk_, held, now_);
  watch_.orders.Pressure(false);
  if (opt_outs_version_ > 0) dispatcher_->SetOptOuts(opt_outs_version_, opt_outs_, now_);
  for (const auto& world : worlds_) AddRun(*world);
  NoteCeilings();
}

void Fleet::AddRun(const SimWorld& world) {
  const SimStore::Content& is = disk_.runs.at(world.run.id()).is;
  std::vector<proto::JobRow> jobs;
  for (const auto& [id, job] : is.jobs) jobs.push_back(job);
  std::vector<StoredRevisit> revisits = is.all_revisits;
  std::sort(revisits.begin(), revisits.end(), [](const auto& a, const auto& b) {
    return std::pair(a.list, a.position) < std::pair(b.list, b.position);
  });
  watch_.orders.Settings(world.run.id(), is.run.settings());
  RunState run(is.run, world.target_set, RangeSet(), jobs, is.listeners.size(), revisits);
  run.SetAuditSecret(kAuditSecret);
  dispatcher_->AddRun(std::move(run), now_, CoordinatorClock());
}

void Fleet::KillCoordinator() {
  if (dispatcher_ == nullptr) return;
  ++outcome_.coordinator_deaths;
  dispatcher_.reset();
  disk_.Crash(random_.Below(disk_.waiting() + 1));
  if (options_.disk_lies && random_.Unit() < 0.5) disk_.Forget(1 + random_.Below(kMostForgotten));
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
      if (envelope->has_welcome() && worker->welcomed.first != envelope->welcome().session()) {
        worker->welcomed = {envelope->welcome().session(), now_};
      }
      if (now_ < worker->deaf_until) {
        worker->clean = false;
        worker->tampered = now_;
        continue;
      }
      const uint64_t share = ++shares_said_;
      Deliver(*worker, [this, &worker = *worker, route = out.route, envelope, share] {
        if (worker.session == nullptr || worker.route != route) return;
        // The one thing that leans on TCP: a new share of the rate is not overtaken by an old one.
        if ((envelope->has_heartbeat_ack() || envelope->has_orders()) &&
            std::exchange(worker.last_share, std::max(share, worker.last_share)) >= share) {
          worker.clean &= envelope->heartbeat_ack().credit_bytes() == 0;
          return;
        }
        GiveToWorker(worker, *envelope);
      });
    }
  }
}

// ---- the workers

void Fleet::StartWorker(Worker& worker) {
  worker.dying = false;
  worker.orders_heard = 0;
  watch_.orders.Started(worker.key);
  worker.targets = std::make_unique<TargetSetCache>("");
  SimHost::Hooks hooks;
  hooks.probed = [this, &worker](const JobKey& key, bool sweep, uint64_t from, uint64_t to) {
    worker.dying = !Probed(worker, key, sweep, from, to);
    return !worker.dying;
  };
  hooks.contacted = [this, &worker](const JobKey& key, const Address& address) {
    watch_.orders.Contact(worker.key, key.run, address, watch_.OptOutsOf(key));
  };
  hooks.throttled = [this, &worker](uint32_t run, const Address& address) {
    return Throttled(worker, run, address);
  };
  hooks.unix_ms = [this, &worker] {
    return kWallClockAtZero + ToMillis(now_.time_since_epoch()) + worker.clock_off_ms;
  };
  worker.host = std::make_unique<SimHost>(worlds_, options_.pace, random_.Next(), std::move(hooks));
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
  if (!sweep || watch_.IsAudit(key.run, key.job)) return true;
  const bool dies =
      key.run == 1 && options_.poison && *options_.poison >= from && *options_.poison < to;
  outcome_.probes += dies ? *options_.poison - from + 1 : to - from;
  return !dies;
}

// Asked at every visit, so it also sees those whose batches are lost. A worker that dies and goes
// on with its lease visits again what it had under way, which nobody else knows; and after a death
// of the coordinator two may believe for a moment that they hold a job.
bool Fleet::Throttled(const Worker& worker, uint32_t run, const Address& address) {
  const auto& recorded = disk_.runs.at(run).is.recorded;
  const auto seen = recorded.find(address);
  if (seen != recorded.end() && StaysThrottled(seen->second.row.observation())) {
    ++outcome_.revisits;
    if (ToMillis(now_.time_since_epoch()) < seen->second.not_before_ms) ++outcome_.early_visits;
  }
  return worlds_[run - 1]->Throttled(worker.number, address, now_ - kBeginning);
}

void Fleet::SendToCoordinator(Worker& worker, proto::Envelope envelope) {
  if (envelope.has_batch()) {
    worker.credit -= std::min<uint64_t>(worker.credit, envelope.batch().payload().size());
  }
  if (envelope.has_orders_ack()) watch_.orders.Acknowledges(worker.key, envelope.orders_ack());
  const uint64_t obeys = envelope.has_heartbeat() ? envelope.heartbeat().orders_version()
                                                  : envelope.orders_ack().version();
  if (obeys != 0 && obeys == worker.orders_heard) watch_.orders.InForce(*worker.host, obeys);
  if (now_ < worker.mute_until) {
    worker.clean = false;
    return;
  }
  if (worker.old) MakeOld(&envelope);
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
  const uint64_t orders = worker.session->orders().version();
  if (std::exchange(worker.orders_heard, orders) != orders) {
    watch_.orders.Heard(worker.key, orders);
  }
  if (envelope.has_ack() && envelope.session() > worker.session_id) {
    worker.early_ack_of = envelope.session();
  }
  if (worker.session->state() != WorkerSession::State::kReady) return;
  if (envelope.has_welcome() && envelope.welcome().session() > worker.session_id) {
    worker.session_id = envelope.welcome().session();
    worker.credit = envelope.welcome().credit_bytes();
    worker.clean = worker.early_ack_of != worker.session_id &&
                   worker.welcomed.first == worker.session_id &&
                   worker.tampered < worker.welcomed.second;
  }
  if (envelope.has_ack() && envelope.session() == worker.session_id) {
    worker.credit += envelope.ack().credit_bytes();
  }
  if (envelope.has_heartbeat_ack() && envelope.session() == worker.session_id) {
    worker.credit += envelope.heartbeat_ack().credit_bytes();
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
    workers_[i]->old = random_.Unit() < options_.old_workers;
    if (workers_[i]->old) watch_.Old(workers_[i]->key);
    StartWorker(*workers_[i]);
    WorkerMoment(*workers_[i]);
  }
  ScheduleTrouble();
  ScheduleOperator();
  const MonoTime start = now_;
  MonoTime until = trouble_until_ + options_.patience;
  while (now_ < until && outcome_.messages < options_.max_messages && outcome_.broken.empty() &&
         disk_.Broken().empty() && watch_.broken.empty() && watch_.orders.broken.empty()) {
    // A lying disk may forget that it was done.
    if (outcome_.finished && !disk_.AllDone()) {
      outcome_.finished = false;
      until = trouble_until_ + options_.patience;
    }
    if (!outcome_.finished && disk_.AllDone()) {
      outcome_.finished = true;
      outcome_.virtual_seconds = std::chrono::duration<double>(now_ - start).count();
      until = std::max(now_, trouble_until_) + kSettling;
    }
    Step();
    CheckRates();
  }
  for (const auto& more : {disk_.Broken(), watch_.broken, watch_.orders.broken}) {
    outcome_.broken.insert(outcome_.broken.end(), more.begin(), more.end());
  }
  outcome_.shares_unknown = watch_.shares_unknown();
  outcome_.opt_outs = watch_.orders.opt_outs();
  outcome_.trims = watch_.trims();
  outcome_.forgotten = disk_.forgotten();
  if (outcome_.finished && outcome_.broken.empty()) {
    CheckEnd();
    CheckQuiet();
  }
  return outcome_;
}

FleetOutcome RunFleet(const FleetOptions& options) {
  return Fleet(options).Run();
}

}  // namespace hark::sim
