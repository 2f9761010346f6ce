#pragma once

// Who lives where: (address, port) to service, and the conversation it holds with a client.

#include <cstdint>
#include <memory>
#include <unordered_map>
#include <vector>

#include "base/address.h"
#include "base/status.h"
#include "tests/lab/conversation.h"
#include "tests/lab/counters.h"
#include "tests/lab/credentials.h"
#include "tests/lab/doorman.h"
#include "tests/lab/key_store.h"
#include "tests/lab/scenario.h"
#include "tests/lab/ssh_host_keys.h"
#include "tests/lab/tls_context.h"

namespace hark::lab {

struct Endpoint {
  Address address;
  uint16_t port = 0;
  const Service* service = nullptr;
};

class Internet {
 public:
  // The scenario, the prepared keys and the clock outlive it. log: of penalties, see doorman.h.
  Internet(const Scenario& scenario, const KeyStore& keys, const TlsContext& tls,
           const Clock& clock, Doorman::Log log = {});

  // Everything but services that refuse; silent ones included.
  const std::vector<Endpoint>& endpoints() const { return endpoints_; }

  // nullptr: nobody is there. Any thread may ask; a conversation stays with the thread that did.
  std::unique_ptr<Conversation> Answer(const Address& address, uint16_t port,
                                       const Address& client) const;

  Counters& counters() const { return *counters_; }

 private:
  using Key = std::pair<Address, uint16_t>;
  struct HashOf {
    size_t operator()(const Key& key) const {
      return std::hash<Address>()(key.first) * 31 + key.second;
    }
  };

  std::unique_ptr<Conversation> Serve(const Service& service) const;

  const TlsContext& tls_;
  std::unique_ptr<Counters> counters_ = std::make_unique<Counters>();
  std::unique_ptr<SshHostKeys> host_keys_;
  std::unique_ptr<Credentials> credentials_;
  std::unique_ptr<Doorman> doorman_;
  std::vector<Endpoint> endpoints_;
  std::unordered_map<Key, const Service*, HashOf> services_;
};

}  // namespace hark::lab
