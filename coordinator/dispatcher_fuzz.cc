// Whole envelopes as an enrolled worker could send them, one after another, to a dispatcher whose
// worker holds jobs of both kinds: through the parser of the wire, into the production state
// machine. An input is a list of frames, each behind four bytes:
//
//   0     bits from the lowest: of which worker; mend its session; mend a batch's addresses and its
//         checksum, which take luck to find; what is due happens first
//   1-2   its size, little endian
//   3     seconds that pass before it
//
// Whatever comes, what is written stays whole: cursors inside their jobs and never back, listeners
// and hosts of the plan only, one of each, every count as large as what was covered. And one
// message is never answered by more than a bounded number.

#include <cstdlib>
#include <map>
#include <set>

#include "base/crc32c.h"
#include "base/log.h"
#include "bus/zmq_socket.h"
#include "coordinator/dispatcher.h"
#include "coordinator/plan.h"

namespace hark {
namespace {

constexpr size_t kMaxFrames = 64;
constexpr uint64_t kEpoch = 3;
// A job for each slot asked for, a TRIM, an answer of its own, and doubles of them.
constexpr size_t kMaxAnswers = 64;

void Must(bool good) {
  if (!good) std::abort();
}

// Everything durable at once; looks at what is written as the store's readers would.
class CheckingQueue final : public CommitQueue {
 public:
  CheckingQueue(const RunState& order, const std::vector<proto::JobRow>& jobs) {
    for (uint64_t i = 0; i < order.run().planned(); ++i) planned_.insert(order.TargetAt(i));
    for (const proto::JobRow& job : jobs) jobs_[job.id()] = job;
  }

  void Submit(CommitItem item) override {
    for (const proto::JobRow& job : item.jobs) CheckJob(job);
    for (const auto& [position, address] : item.listeners) {
      Must(position == listeners.size() && planned_.contains(address));
      Must(once_.insert(address).second);
      listeners.push_back(address);
    }
    for (const proto::HostObservation& host : item.hosts) {
      const auto address = Address::FromBytes(host.address());
      Must(address && planned_.contains(*address));
    }
    for (const StoredRevisit& revisit : item.revisits) {
      std::vector<Address>& list = revisits[revisit.list];
      Must(revisit.position == list.size());
      list.push_back(*Address::FromBytes(revisit.row.address()));
    }
    if (item.ticket != 0) tickets_.push_back(item.ticket);
  }
  std::vector<uint64_t> TakeDurable() override { return std::exchange(tickets_, {}); }

  std::vector<Address> listeners;
  std::map<uint32_t, std::vector<Address>> revisits;

 private:
  void CheckJob(const proto::JobRow& job) {
    const auto known = jobs_.find(job.id());
    if (known != jobs_.end()) Must(job.cursor() >= known->second.cursor());
    Must(job.base() <= job.cursor() && job.cursor() <= job.end());
    const proto::Tally& t = job.tally();
    uint64_t sum = 0;
    for (const uint64_t part : {t.silent(), t.refused(), t.unreachable(), t.excluded(), t.failed(),
                                t.answered(), t.throttled()}) {
      Must(part <= job.end() - job.base());
      sum += part;
    }
    const uint64_t left_out = job.state() == proto::JobRow::QUARANTINED ? 1 : 0;
    Must(sum == job.cursor() - job.base() + left_out);
    jobs_[job.id()] = job;
  }

  std::set<Address> planned_;
  std::set<Address> once_;
  std::map<uint32_t, proto::JobRow> jobs_;
  std::vector<uint64_t> tickets_;
};

Plan SmallPlan() {
  PlanOptions options;
  options.sources = RangeSet({*ParseRange("127.9.0.0/26")});
  options.ports = {22, 443};
  options.policy.set_throttle_retries(2);
  options.policy.set_throttle_backoff_ms(1000);
  Plan plan = MakePlan(options).value();
  plan.run.set_id(1);
  return plan;
}

// A sweep, and visits to the first eight that listen, durable already.
std::vector<proto::JobRow> SmallJobs() {
  std::vector<proto::JobRow> jobs(2);
  jobs[0].set_id(1);
  jobs[0].set_kind(proto::JobRow::SWEEP);
  jobs[0].set_base(8);
  jobs[0].set_cursor(8);
  jobs[0].set_end(64);
  jobs[1].set_id(2);
  jobs[1].set_kind(proto::JobRow::SWEEP);
  jobs[1].set_cursor(8);
  jobs[1].set_end(8);
  jobs[1].set_state(proto::JobRow::DONE);
  jobs[1].mutable_tally()->set_answered(8);
  return jobs;
}

class Target {
 public:
  Target()
      : plan_(SmallPlan()),
        order_(plan_.run, plan_.targets, RangeSet(), SmallJobs(), 0),
        queue_(order_, SmallJobs()) {
    for (uint64_t i = 0; i < 8; ++i) queue_.listeners.push_back(order_.TargetAt(i));
    DispatcherOptions options;
    options.epoch = kEpoch;
    options.credit_bytes = 4096;
    options.min_sweep_tail = options.min_grab_tail = 2;
    dispatcher_ = std::make_unique<Dispatcher>(
        options, queue_, [this](uint32_t, uint32_t list, uint64_t from, uint64_t to) {
          const auto& all = list == 0 ? queue_.listeners : queue_.revisits[list];
          Must(from <= to && to <= all.size());
          using Offset = std::vector<Address>::difference_type;
          return Result<std::vector<Address>>(std::vector<Address>(
              all.begin() + static_cast<Offset>(from), all.begin() + static_cast<Offset>(to)));
        });
    dispatcher_->AddRun(RunState(plan_.run, plan_.targets, RangeSet(), SmallJobs(), 8), now_, 0);
    for (const std::string& key : {Key(0), Key(1)}) Greet(key);
  }

