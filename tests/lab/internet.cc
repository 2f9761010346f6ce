#include "tests/lab/internet.h"

#include "tests/lab/odd.h"
#include "tests/lab/ssh_server.h"
#include "tests/lab/tls_server.h"

namespace hark::lab {

Internet::Internet(const Scenario& scenario, const KeyStore& keys, const TlsContext& tls,
                   const Clock& clock, Doorman::Log log)
    : scenario_(scenario),
      keys_(keys),
      tls_(tls),
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
  if (service.protocol != Protocol::kSsh) {
    return TlsConversation(service, tls_, *credentials_, *counters_);
  }
  std::vector<const KeyStore::Key*> keys;
  for (const std::string& name : service.keys) {
    keys.push_back(keys_.Find(name, scenario_.key_types.at(name)));
  }
  return SshConversation(service, std::move(keys));
}

}  // namespace hark::lab
