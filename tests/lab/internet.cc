#include "tests/lab/internet.h"

#include "tests/lab/odd.h"
#include "tests/lab/ssh_server.h"

namespace hark::lab {
namespace {

uint64_t MapKey(uint32_t address, uint16_t port) {
  return uint64_t{address} << 16 | port;
}

}  // namespace

Internet::Internet(const Scenario& scenario, const KeyStore& keys, const TlsContext& tls)
    : scenario_(scenario), keys_(keys), tls_(tls) {
  for (const Host& host : scenario.hosts) {
    for (const Service& service : host.services) {
      if (service.behaviour == Behaviour::kRefuse) continue;
      endpoints_.push_back({host.address, service.port, &service});
      services_[MapKey(host.address, service.port)] = &service;
    }
  }
}

std::unique_ptr<Conversation> Internet::Answer(uint32_t address, uint16_t port) const {
  const auto it = services_.find(MapKey(address, port));
  if (it == services_.end()) return nullptr;
  const Service& service = *it->second;
  if (auto odd = OddConversation(service)) return odd;
  std::vector<const KeyStore::Key*> keys;
  for (const std::string& name : service.keys) {
    keys.push_back(keys_.Find(name, scenario_.key_types.at(name)));
  }
  if (service.protocol == Protocol::kSsh) return SshConversation(service, std::move(keys));
  return TlsConversation(service, keys.empty() ? nullptr : keys.front(), tls_);
}

}  // namespace hark::lab
