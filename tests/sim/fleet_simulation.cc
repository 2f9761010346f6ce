#include "tests/sim/fleet_simulation.h"

#include <algorithm>

#include "base/outcome.h"
#include "base/strings.h"
#include "coordinator/plan.h"
#include "coordinator/revisit_merge.h"
#include "keys/key_id.h"
#include "tests/sim/sim_worker.h"

namespace hark::sim {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr Duration kPatience = std::chrono::minutes(60);  // virtual, after the trouble
constexpr uint64_t kMostMessages = 2'000'000;             // a storm of them is a failure too
// Shorter than all back-offs together: who is throttled for a while is found in the end.
constexpr double kThrottledSeconds = 300;

}  // namespace

void SimDisk::Apply(CommitItem& item) {
  for (const proto::JobRow& job : item.jobs) jobs[job.id()] = job;
  for (const auto& [position, address] : item.listeners) {
    if (position != listeners.size()) broken.push_back("a hole in the listener list");
    listeners.push_back(address);
  }
  for (const StoredRevisit& revisit : item.revisits) {
    std::vector<Address>& list = revisits[revisit.list];
    if (revisit.position != list.size()) broken.push_back("a hole in a revisit list");
    list.push_back(*Address::FromBytes(revisit.row.address()));
    all_revisits.push_back(revisit);
  }
  for (const proto::HostObservation& host : item.hosts) Record(host, item.round);
  if (item.run_row) run = *item.run_row;
}

// Every visit once, in order, in time, and none to a host that has answered.
void SimDisk::Record(const proto::HostObservation& host, uint32_t round) {
  const Address address = *Address::FromBytes(host.address());
  proto::PortRow row;
  *row.mutable_observation() = host.ports(0);
  const auto known = recorded.find(address);
  if (round == 0) {
    if (known != recorded.end()) broken.push_back("a host counted twice");
    recorded[address].row = row;
  } else if (known == recorded.end()) {
    broken.push_back("a host visited again before its first visit");
  } else {
    Recorded& seen = known->second;
    if (round != seen.rounds + 1) broken.push_back("a retry lost or doubled");
    if (round > kThrottleRetries) broken.push_back("more retries than allowed");
    if (!StaysThrottled(seen.row.observation())) broken.push_back("a retry nobody needs");
    if (host.started_unix_ms() < seen.not_before_unix_ms) broken.push_back("a retry too early");
    seen.rounds = round;
    seen.row = MergeVisits(seen.row, row, round + 1);
  }
  recorded[address].not_before_unix_ms = host.started_unix_ms() + (kThrottleBackoffMillis << round);
}

void SimDisk::Sync(size_t items) {
  const size_t n = std::min(items, waiting_.size());
  for (size_t i = 0; i < n; ++i) {
    Apply(waiting_[i]);
    if (waiting_[i].ticket != 0) durable_.push_back(waiting_[i].ticket);
  }
  waiting_.erase(waiting_.begin(), waiting_.begin() + static_cast<std::ptrdiff_t>(n));
}

void SimDisk::Crash(size_t survivors) {
  Sync(survivors);  // written, but the process died before it could say so
  waiting_.clear();
  durable_.clear();
}

namespace {

constexpr MonoTime kBeginning{std::chrono::hours(1)};

class Fleet {
 public:
  explicit Fleet(const FleetOptions& options);
  FleetOutcome Run();

 private:
  struct Worker {
    std::string key;
    MemorySpool spool;
    std::unique_ptr<TargetSetCache> targets;
    std::unique_ptr<SimHost> host;
    std::unique_ptr<WorkerSession> session;
    std::string route;  // of the present connection, "" none
    MonoTime cut_off_until{};
    bool dying = false;
  };

  void At(Duration from_now, std::function<void()> what);
  Duration Soon(double mean_seconds);
  void Deliver(const std::function<void()>& what);

  void StartCoordinator();
  void KillCoordinator();
  void StartWorker(size_t i);
  void KillWorker(size_t i);
  void WorkerMoment(size_t i);
  void CoordinatorMoment();
  void SendToCoordinator(size_t i, const proto::Envelope& envelope);
  void Flush();
  void ScheduleTrouble();
  void CheckEnd(FleetOutcome* outcome);
  bool InTrouble() const { return now_ < trouble_until_; }
  Throttle ThrottleOf(const Address& address) const;
  bool Throttled(size_t worker, const Address& address);
  void CheckThrottled(FleetOutcome* outcome);

