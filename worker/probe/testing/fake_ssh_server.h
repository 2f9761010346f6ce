#pragma once

// An SSH server that goes as far as our probe does: identification, KEXINIT, an X25519 exchange
// signed with its host key. Every step can be told to misbehave.

#include <functional>
#include <string>
#include <vector>

#include "keys/openssl_ptr.h"
#include "worker/probe/ssh_exchange.h"
#include "worker/probe/testing/play.h"

namespace hark {

// A host key and how it signs.
struct FakeHostKey {
  std::string algorithm;  // as negotiated
  std::string blob;
  EvpPkeyPtr key;
};
FakeHostKey NewEd25519HostKey();
FakeHostKey NewRsaHostKey();  // rsa-sha2-256

struct FakeSshBehaviour {
  std::string greeting = "SSH-2.0-Fake_1.0\r\n";
  std::string kex_algorithms = "curve25519-sha256";
  std::string host_key_algorithms = "ssh-ed25519";
  bool guess_follows = false;
  std::vector<std::string> before_reply;  // payloads
  bool bad_signature = false;
  std::string public_value;                              // instead of a proper one
  std::function<std::string(std::string)> change_reply;  // the payload
};

class FakeSshServer final : public FakePeer {
 public:
  // Shows the key of `keys` (borrowed) whose algorithm the client asked for first.
  FakeSshServer(const std::vector<FakeHostKey>& keys, FakeSshBehaviour behaviour)
      : keys_(keys), behaviour_(std::move(behaviour)) {}

  std::string OnConnect() override;
  std::string OnBytes(std::string_view bytes) override;

  // Payload types the client sent, in order.
  const std::vector<uint8_t>& heard() const { return heard_; }

 private:
  std::string OnPacket(std::string_view payload);
  std::string OnInit(std::string_view client_value);
  const FakeHostKey* AgreedKey() const;

  const std::vector<FakeHostKey>& keys_;
  FakeSshBehaviour behaviour_;
  ssh::Transcript transcript_;
  std::string in_;
  std::vector<uint8_t> heard_;
};

}  // namespace hark
