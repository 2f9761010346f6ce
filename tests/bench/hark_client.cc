#include <memory>

#include "base/strings.h"
#include "tests/bench/clients.h"
#include "tests/bench/cost_meter.h"
#include "worker/engine/engine.h"
#include "worker/observation_codec.h"

namespace hark::bench {
namespace {

constexpr double kNoCeiling = 10'000'000;  // connection attempts a second
constexpr Duration kTurn = std::chrono::milliseconds(100);

ProbeOptions Probes(const Task& task) {
  ProbeOptions options;
  options.pause_min = options.pause_max = Duration(0);
  options.ehlo_name = "[127.0.0.1]";
  options.handshake = task.certificate_only ? Handshake::kCertificate : Handshake::kFull;
  return options;
}

std::string ExchangeOf(const PortObservation& seen) {
  if (seen.ssh) return seen.ssh->kex_algorithm;
  if (!seen.tls) return {};
  const auto hex = [](uint16_t code) {
    const char bytes[] = {static_cast<char>(code >> 8), static_cast<char>(code & 0xff)};
    return "0x" + HexEncode({bytes, 2});
  };
  return StrCat(hex(seen.tls->version), " ", hex(seen.tls->cipher_suite), " ", seen.tls->group);
}

// All visits of one task, on one engine.
class Sweep {
 public:
  Sweep(const Task& task, Engine& engine)
      : task_(task), engine_(engine), policy_(std::make_shared<ContactPolicy>()) {
    const auto surveys = std::make_shared<SurveyFactory>(Probes(task));
    policy_->make_survey = [surveys, &task](uint16_t port, const Address&) {
      return surveys->Make(port, task.ssh ? Protocol::kSsh : Protocol::kHttps);
    };
    policy_->may_contact = [](const Address& host) { return host.v4() >> 24 == 127; };
  }

  void Visit(uint64_t begin, uint64_t end) {
    uint64_t next = begin;
    ended_ = begin;
    while (ended_ < end) {
      for (; next < end && engine_.VisitRoom() > 0; ++next) {
        engine_.Visit(policy_, task_.Host(next), {task_.port},
                      [this](const VisitResult& result) { Take(result); });
      }
      engine_.RunOnce(kTurn);
    }
  }

  Cost cost;

 private:
  void Take(const VisitResult& result) {
    ++ended_;
    if (result.ports.empty()) return;
    const PortObservation& seen = result.ports.front();
    proto::PortObservation encoded;
    EncodePortObservation(seen, &encoded);
    bytes_ += encoded.SerializeAsString().size();
    if (seen.outcome == Outcome::kOk) ++cost.grabs;
    if (seen.ssh) cost.keys += seen.ssh->keys.size();
    if (seen.tls && !seen.tls->chain.empty()) ++cost.keys;
    cost.exchange = ExchangeOf(seen);
  }

  const Task& task_;
  Engine& engine_;
  PolicyPtr policy_;
  uint64_t ended_ = 0;
  uint64_t bytes_ = 0;
};

}  // namespace

Result<Cost> GrabWithHark(const Task& task) {
  SystemClock clock;
  EngineOptions options;
  options.max_in_flight = task.in_flight;
  options.probes_per_second = kNoCeiling;
  HARK_ASSIGN_OR_RETURN(const std::unique_ptr<Engine> engine, Engine::Create(options, clock));
  Sweep sweep(task, *engine);
  sweep.Visit(0, 1);
  sweep.cost = Cost();
  const CostMeter meter;
  sweep.Visit(0, task.count);
  meter.Stop(&sweep.cost);
  return sweep.cost;
}

}  // namespace hark::bench