  const FleetOptions options_;
  Random random_;
  MonoTime now_ = kBeginning;
  MonoTime trouble_until_;
  struct Event {
    MonoTime at;
    uint64_t order;
    std::function<void()> what;
    bool operator>(const Event& other) const {
      return at != other.at ? at > other.at : order > other.order;
    }
  };
  std::priority_queue<Event, std::vector<Event>, std::greater<>> events_;
  uint64_t order_ = 0;

  SimDisk disk_;
  RangeSet target_set_;
  std::unique_ptr<RunState> truth_;
  std::set<Address> listeners_;
  std::map<Address, Throttle> throttled_;
  std::unique_ptr<Dispatcher> dispatcher_;
  uint64_t epoch_ = 0;
  std::vector<std::unique_ptr<Worker>> workers_;
  uint64_t connections_ = 0;
  FleetOutcome outcome_;
};

Fleet::Fleet(const FleetOptions& options)
    : options_(options), random_(options.seed), trouble_until_(now_ + options.trouble) {
  const auto first = Address::Parse("127.50.0.0")->v4();
  PlanOptions plan;
  plan.sources = RangeSet({{first, first + static_cast<uint32_t>(options.targets) - 1}});
  plan.ports = {25};
  plan.seed = options.seed;
  plan.policy.set_throttle_retries(kThrottleRetries);
  plan.policy.set_throttle_backoff_ms(kThrottleBackoffMillis);
  Plan made = MakePlan(plan).value();
  made.run.set_id(1);
  target_set_ = made.targets;
  disk_.run = made.run;
  for (const proto::JobRow& job : FirstJobs(made.run)) disk_.jobs[job.id()] = job;
  truth_ = std::make_unique<RunState>(made.run, target_set_, RangeSet(), FirstJobs(made.run), 0);
  for (uint64_t i = 0; i < options.targets; ++i) {
    if (random_.Unit() < options.listener_share) listeners_.insert(truth_->TargetAt(i));
  }
  constexpr Throttle kWays[] = {Throttle::kForAWhile, Throttle::kForOneWorker, Throttle::kForEver};
  for (const Address& address : listeners_) {
    if (options.throttled_share > 0 && random_.Unit() < options.throttled_share) {
      throttled_[address] = kWays[random_.Below(std::size(kWays))];
    }
  }
}

Throttle Fleet::ThrottleOf(const Address& address) const {
  const auto it = throttled_.find(address);
  return it == throttled_.end() ? Throttle::kNone : it->second;
}

// Asked at every visit, so it also sees those whose batches are lost. A worker that dies and goes on
// with its lease visits again what it had under way, which nobody else knows; and after a death of
// the coordinator two may believe for a moment that they hold a job.
bool Fleet::Throttled(size_t worker, const Address& address) {
  const auto seen = disk_.recorded.find(address);
  if (seen != disk_.recorded.end() && StaysThrottled(seen->second.row.observation())) {
    ++outcome_.revisits;
    if (UnixMillis(now_) < seen->second.not_before_unix_ms) ++outcome_.early_visits;
  }
  const double since = std::chrono::duration<double>(now_ - kBeginning).count();
  switch (ThrottleOf(address)) {
    case Throttle::kNone:
      return false;
    case Throttle::kForAWhile:
      return since < kThrottledSeconds;
    case Throttle::kForOneWorker:
      return worker == 0;
    case Throttle::kForEver:
      return true;
  }
  return false;
}

void Fleet::At(Duration from_now, std::function<void()> what) {
  events_.push({now_ + from_now, order_++, std::move(what)});
}

Duration Fleet::Soon(double mean_seconds) {
  return Duration(static_cast<int64_t>(mean_seconds * 2e9 * random_.Unit()) + 1'000'000);
}

// The network: mostly quick, sometimes slow, sometimes twice, sometimes never.
void Fleet::Deliver(const std::function<void()>& what) {
  ++outcome_.messages;
  if (InTrouble() && random_.Unit() < options_.loss) return;
  const int copies = InTrouble() && random_.Unit() < options_.duplication ? 2 : 1;
  for (int i = 0; i < copies; ++i) {
    At(random_.Unit() < 0.05 ? Soon(2) : Soon(0.05), what);
  }
}

void Fleet::StartCoordinator() {
  DispatcherOptions options;
  options.probes_per_second = 1000;
  options.expected_workers = options_.workers;
  options.lease = seconds(20);
  options.heartbeat = seconds(2);
  options.restart_grace = seconds(20);
  options.epoch = ++epoch_;
  dispatcher_ = std::make_unique<Dispatcher>(
      options, disk_,
      [this](uint32_t, uint32_t number, uint64_t from,
             uint64_t to) -> Result<std::vector<Address>> {
        const auto& list = number == 0 ? disk_.listeners : disk_.revisits[number];
        if (to > list.size()) return Internal("a job over hosts not yet durable");
        return std::vector<Address>(list.begin() + static_cast<std::ptrdiff_t>(from),
                                    list.begin() + static_cast<std::ptrdiff_t>(to));
      });
  std::vector<proto::JobRow> jobs;
  for (const auto& [id, job] : disk_.jobs) jobs.push_back(job);
  std::vector<StoredRevisit> revisits = disk_.all_revisits;
  std::sort(revisits.begin(), revisits.end(), [](const auto& a, const auto& b) {
    return std::pair(a.list, a.position) < std::pair(b.list, b.position);
  });
  dispatcher_->AddRun(
      RunState(disk_.run, target_set_, RangeSet(), jobs, disk_.listeners.size(), revisits), now_,
      UnixMillis(now_));
}

void Fleet::KillCoordinator() {
  if (dispatcher_ == nullptr) return;
  ++outcome_.coordinator_deaths;
  dispatcher_.reset();
  disk_.Crash(random_.Below(disk_.waiting() + 1));
  At(Soon(3), [this] { StartCoordinator(); });
}

void Fleet::StartWorker(size_t i) {
  Worker& worker = *workers_[i];
  worker.dying = false;
  worker.targets = std::make_unique<TargetSetCache>("");
  worker.host = std::make_unique<SimHost>(
      *truth_, listeners_, random_.Next(),
      [this, &worker](uint64_t index) {
        ++outcome_.probes;
        if (options_.poison == index) worker.dying = true;
        return options_.poison != index;
      },
      [this, i](const Address& address) { return Throttled(i, address); });
  SessionOptions options;
  options.name = worker.key;
  options.boot_id = random_.Next();
  worker.session = std::make_unique<WorkerSession>(options, *worker.host, worker.spool,
                                                   *worker.targets, random_.Next());
}

void Fleet::KillWorker(size_t i) {
  Worker& worker = *workers_[i];
  if (worker.session == nullptr) return;
  ++outcome_.worker_deaths;
  worker.session.reset();
  worker.host.reset();
  worker.route.clear();
  const bool poisoned = worker.dying;  // dies as a process does: its disk stays
  if (!poisoned && random_.Unit() < 0.3) worker.spool.LoseTail(random_.Below(3) + 1);
  if (!poisoned && random_.Unit() < 0.1) worker.spool = MemorySpool();  // another disk altogether
  At(Soon(4), [this, i] { StartWorker(i); });
}

void Fleet::SendToCoordinator(size_t i, const proto::Envelope& envelope) {
  const Worker& worker = *workers_[i];
  if (now_ < worker.cut_off_until) return;
  const std::string route = worker.route;
  const std::string key = worker.key;
  Deliver([this, route, key, envelope] {
    if (dispatcher_ == nullptr) return;
    dispatcher_->OnMessage(route, key, envelope, now_, UnixMillis(now_));
    Flush();
  });
}

// What the dispatcher says goes to the worker behind the route, if that is still its connection.
void Fleet::Flush() {
  for (const Dispatcher::Outgoing& out : dispatcher_->TakeOutgoing()) {
    for (size_t i = 0; i < workers_.size(); ++i) {
      if (workers_[i]->route != out.route || now_ < workers_[i]->cut_off_until) continue;
      Deliver([this, i, out] {
        Worker& worker = *workers_[i];
        if (worker.session != nullptr && worker.route == out.route) {
          worker.session->On(out.envelope, now_);
        }
      });
    }
  }
}

void Fleet::WorkerMoment(size_t i) {
  Worker& worker = *workers_[i];
  if (worker.session != nullptr) {
    if (worker.session->wants_new_link()) {
      worker.session->LinkDown();
      worker.route.clear();
    }
    if (worker.route.empty()) {
      worker.route = StrCat(worker.key, "#", ++connections_);
      worker.session->LinkUp(now_);
    }
    worker.host->Work(*worker.session, now_);
    worker.session->Tick(now_);
    for (const proto::Envelope& envelope : worker.session->Poll(now_)) {
      SendToCoordinator(i, envelope);
    }
    if (worker.dying) KillWorker(i);
  }
  At(milliseconds(200), [this, i] { WorkerMoment(i); });
}

void Fleet::CoordinatorMoment() {
  if (dispatcher_ != nullptr) {
    if (random_.Unit() < 0.7) disk_.Sync(1 + random_.Below(8));
    dispatcher_->OnTick(now_, UnixMillis(now_));
    Flush();
  }
  At(milliseconds(50), [this] { CoordinatorMoment(); });
}

void Fleet::ScheduleTrouble() {
  const auto every = [this](double mean, const std::function<void()>& what) {
    if (mean <= 0) return;
    for (Duration at = Soon(mean); at < options_.trouble; at += Soon(mean)) At(at, what);
  };
  every(options_.worker_deaths_every, [this] { KillWorker(random_.Below(workers_.size())); });
  every(options_.coordinator_deaths_every, [this] { KillCoordinator(); });
  every(options_.partitions_every,
        [this] { workers_[random_.Below(workers_.size())]->cut_off_until = now_ + Soon(15); });
}

void Fleet::CheckEnd(FleetOutcome* outcome) {
  auto expect = [&](bool good, const std::string& what) {
    if (!good) outcome->broken.push_back(what);
  };
  uint64_t covered = 0, answered = 0, quarantined = 0;
  for (const auto& [id, job] : disk_.jobs) {
    quarantined += job.state() == proto::JobRow::QUARANTINED ? 1 : 0;
    if (job.kind() != proto::JobRow::SWEEP) continue;
    const proto::Tally& t = job.tally();
    covered += t.refused() + t.answered() + t.failed();
    answered += t.answered();
  }
  const uint64_t poisoned = options_.poison ? 1 : 0;
  const bool lost_listener =
      options_.poison && listeners_.contains(truth_->TargetAt(*options_.poison));
  const size_t expected = listeners_.size() - (lost_listener ? 1 : 0);
  expect(covered == options_.targets, StrCat("the ledger sums to ", covered));
  expect(quarantined == poisoned, StrCat(quarantined, " targets left out"));
  expect(answered == expected, StrCat(answered, " answers of ", expected));
  expect(disk_.listeners.size() == expected, StrCat(disk_.listeners.size(), " listeners listed"));
  expect(disk_.recorded.size() == expected, StrCat(disk_.recorded.size(), " hosts recorded"));
}

void Fleet::CheckThrottled(FleetOutcome* outcome) {
  uint64_t planned = 0, made = 0, recovered = 0, counted = 0;
  for (const auto& [id, job] : disk_.jobs) {
    planned += job.tally().to_revisit();
    recovered += job.tally().recovered();
    if (job.kind() == proto::JobRow::GRAB_REVISITS) made += job.cursor() - job.base();
    if (job.kind() == proto::JobRow::GRAB_LISTENERS) counted += job.tally().throttled();
  }
  uint64_t shut = 0;
  std::string all;
  for (const auto& [address, seen] : disk_.recorded) {
    const Throttle way = ThrottleOf(address);
    const bool stays =
        way == Throttle::kForEver || (way == Throttle::kForOneWorker && options_.workers == 1);
    const proto::PortObservation& port = seen.row.observation();
    const bool throttled = StaysThrottled(port);
    if (throttled != stays || (port.ssh().keys_size() == 1) == throttled) {
      outcome->broken.push_back(StrCat("a host ends ", throttled ? "throttled" : "visited",
                                       " that is throttled in way ", static_cast<int>(way)));
    }
    if (throttled && seen.rounds != kThrottleRetries) {
      outcome->broken.push_back("a host given up before the last retry");
    }
    shut += throttled ? 1 : 0;
    all += StrCat(address.ToString(), throttled ? " -\n" : " +\n");
  }
  outcome->digest = Sha256(all);
  if (planned != made) outcome->broken.push_back(StrCat(made, " revisits of ", planned));
  if (counted - recovered != shut) outcome->broken.push_back("the ledger's throttled hosts");
}

FleetOutcome Fleet::Run() {
  StartCoordinator();
  CoordinatorMoment();
  for (size_t i = 0; i < options_.workers; ++i) {
    workers_.push_back(std::make_unique<Worker>());
    workers_[i]->key = StrCat("worker-", i);
    StartWorker(i);
    WorkerMoment(i);
  }
  ScheduleTrouble();
  const MonoTime start = now_;
  const MonoTime give_up = trouble_until_ + kPatience;
  while (now_ < give_up && outcome_.messages < kMostMessages && disk_.broken.empty()) {
    if (disk_.run.state() == proto::RunRow::DONE) {
      outcome_.finished = true;
      break;
    }
    Event event = events_.top();
    events_.pop();
    now_ = event.at;
    event.what();
  }
  outcome_.broken = disk_.broken;
  outcome_.virtual_seconds = std::chrono::duration<double>(now_ - start).count();
  if (outcome_.finished) {
    CheckEnd(&outcome_);
    CheckThrottled(&outcome_);
  }
  return outcome_;
}

}  // namespace

FleetOutcome RunFleet(const FleetOptions& options) {
  return Fleet(options).Run();
}

}  // namespace hark::sim
