#include "tests/integration/real_servers/loopback_driver.h"

#include <gtest/gtest.h>

#include "worker/engine/engine.h"

namespace hark {

ProbeOptions LoopbackOptions() {
  ProbeOptions options;
  options.pause_min = options.pause_max = std::chrono::milliseconds(1);
  options.ehlo_name = "[127.0.0.1]";
  options.contact = "test@hark.example";
  return options;
}

std::vector<PortObservation> VisitHost(const Address& host, const std::vector<uint16_t>& ports,
                                       const SurveyMaker& make) {
  const SystemClock clock;
  EngineOptions options;
  options.max_in_flight = 8;
  options.probes_per_second = 1000;
  const auto engine = Engine::Create(options, clock);
  if (!engine.ok()) {
    ADD_FAILURE() << engine.status().message();
    return std::vector<PortObservation>(ports.size());
  }
  const auto policy = std::make_shared<ContactPolicy>();
  policy->make_survey = make;
  policy->may_contact = [&](const Address& address) { return address == host; };
  std::vector<PortObservation> seen;
  (*engine)->Visit(policy, host, ports, [&](VisitResult r) { seen = std::move(r.ports); });
  while (!(*engine)->idle()) (*engine)->RunOnce(std::chrono::milliseconds(100));
  EXPECT_EQ(seen.size(), ports.size());
  seen.resize(ports.size());
  return seen;
}

PortObservation Survey(const Address& host, uint16_t port, Protocol protocol,
                       const ProbeOptions& options) {
  SurveyFactory factory(options);
  return VisitHost(host, {port},
                   [&](uint16_t p, const Address& at) {
                     return factory.Make(p, protocol, at.ToString());
                   })
      .front();
}

}  // namespace hark
