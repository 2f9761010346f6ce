#pragma once

// Who lives where: (address, port) to service, and the conversation it holds with a client.

#include <cstdint>
#include <memory>
#include <unordered_map>
#include <vector>

#include "base/status.h"
#include "tests/lab/conversation.h"
#include "tests/lab/key_store.h"
#include "tests/lab/scenario.h"
#include "tests/lab/tls_server.h"

namespace hark::lab {

struct Endpoint {
  uint32_t address = 0;  // host byte order
  uint16_t port = 0;
  const Service* service = nullptr;
};

class Internet {
 public:
  // The scenario and the prepared keys outlive it.
  Internet(const Scenario& scenario, const KeyStore& keys, const TlsContext& tls);

  // Everything but services that refuse; silent ones included.
  const std::vector<Endpoint>& endpoints() const { return endpoints_; }

  // nullptr: nobody is there.
  std::unique_ptr<Conversation> Answer(uint32_t address, uint16_t port) const;

 private:
  const Scenario& scenario_;
  const KeyStore& keys_;
  const TlsContext& tls_;
  std::vector<Endpoint> endpoints_;
  std::unordered_map<uint64_t, const Service*> services_;
};

}  // namespace hark::lab
