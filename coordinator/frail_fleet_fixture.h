#pragma once

// For tests: a whole run by the production Dispatcher, Committer and Store over a disk that fails
// (storage/testing/frail_disk.h), with honest workers that lose nothing. Time is virtual; the
// committer's thread is real.
//
// What must hold is checked whenever the coordinator starts again:
//   promises   a batch that was acknowledged, or told as durable in a verdict, is in the store
//   prefix     the store is what it was at the last start plus the first K of the items submitted
//              since, for some K, whole; and K covers every ticket that was reported durable

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/crc32c.h"
#include "base/outcome.h"
#include "base/random.h"
#include "coordinator/committer.h"
#include "coordinator/dispatcher.h"
#include "coordinator/plan.h"
#include "coordinator/run_registry.h"
#include "storage/testing/frail_disk.h"

namespace hark {

// What the hosts of 127.9.0.0/22 are: one in six listens, a third of these are throttled at the
// first visit.
struct FrailWorld {
  static uint64_t Of(const std::string& address) {
    return Mix64(static_cast<uint8_t>(address[2]) * 256U + static_cast<uint8_t>(address[3]));
  }
  static bool Listens(const std::string& address) { return Of(address) % 6 == 0; }
  static bool Throttles(const std::string& address) { return Of(address) / 6 % 3 == 0; }
};

// What can be read of a run in the store, or reckoned from the items that led to it.
struct StoredState {
  std::map<uint32_t, std::string> jobs;
  std::vector<std::string> listeners;
  uint64_t revisits = 0;
  std::map<std::string, uint32_t> visits;  // by address
  bool done = false;

  void Add(const CommitItem& item) {
    for (const proto::JobRow& job : item.jobs) jobs[job.id()] = job.SerializeAsString();
    for (const auto& [at, address] : item.listeners) listeners.emplace_back(address.bytes());
    revisits += item.revisits.size();
    for (const proto::HostObservation& host : item.hosts) ++visits[host.address()];
    if (item.run_row) done = item.run_row->state() == proto::RunRow::DONE;
  }

  static StoredState Of(const Store& store) {
    StoredState state;
    const proto::RunRow run = store.FindRun("t").value();
    state.done = run.state() == proto::RunRow::DONE;
    const std::vector<proto::JobRow> jobs = *store.Jobs(run.id());
    for (const proto::JobRow& job : jobs) {
      state.jobs[job.id()] = job.SerializeAsString();
    }
    const std::vector<Address> listeners =
        *store.Listeners(run.id(), 0, *store.ListenerCount(run.id()));
    for (const Address& address : listeners) {
      state.listeners.emplace_back(address.bytes());
    }
    EXPECT_TRUE(store
                    .ForEachRevisit(run.id(),
                                    [&](const StoredRevisit&) {
                                      ++state.revisits;
                                      return Status::Ok();
                                    })
                    .ok());
    const auto reader = std::move(store.ReadRun("t")).value();
    EXPECT_TRUE(reader
                    ->ForEachPort([&](const Address& address, uint16_t, const proto::PortRow& row) {
                      state.visits[std::string(address.bytes())] = std::max(1U, row.visits());
                      return Status::Ok();
                    })
                    .ok());
    return state;
  }

  bool operator==(const StoredState&) const = default;
};

// The committer, with a memory of what it was given and what it said.
class WatchedQueue final : public CommitQueue {
 public:
  explicit WatchedQueue(Store& store) : committer_(store, geo_, {}) {}
  void Submit(CommitItem item) override {
    submitted.push_back(item);
    committer_.Submit(std::move(item));
  }
  std::vector<uint64_t> TakeDurable() override {
    std::vector<uint64_t> tickets = committer_.TakeDurable();
    for (const uint64_t ticket : tickets) {
      size_t at = promised;
      while (at < submitted.size() && submitted[at].ticket != ticket) ++at;
      // A lease was written, and may be forgotten in a power cut.
      if (at < submitted.size() && submitted[at].must_sync) promised = at + 1;
    }
    return tickets;
  }
  Committer& committer() { return committer_; }

  std::vector<CommitItem> submitted;
  size_t promised = 0;  // items that are durable, as it says

 private:
  GeoTable geo_;
  Committer committer_;
};

class FrailFleet {
 public:
  explicit FrailFleet(uint64_t seed, size_t memtable_bytes = 0)
      : disk_(Mix64(seed)), random_(seed), memtable_bytes_(memtable_bytes) {
    for (const char* name : {"ada", "bea", "cyd"}) workers_[name].key = name;
    store_ = std::move(disk_.Open(memtable_bytes_)).value();
    MakeRun();
    begun_ = StoredState::Of(*store_);
    StartDispatcher();
  }

