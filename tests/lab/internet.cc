#include "tests/lab/internet.h"

#include "tests/lab/odd.h"
#include "tests/lab/slow.h"
#include "tests/lab/ssh_server.h"
#include "tests/lab/tls_server.h"

namespace hark::lab {

Internet::Internet(const Scenario& scenario, const KeyStore& keys, const TlsContext& tls,
                   const Clock& clock, Doorman::Log log)
    : tls_(tls),
      host_keys_(std::make_unique<SshHostKeys>(scenario, keys)),
      credentials_(std::make_unique<Credentials>(scenario, keys)),
      doorman_(std::make_unique<Doorman>(clock, *counters_, std::move(log))) {
  for (const Host& host : scenario.hosts) {
    for (const Service& service : host.services) {
      if (service.behaviour == Behaviour::kRefuse) continue;
      endpoints_.push_back({host.address, service.port, &service});
      services_[{host.address, service.port}] = &service;
    }
  }
}

std::unique_ptr<Conversation> Internet::Answer(const Address& address, uint16_t port,
                                               const Address& client) const {
  const auto it = services_.find({address, port});
  if (it == services_.end()) return nullptr;
  const Service& service = *it->second;
  const bool guarded =
      service.behaviour == Behaviour::kPenalty || service.behaviour == Behaviour::kMaxStartups;
  if (!guarded) return Serve(service);
  return BehindDoor(service, {address, port, client}, *doorman_, Serve(service));
}

std::unique_ptr<Conversation> Internet::Serve(const Service& service) const {
  if (auto odd = OddConversation(service)) return odd;
  auto served = service.protocol == Protocol::kSsh
                    ? SshConversation(service, host_keys_->Of(service), *counters_)
                    : TlsConversation(service, tls_, *credentials_, *counters_);
  if (service.behaviour != Behaviour::kSlow) return served;
  return Slowly(service.delay, std::move(served));
}

}  // namespace hark::lab
