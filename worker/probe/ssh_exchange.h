#pragma once

// One key exchange from our first message to the server's reply, for every method we offer
// (ssh_algorithms.h). Knows messages 30–49 and the exchange hash, nothing of packets.
//
//  method         | we say           | on             | then
//  curves, groups | INIT (30)        | REPLY (31)     | reply
//  group exchange | REQUEST (34)     | GROUP (31)     | INIT (32)
//                 |                  | REPLY (33)     | reply

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "worker/probe/ssh_agreement.h"

namespace hark::ssh {

// What both sides have said so far, as the exchange hash needs it (RFC 4253 §8).
struct Transcript {
  std::string client_identification;
  std::string server_identification;
  std::string client_kex_init;
  std::string server_kex_init;
};

struct Reply {
  std::string host_key;
  std::string signature;
  std::string exchange_hash;  // empty if the server's value was not acceptable
};

struct ExchangeStep {
  std::string say;             // payload to send, or empty
  std::optional<Reply> reply;  // the exchange is over
  std::string broken;          // why it cannot go on; may stand beside a reply
};

class Exchange {
 public:
  // nullptr for a method that is not ours, or when OpenSSL fails.
  static std::unique_ptr<Exchange> New(std::string_view method);

  // The first payload to send.
  std::string Start();
  // A payload of type 30–49.
  ExchangeStep On(std::string_view payload, const Transcript& transcript);

 private:
  explicit Exchange(const struct Method& method) : method_(method) {}

  std::string InitPayload(uint8_t type) const;
  ExchangeStep OnGroup(std::string_view payload);
  ExchangeStep OnReply(std::string_view payload, const Transcript& transcript);
  std::string Hash(const Transcript& transcript, const Reply& reply, std::string_view peer_value,
                   std::string_view secret) const;

  const struct Method& method_;
  std::unique_ptr<Agreement> agreement_;  // of a group exchange: once the group is known
  std::string group_;                     // its two mpints, for the hash
};

}  // namespace hark::ssh