  void Frame(const uint8_t* head, std::string_view frame) {
    now_ += std::chrono::seconds(head[3]);
    if ((head[0] & 8) != 0) Tick();
    proto::Envelope envelope;
    if (!ParseEnvelope(frame, &envelope)) return;
    const std::string key = Key(head[0] & 1);
    if ((head[0] & 2) != 0) envelope.set_session(session_[key]);
    if ((head[0] & 4) != 0 && envelope.has_batch()) Mend(*envelope.mutable_batch());
    dispatcher_->OnMessage("route-" + key, key, envelope, now_, UnixMillis());
    Hear();
  }

  void Tick() {
    dispatcher_->OnTick(now_, UnixMillis());
    Hear();
  }

 private:
  static std::string Key(int which) { return std::string(32, static_cast<char>('a' + which)); }
  int64_t UnixMillis() const { return 1'500'000'000'000 + ToMillis(now_.time_since_epoch()); }

  void Mend(proto::Batch& batch) {
    proto::BatchPayload payload;
    if (batch.codec() == proto::Batch::RAW && payload.ParseFromString(batch.payload())) {
      const auto right = [&](uint64_t index) {
        return index < 64 ? std::string(order_.TargetAt(index).bytes()) : std::string();
      };
      for (proto::HostObservation& host : *payload.mutable_hosts()) {
        host.set_address(right(host.index()));
      }
      if (payload.has_sweep()) {
        for (proto::SweepHit& hit : *payload.mutable_sweep()->mutable_hits()) {
          hit.set_address(right(hit.index()));
        }
      }
      batch.set_payload(payload.SerializeAsString());
    }
    batch.set_crc32c(Crc32c(batch.payload()));
  }

  // As an honest one begins: two jobs for the first worker.
  void Greet(const std::string& key) {
    proto::Envelope envelope;
    envelope.set_major(1);
    envelope.mutable_hello()->set_hello_id(1);
    envelope.mutable_hello()->set_proto_min(1);
    envelope.mutable_hello()->set_proto_max(1);
    dispatcher_->OnMessage("route-" + key, key, envelope, now_, UnixMillis());
    Hear();
    if (key != Key(0)) return;
    envelope.set_session(session_[key]);
    envelope.mutable_request()->set_slots(2);
    dispatcher_->OnMessage("route-" + key, key, envelope, now_, UnixMillis());
    Tick();  // the leases are written
  }

  void Hear() {
    const auto answers = dispatcher_->TakeOutgoing();
    Must(answers.size() <= kMaxAnswers);
    for (const Dispatcher::Outgoing& out : answers) {
      if (!out.envelope.has_welcome()) continue;
      session_[out.route.substr(std::string("route-").size())] = out.envelope.session();
    }
  }

  MonoTime now_{std::chrono::hours(1)};
  const Plan plan_;
  const RunState order_;
  CheckingQueue queue_;
  std::unique_ptr<Dispatcher> dispatcher_;
  std::map<std::string, uint64_t> session_;
};

}  // namespace
}  // namespace hark

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  hark::SetLogSink([](hark::LogLevel, std::string_view) {});  // strikes are expected
  hark::Target target;
  for (size_t frames = 0; size >= 4 && frames < hark::kMaxFrames; ++frames) {
    const size_t length = std::min<size_t>(data[1] | data[2] << 8, size - 4);
    target.Frame(data, {reinterpret_cast<const char*>(data) + 4, length});
    data += 4 + length;
    size -= 4 + length;
  }
  target.Tick();
  return 0;
}
