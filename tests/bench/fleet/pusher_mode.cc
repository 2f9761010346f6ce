#include <deque>
#include <memory>
#include <nlohmann/json.hpp>
#include <thread>

#include "base/random.h"
#include "base/strings.h"
#include "bus/dealer.h"
#include "tests/bench/fleet/meters.h"
#include "tests/bench/fleet/modes.h"
#include "tests/bench/fleet/synthetic_hosts.h"
#include "worker/batch_builder.h"

namespace hark::bench {
namespace {

constexpr Duration kHeartbeat = std::chrono::seconds(1);
constexpr Duration kPause = std::chrono::microseconds(200);  // with nothing to receive or send
constexpr uint32_t kSlots = 8;
// An answer each, and a coordinator's queue to one worker holds 64.
constexpr uint64_t kMostUnderWay = 32;

// One worker that does everything at once: first all leases, then all batches.
class Pusher {
 public:
  Pusher(std::unique_ptr<Dealer> dealer, const SyntheticHosts& hosts)
      : dealer_(std::move(dealer)), hosts_(hosts) {}

  void Hello() {
    proto::Envelope envelope = Start();
    envelope.set_session(0);
    proto::Hello& hello = *envelope.mutable_hello();
    hello.set_hello_id(SecureU64());
    hello.set_boot_id(SecureU64());
    hello.set_proto_min(1);
    hello.set_proto_max(1);
    hello.set_name("pusher");
    dealer_->Send(envelope);
  }
  void Receive() {
    while (const auto envelope = dealer_->Receive()) On(*envelope);
  }
  void Beat(MonoTime now) {
    if (session_ == 0 || now < next_beat_) return;
    next_beat_ = now + kHeartbeat;
    proto::Envelope envelope = Start();
    envelope.mutable_heartbeat()->mutable_load()->set_applied_pps(0);
    dealer_->Send(envelope);
  }
  bool ready() const { return all_leased_; }
  bool done() const { return batches_.empty() && unacked_ == 0; }
  uint64_t refused() const { return refused_; }

  // True if something was sent.
  bool Push() {
    bool sent = false;
    while (!batches_.empty()) {
      const uint64_t size = batches_.front().batch().payload().size();
      const bool room = size <= credit_ && unacked_ < kMostUnderWay;
      if (!room || !dealer_->Send(batches_.front())) break;
      credit_ -= size;
      ++unacked_;
      batches_.pop_front();
      sent = true;
    }
    return sent;
  }

 private:
  proto::Envelope Start() const {
    proto::Envelope envelope;
    envelope.set_major(1);
    envelope.set_session(session_);
    return envelope;
  }
  void Request() {
    proto::Envelope envelope = Start();
    envelope.mutable_request()->set_slots(kSlots);
    dealer_->Send(envelope);
    answers_due_ = kSlots;
  }
  void On(const proto::Envelope& envelope) {
    switch (envelope.body_case()) {
      case proto::Envelope::kWelcome:
        session_ = envelope.welcome().session();
        credit_ = envelope.welcome().credit_bytes();
        return Request();
      case proto::Envelope::kJob:
        Pack(envelope.job());
        if (--answers_due_ == 0) Request();
        return;
      case proto::Envelope::kNoJob:
        all_leased_ = true;
        return;
      case proto::Envelope::kAck:
        credit_ += envelope.ack().credit_bytes();
        --unacked_;
        refused_ += envelope.ack().status() == proto::Ack::OK ? 0 : 1;
        return;
      default:  // NOLINT: protobuf's enum also has the cases of newer peers
        return;
    }
  }
  void Pack(const proto::Job& job) {
    GrabBatch gathered(job.cursor(), BatchLimits());
    uint64_t seq = 0;
    const SystemClock clock;
    for (uint64_t index = job.cursor(); index < job.end(); ++index) {
      const auto address = Address::FromBytes(job.targets(static_cast<int>(index - job.cursor())));
      proto::HostObservation host = hosts_.Visit(*address, index, clock.UnixMillis());
      if (gathered.Full(host)) Keep(job, seq++, gathered.Take());
      gathered.Add(std::move(host), clock.Now());
    }
    Keep(job, seq, gathered.Take());
  }
  void Keep(const proto::Job& job, uint64_t seq, proto::Batch batch) {
    batch.set_run(job.run());
    batch.set_job(job.job());
    *batch.mutable_token() = job.token();
    batch.set_seq(seq);
    batch.set_final(batch.to_index() == job.end());
    proto::Envelope& envelope = batches_.emplace_back(Start());
    *envelope.mutable_batch() = std::move(batch);
  }

  std::unique_ptr<Dealer> dealer_;
  const SyntheticHosts& hosts_;
  uint64_t session_ = 0;
  uint64_t credit_ = 0;
  uint64_t unacked_ = 0;
  uint64_t refused_ = 0;
  uint32_t answers_due_ = 0;
  bool all_leased_ = false;
  MonoTime next_beat_{};
  std::deque<proto::Envelope> batches_;
};

Result<std::vector<Pusher>> Connect(const PusherMode& mode, const SyntheticHosts& hosts) {
  HARK_ASSIGN_OR_RETURN(const std::vector<KeyPair> keys, ReadKeys(mode.keys));
  std::vector<Pusher> pushers;
  for (size_t i = 0; i < mode.count; ++i) {
    const KeyPair& own = keys.at(1 + mode.first + i);
    HARK_ASSIGN_OR_RETURN(auto dealer, Dealer::Connect({mode.endpoint, keys.front().public_key,
                                                        own.public_key, own.secret_key}));
    pushers.emplace_back(std::move(dealer), hosts).Hello();
  }
  return pushers;
}

}  // namespace

Status RunPushers(const PusherMode& mode) {
  HARK_ASSIGN_OR_RETURN(const SyntheticHosts hosts, SyntheticHosts::Make());
  HARK_ASSIGN_OR_RETURN(std::vector<Pusher> pushers, Connect(mode, hosts));
  const SystemClock clock;
  const auto all = [&](auto is) { return std::all_of(pushers.begin(), pushers.end(), is); };
  const auto tend = [&] {
    for (Pusher& pusher : pushers) {
      pusher.Receive();
      pusher.Beat(clock.Now());
    }
  };
  while (!all([](const Pusher& p) { return p.ready(); })) {
    tend();
    std::this_thread::sleep_for(kPause);
  }
  std::printf("ready\n");
  std::fflush(stdout);
  bool over = false;
  while (!LineOnStdin(&over) && !over) {
    tend();
    std::this_thread::sleep_for(kPause);
  }
  const CpuTime before = CpuTime::Now();
  const MonoTime began = clock.Now();
  while (!all([](const Pusher& p) { return p.done(); })) {
    tend();
    bool sent = false;
    for (Pusher& pusher : pushers) sent |= pusher.Push();
    if (!sent) std::this_thread::sleep_for(kPause);
  }
  uint64_t refused = 0;
  for (const Pusher& pusher : pushers) refused += pusher.refused();
  const nlohmann::json line = {{"wall_seconds", SecondsOf(clock.Now() - began)},
                               {"cpu_seconds", CpuTime::Now().sum() - before.sum()},
                               {"refused", refused}};
  std::printf("%s\n", line.dump().c_str());
  return Status::Ok();
}

}  // namespace hark::bench