  FrailDisk& disk() { return disk_; }
  Committer& committer() { return queue_->committer(); }
  Store& store() { return *store_; }
  // A run whose last row had reached the disk before the coordinator knew is not worked on again.
  bool done() const { return begun_.done || dispatcher_->AllRunsDone(); }
  uint64_t acks() const { return acks_; }
  uint64_t beats() const { return beats_; }  // heartbeats answered

  // A second passes: everybody says what there is to say, and hears the answers.
  void Turn() {
    now_ += std::chrono::seconds(1);
    for (auto& [name, worker] : workers_) Speak(worker);
    // Sometimes the disk is as quick as the workers; mostly it is a little behind.
    if (random_.Below(3) == 0) (void)committer().Flush();
    dispatcher_->OnTick(now_, UnixMillis());
    Deliver();
  }

  // Retry, and how it went is known.
  void AwaitRetry() {
    committer().Retry();
    (void)committer().Flush();
  }

  // Until the run is done, the disk is off or the committer has failed. False: none of these.
  bool Go() {
    for (int turn = 0; turn < 3000; ++turn) {
      if (done() || disk_.is_off() || !committer().failure().ok()) return true;
      Turn();
    }
    return false;
  }

  // The coordinator's process ends, and with it all that was only in memory.
  void Die() {
    dispatcher_.reset();
    said_ = std::move(queue_->submitted);
    promised_items_ = queue_->promised;
    queue_.reset();
    store_.reset();
  }

  // The power is back: opens the store and goes on. trouble: what shall happen to the disk from
  // now on. If it takes the power while the store is opened, that is done again.
  void ComeBack(const std::function<void()>& trouble = [] {}) {
    for (;; ++cuts_while_opening_) {
      disk_.PowerOn();
      trouble();
      Result<std::unique_ptr<Store>> store = disk_.Open(memtable_bytes_);
      ASSERT_TRUE(store.ok() || disk_.is_off()) << store.status().message();
      if (store.ok()) store_ = std::move(store).value();
      if (disk_.StayOn()) break;
      store_.reset();
    }
    CheckPromises();
    CheckPrefix();
    StartDispatcher();
    trouble();
  }
  int cuts_while_opening() const { return cuts_while_opening_; }
  uint64_t forgotten() const { return forgotten_; }  // items that power cuts lost

 private:
  struct Held {
    proto::Job job;
    uint64_t cursor = 0;
    uint64_t next_seq = 0;
    std::map<uint64_t, proto::Batch> batches;  // not yet acknowledged
    std::map<uint64_t, uint64_t> ends;         // of every batch: next_seq -> to_index
  };
  struct Worker {
    std::string key;
    uint64_t session = 0;
    uint64_t hello_id = 0;
    std::vector<Held> held;
  };

  int64_t UnixMillis() const { return 1'500'000'000'000 + ToMillis(now_.time_since_epoch()); }

  void MakeRun() {
    PlanOptions plan;
    plan.sources = RangeSet({*ParseRange("127.9.0.0/22")});
    plan.ports = {22};
    plan.policy.set_throttle_retries(1);
    plan.policy.set_throttle_backoff_ms(5000);
    const proto::RunRow run = OpenRun(*store_, *MakePlan(plan), "t", 0)->run;
    // Smaller jobs than so small a run would have: more leases, more rows.
    const auto write = store_->NewWrite();
    for (uint32_t i = 0; i < 16; ++i) {
      proto::JobRow job;
      job.set_id(i + 1);
      job.set_kind(proto::JobRow::SWEEP);
      job.set_base(i * 64);
      job.set_cursor(i * 64);
      job.set_end(i * 64 + 64);
      write->PutJob(run.id(), job);
    }
    ASSERT_TRUE(store_->Commit(*write, true).ok());
  }

  void StartDispatcher() {
    DispatcherOptions options;
    options.probes_per_second = 1000;
    options.expected_workers = workers_.size();
    options.epoch = ++epoch_;
    queue_ = std::make_unique<WatchedQueue>(*store_);
    dispatcher_ = std::make_unique<Dispatcher>(
        options, *queue_, [this](uint32_t run, uint32_t list, uint64_t from, uint64_t to) {
          return list == 0 ? store_->Listeners(run, from, to)
                           : store_->Revisits(run, list, from, to);
        });
    dispatcher_->AddRun(std::move(LoadRun(*store_, store_->FindRun("t").value())).value(), now_,
                        UnixMillis());
    for (auto& [name, worker] : workers_) worker.session = 0;
  }

  // ---- the workers

  void Say(Worker& worker, proto::Envelope envelope) {
    envelope.set_major(1);
    envelope.set_session(worker.session);
    dispatcher_->OnMessage("route-" + worker.key, worker.key, envelope, now_, UnixMillis());
  }

