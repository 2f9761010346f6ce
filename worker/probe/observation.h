#pragma once

// What conversations with one (host, port) taught us, as values. Filled by probes, turned into
// protobuf by the worker. Everything in here came from a stranger and is bounded by limits.h.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/outcome.h"
#include "base/time.h"

namespace hark {

struct SshHostKey {
  std::string algorithm;  // as negotiated
  std::string blob;
  Proof proof = Proof::kUnverified;
};

// The ten name-lists of the server's KEXINIT, as sent.
struct SshKexInit {
  std::string kex_algorithms;
  std::string server_host_key_algorithms;
  std::string encryption_client_to_server;
  std::string encryption_server_to_client;
  std::string mac_client_to_server;
  std::string mac_server_to_client;
  std::string compression_client_to_server;
  std::string compression_server_to_client;
  std::string languages_client_to_server;
  std::string languages_server_to_client;
  bool first_kex_packet_follows = false;
};

struct SshFacts {
  std::string identification;  // without CR LF
  std::vector<std::string> pre_lines;
  std::optional<SshKexInit> kex_init;
  std::vector<SshHostKey> keys;  // one a key type, in the order asked
  std::string kex_algorithm;
};

struct TlsFacts {
  uint16_t version = 0;  // 0 = no ServerHello seen
  uint16_t cipher_suite = 0;
  std::string group;
  std::vector<std::string> chain;  // DER, leaf first
  Proof proof = Proof::kUnverified;
  bool legacy_pass = false;
  std::optional<uint8_t> alert;
};

struct PortObservation {
  uint16_t port = 0;
  Protocol protocol = Protocol::kUnknown;
  Outcome outcome = Outcome::kSilent;
  Stage stage = Stage::kConnect;  // where the outcome came; kDone with kOk
  std::string greeting;
  std::string detail;
  uint32_t connections = 0;
  Duration duration{0};
  std::optional<SshFacts> ssh;
  std::optional<TlsFacts> tls;
};

}  // namespace hark
