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
  std::string signature_algorithm;  // the name inside the signature; some servers differ
  // r of a DSA or ECDSA signature: big-endian, no leading zeros. Equal values of one key betray a
  // repeated nonce; nothing else of the exchange is kept.
  std::string signature_r;

  bool operator==(const SshHostKey&) const = default;
};

// What both sides' lists come to (RFC 4253 §7.1); "" where nothing is common.
struct SshAgreed {
  std::string kex;
  std::string host_key;
  std::string encryption_client_to_server;
  std::string encryption_server_to_client;
  std::string mac_client_to_server;
  std::string mac_server_to_client;
  std::string compression_client_to_server;
  std::string compression_server_to_client;

  bool operator==(const SshAgreed&) const = default;
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

  bool operator==(const SshKexInit&) const = default;
};

struct SshFacts {
  std::string identification;  // without CR LF
  std::vector<std::string> pre_lines;
  std::optional<SshKexInit> kex_init;
  std::vector<SshHostKey> keys;  // one a key type, in the order asked
  std::string kex_algorithm;
  std::optional<SshAgreed> agreed;  // of the first connection
  std::string hassh_server;         // 32 hex digits (keys/hassh.h); "" without a KEXINIT
  std::string passive_ssh_hassh;    // the differing value that Passive SSH calls hassh

  bool operator==(const SshFacts&) const = default;
};

// The certificate of the other key type, where a server holds an RSA and an ECDSA one.
struct TlsOtherLeaf {
  uint16_t version = 0;
  uint16_t cipher_suite = 0;
  uint16_t signature_scheme = 0;
  std::vector<std::string> chain;  // DER, leaf first
  Proof proof = Proof::kUnverified;

  bool operator==(const TlsOtherLeaf&) const = default;
};

struct TlsFacts {
  uint16_t version = 0;  // 0 = no ServerHello seen
  uint16_t cipher_suite = 0;
  std::string group;
  std::vector<std::string> chain;  // DER, leaf first
  Proof proof = Proof::kUnverified;
  bool legacy_pass = false;
  std::optional<uint8_t> alert;         // the fatal one
  std::vector<uint8_t> warning_alerts;  // in order, bounded
  bool raw_pass = false;                // read from a hello without any cryptography
  bool stopped_at_certificate = false;  // as asked (Handshake::kCertificate)
  std::string sni;                      // what we sent, "" = none
  uint16_t signature_scheme = 0;        // server's, IANA SignatureScheme; 0 = none seen
  std::string alpn;
  bool extended_master_secret = false;  // RFC 7627; TLS 1.3 has it by design and leaves it false
  bool secure_renegotiation = false;    // RFC 5746; false in TLS 1.3 as well
  bool ocsp_stapled = false;
  bool scts = false;            // in a TLS or Certificate extension, not those in the certificate
  bool session_ticket = false;  // the server agreed to send one, or (1.3) was seen sending one
  std::vector<uint16_t> server_extensions;  // types of the ServerHello's, in order, bounded
  std::string ja3s;                         // 32 hex digits; "" without a ServerHello
  std::optional<TlsOtherLeaf> other_leaf;

  bool operator==(const TlsFacts&) const = default;
};

// What a mail server said in plain after its greeting.
struct MailFacts {
  std::string capabilities;    // the whole answer to EHLO or HELO, CAPA, CAPABILITY, as given
  std::string starttls_reply;  // as given
  bool starttls_offered = false;
  bool starttls_forced = false;  // not offered, tried all the same (ProbeOptions::force_starttls)
  bool said_helo = false;        // EHLO was refused
  uint32_t smuggled_bytes = 0;   // plaintext between the go-ahead and the first TLS record

  bool operator==(const MailFacts&) const = default;
};

struct HttpFacts {
  std::string status_line;  // without CR LF
  std::string headers;      // all header lines as given
  bool truncated = false;   // longer than kMaxHttpHead, or ended before the empty line

  bool operator==(const HttpFacts&) const = default;
};

struct PortObservation {
  uint16_t port = 0;
  Protocol protocol = Protocol::kUnknown;
  Outcome outcome = Outcome::kSilent;
  Stage stage = Stage::kConnect;  // where the outcome came; kDone with kOk
  std::string greeting;           // mail: the whole greeting, all lines as given
  Duration greeting_delay{0};     // connect to its first byte (mail, SSH); 0 = none came
  std::string detail;
  uint32_t connections = 0;
  Duration duration{0};
  std::optional<SshFacts> ssh;
  std::optional<TlsFacts> tls;
  std::optional<MailFacts> mail;
  std::optional<HttpFacts> http;

  bool operator==(const PortObservation&) const = default;
};

}  // namespace hark