  void Speak(Worker& worker) {
    if (worker.session == 0) return SayHello(worker);
    proto::Envelope beat;
    for (const Held& held : worker.held) Describe(held, beat.mutable_heartbeat()->add_held());
    beat.mutable_heartbeat();
    Say(worker, beat);
    if (worker.held.size() < 2) {
      proto::Envelope request;
      request.mutable_request()->set_slots(static_cast<uint32_t>(1 + random_.Below(2)));
      Say(worker, request);
    }
    for (Held& held : worker.held) {
      for (uint64_t n = random_.Below(3); n > 0 && held.cursor < held.job.end(); --n) {
        Work(worker, held);
      }
    }
  }

  void SayHello(Worker& worker) {
    proto::Envelope envelope;
    proto::Hello& hello = *envelope.mutable_hello();
    hello.set_hello_id(++hello_ids_);
    hello.set_proto_min(1);
    hello.set_proto_max(1);
    hello.set_boot_id(Mix64(static_cast<uint64_t>(worker.key[0])));
    for (const Held& held : worker.held) Describe(held, hello.add_held());
    Say(worker, envelope);
  }

  static void Describe(const Held& held, proto::HeldJob* out) {
    out->set_run(held.job.run());
    out->set_job(held.job.job());
    *out->mutable_token() = held.job.token();
    out->set_low_seq(held.batches.empty() ? held.next_seq : held.batches.begin()->first);
    out->set_next_seq(held.next_seq);
    out->set_cursor(held.cursor);
  }

  void Work(Worker& worker, Held& held) {
    const uint64_t to = std::min(held.job.end(), held.cursor + 1 + random_.Below(24));
    proto::Batch batch;
    batch.set_run(held.job.run());
    batch.set_job(held.job.job());
    *batch.mutable_token() = held.job.token();
    batch.set_seq(held.next_seq);
    batch.set_from_index(held.cursor);
    batch.set_to_index(to);
    batch.set_final(to == held.job.end());
    batch.set_payload(Found(held, to).SerializeAsString());
    batch.set_crc32c(Crc32c(batch.payload()));
    held.cursor = to;
    held.ends[++held.next_seq] = to;
    held.batches[batch.seq()] = batch;
    SendBatch(worker, batch);
  }

  void SendBatch(Worker& worker, const proto::Batch& batch) {
    proto::Envelope envelope;
    *envelope.mutable_batch() = batch;
    Say(worker, envelope);
  }

  proto::BatchPayload Found(const Held& held, uint64_t to) {
    proto::BatchPayload payload;
    const RunState& run = *dispatcher_->FindRun(held.job.run());
    proto::SweepResult* sweep =
        held.job.kind() == proto::Job::SWEEP ? payload.mutable_sweep() : nullptr;
    for (uint64_t i = held.cursor; i < to; ++i) {
      if (sweep == nullptr) {
        Visit(held.job, i, payload.add_hosts());
        continue;
      }
      const std::string address(run.TargetAt(i).bytes());
      if (!FrailWorld::Listens(address)) {
        sweep->set_refused(sweep->refused() + 1);
        continue;
      }
      sweep->add_hits()->set_index(i);
      sweep->mutable_hits(sweep->hits_size() - 1)->set_address(address);
    }
    return payload;
  }

  // A host that throttles lets in who comes again. The job does not say which visit it is; the
  // coordinator's rows do.
  void Visit(const proto::Job& job, uint64_t index, proto::HostObservation* host) {
    auto& run = const_cast<RunState&>(*dispatcher_->FindRun(job.run()));
    const bool again = run.Find(job.job())->row.kind() == proto::JobRow::GRAB_REVISITS;
    host->set_index(index);
    host->set_address(job.targets(static_cast<int>(index - job.cursor())));
    host->set_started_unix_ms(UnixMillis());
    const bool throttled = FrailWorld::Throttles(host->address()) && !again;
    proto::PortObservation& port = *host->add_ports();
    port.set_port(22);
    port.set_outcome(static_cast<uint32_t>(throttled ? Outcome::kThrottled : Outcome::kOk));
    port.set_stage(static_cast<uint32_t>(throttled ? Stage::kGreeting : Stage::kDone));
    if (!throttled) port.mutable_ssh()->add_keys()->set_blob(host->address());
  }

  // ---- what the coordinator says

  void Deliver() {
    for (const Dispatcher::Outgoing& out : dispatcher_->TakeOutgoing()) {
      Worker& worker = workers_.at(out.route.substr(std::string("route-").size()));
      const proto::Envelope& envelope = out.envelope;
      if (envelope.has_welcome()) {
        worker.session = envelope.welcome().session();
        Obey(worker, envelope.welcome().held(), true);
      } else if (envelope.has_heartbeat_ack()) {
        ++beats_;
        Obey(worker, envelope.heartbeat_ack().held(), false);
      } else if (envelope.has_job()) {
        worker.held.push_back({envelope.job(), envelope.job().cursor(), 0, {}, {}});
      } else if (envelope.has_ack()) {
        OnAck(worker, envelope.ack());
      } else {
        ASSERT_FALSE(envelope.has_reject()) << envelope.reject().text();
      }
    }
  }

  template <typename About>
  static auto FindHeld(Worker& worker, const About& about) {
    return std::find_if(worker.held.begin(), worker.held.end(), [&](const Held& held) {
      return held.job.job() == about.job() &&
             held.job.token().SerializeAsString() == about.token().SerializeAsString();
    });
  }

  void OnAck(Worker& worker, const proto::Ack& ack) {
    ASSERT_NE(ack.status(), proto::Ack::BAD) << "an honest batch of job " << ack.job();
    ++acks_;
    const auto held = FindHeld(worker, ack);
    if (held == worker.held.end()) return;
    if (ack.status() == proto::Ack::STALE) {
      worker.held.erase(held);
      return;
    }
    Promise(*held, ack.durable_next_seq());
    if (ack.status() == proto::Ack::GAP) Resend(worker, *held);
    if (held->batches.empty() && held->cursor == held->job.end()) worker.held.erase(held);
  }

  void Obey(Worker& worker, const google::protobuf::RepeatedPtrField<proto::Verdict>& verdicts,
            bool resends) {
    for (const proto::Verdict& verdict : verdicts) {
      const auto held = FindHeld(worker, verdict);
      if (held == worker.held.end()) continue;
      if (verdict.kind() == proto::Verdict::ABANDON) {
        worker.held.erase(held);
        continue;
      }
      Promise(*held, verdict.durable_next_seq());
      if (resends) Resend(worker, *held);
      if (held->batches.empty() && held->cursor == held->job.end()) worker.held.erase(held);
    }
  }

  // What it was told is durable it deletes.
  void Promise(Held& held, uint64_t durable_next_seq) {
    if (durable_next_seq == 0) return;
    ASSERT_TRUE(held.ends.contains(durable_next_seq));
    uint64_t& promised = promises_[held.job.job()];
    promised = std::max(promised, held.ends[durable_next_seq]);
    held.batches.erase(held.batches.begin(), held.batches.lower_bound(durable_next_seq));
  }

  void Resend(Worker& worker, const Held& held) {
    const std::map<uint64_t, proto::Batch> batches = held.batches;
    for (const auto& [seq, batch] : batches) SendBatch(worker, batch);
  }

  // ---- what must hold

  void CheckPromises() {
    std::map<uint32_t, uint64_t> cursors;
    const std::vector<proto::JobRow> jobs = *store_->Jobs(store_->FindRun("t")->id());
    for (const proto::JobRow& job : jobs) cursors[job.id()] = job.cursor();
    for (const auto& [job, to] : promises_) {
      ASSERT_TRUE(cursors.contains(job));
      EXPECT_GE(cursors[job], to) << "acknowledged of job " << job << " and gone";
    }
  }

  void CheckPrefix() {
    const StoredState stored = StoredState::Of(*store_);
    StoredState state = begun_;
    bool found = promised_items_ == 0 && state == stored;
    size_t kept = 0;
    for (size_t k = 1; k <= said_.size(); ++k) {
      state.Add(said_[k - 1]);
      if (k < promised_items_ || state != stored) continue;
      found = true;
      kept = k;
    }
    EXPECT_TRUE(found) << "the store is no prefix of the " << said_.size() << " items written, "
                       << promised_items_ << " of them promised";
    forgotten_ += said_.size() - kept;
    begun_ = stored;
    said_.clear();
    promised_items_ = 0;
  }

  FrailDisk disk_;
  Random random_;
  const size_t memtable_bytes_;
  MonoTime now_{std::chrono::hours(1)};
  uint64_t epoch_ = 0;
  std::unique_ptr<Store> store_;
  std::unique_ptr<WatchedQueue> queue_;
  std::unique_ptr<Dispatcher> dispatcher_;
  std::map<std::string, Worker> workers_;
  uint64_t hello_ids_ = 0;
  uint64_t acks_ = 0;
  uint64_t beats_ = 0;
  std::map<uint32_t, uint64_t> promises_;  // job -> to_index
  StoredState begun_;
  std::vector<CommitItem> said_;
  size_t promised_items_ = 0;
  int cuts_while_opening_ = 0;
  uint64_t forgotten_ = 0;
};

}  // namespace hark
