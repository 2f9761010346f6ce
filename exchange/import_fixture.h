#pragma once

// For tests of readers of foreign formats: a sink that remembers, and records of zgrab's family
// with real keys and certificates in them.

#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "base/outcome.h"
#include "base/strings.h"
#include "exchange/import_driver.h"
#include "exchange/imported_host.h"
#include "keys/key_id.h"
#include "keys/testing/key_workshop.h"

namespace hark {

// Gives its bytes so many at a time.
class TrickleSource : public ByteSource {
 public:
  TrickleSource(std::string bytes, size_t piece) : bytes_(std::move(bytes)), piece_(piece) {}

  Result<size_t> Read(char* to, size_t size) override {
    const size_t n = std::min({piece_, size, bytes_.size() - at_});
    bytes_.copy(to, n, at_);
    at_ += n;
    return n;
  }
  Status Skip(uint64_t count) override {
    at_ += count;
    return Status::Ok();
  }
  uint64_t bytes_read() const override { return at_; }
  uint64_t size() const override { return bytes_.size(); }
  const std::string& identity() const override { return identity_; }

 private:
  const std::string bytes_;
  const std::string identity_;
  const size_t piece_;
  size_t at_ = 0;
};

class RecordingSink : public ImportSink {
 public:
  Status Add(ImportedHost host) override {
    hosts.push_back(std::move(host));
    return Status::Ok();
  }
  Status Reject(const RejectedLine& line) override {
    rejected.push_back(line);
    return Status::Ok();
  }
  Status Reached(uint64_t line, uint64_t byte) override {
    places.emplace_back(line, byte);
    return Status::Ok();
  }

  std::vector<ImportedHost> hosts;
  std::vector<RejectedLine> rejected;
  std::vector<std::pair<uint64_t, uint64_t>> places;
};

inline RecordingSink ImportText(std::string_view format, std::string text,
                                const ImportOptions& options = {}) {
  RecordingSink sink;
  const std::unique_ptr<ByteSource> bytes = ByteSource::FromString(std::move(text));
  const Result<bool> ended = ReadSource(*bytes, *FindImportFormat(format), options, {}, sink,
                                        [](const ImportStanding&) { return true; });
  EXPECT_TRUE(ended.ok() && *ended) << ended.status().message();
  return sink;
}

inline ImportOptions WithTime(int64_t unix_ms) {
  ImportOptions options;
  options.at_unix_ms = unix_ms;
  return options;
}
inline ImportOptions WithPort(const std::string& module, uint16_t port) {
  ImportOptions options;
  options.ports[module] = port;
  return options;
}

inline std::string EncodeBase64(std::string_view bytes) {
  std::string out((bytes.size() + 2) / 3 * 4 + 1, '\0');
  const int n = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                                reinterpret_cast<const unsigned char*>(bytes.data()),
                                static_cast<int>(bytes.size()));
  out.resize(static_cast<size_t>(n));
  return out;
}

// Makes records; what is in them is of one certificate and one key a kind.
class GrabMaker {
 public:
  using json = nlohmann::ordered_json;

  GrabMaker() {
    shop_.Run(
        "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout k.pem "
        "-subj /CN=mail.example.org -days 30 -outform DER -out c.der; "
        "openssl x509 -inform DER -in c.der -noout -pubkey | "
        "openssl pkey -pubin -outform DER -out spki.der; "
        "ssh-keygen -q -t ed25519 -N '' -f ed; ssh-keygen -q -t rsa -b 2048 -N '' -f rsa; "
        "ssh-keygen -q -t ecdsa -b 384 -N '' -f ecdsa");
    der = shop_.Read("c.der");
    spki = shop_.Read("spki.der");
    ed25519 = shop_.Blob("ed.pub");
    rsa = shop_.Blob("rsa.pub");
    ecdsa = shop_.Blob("ecdsa.pub");
  }

  json HostKey(const std::string& blob, const std::string& type) const {
    return {{"raw", EncodeBase64(blob)},
            {"algorithm", type},
            {"fingerprint_sha256", HexEncode(Sha256(blob))}};
  }
  json SshResult() const {
    return {{"server_id", {{"raw", "SSH-2.0-OpenSSH_9.2p1"}, {"version", "2.0"}}},
            {"server_key_exchange",
             {{"kex_algorithms", {"curve25519-sha256", "ecdh-sha2-nistp256"}},
              {"host_key_algorithms", {"ssh-ed25519"}},
              {"client_to_server_ciphers", {"aes128-ctr"}},
              {"server_to_client_ciphers", {"aes256-ctr"}},
              {"client_to_server_macs", {"hmac-sha2-256"}},
              {"server_to_client_macs", {"hmac-sha2-512"}},
              {"client_to_server_compression", {"none"}},
              {"server_to_client_compression", {"none", "zlib@openssh.com"}},
              {"first_kex_follows", false}}},
            {"algorithm_selection",
             {{"dh_kex_algorithm", "curve25519-sha256"}, {"host_key_algorithm", "ssh-ed25519"}}},
            {"key_exchange", {{"server_host_key", HostKey(ed25519, "ssh-ed25519")}}}};
  }
  json Parsed() const {
    return {{"subject_dn", "CN=mail.example.org"},
            {"subject_key_info", {{"fingerprint_sha256", HexEncode(Sha256(spki))}}},
            {"fingerprint_sha256", HexEncode(Sha256(der))}};
  }
  json Handshake() const {
    return {{"server_hello",
             {{"version", {{"name", "TLSv1.2"}, {"value", 771}}},
              {"cipher_suite", {{"hex", "0xC02B"}, {"value", 0xc02b}}},
              {"ticket", true},
              {"ocsp_stapling", false}}},
            {"server_certificates",
             {{"certificate", {{"raw", EncodeBase64(der)}, {"parsed", Parsed()}}},
              {"chain", {{{"raw", EncodeBase64(der)}}}}}},
            {"server_key_exchange",
             {{"ecdh_params", {{"curve_id", {{"name", "x25519"}, {"id", 29}}}}}}}};
  }
  json TlsLog() const { return {{"handshake_log", Handshake()}}; }
  json Mail() const {
    return {{"banner", "220 mx.example.org ESMTP\r\n"},
            {"ehlo", "250-mx.example.org\r\n250 STARTTLS\r\n"},
            {"starttls", "220 Ready\r\n"},
            {"tls", TlsLog()}};
  }
  static json Grab(const std::string& protocol, const json& result,
                   const std::string& status = "success") {
    return {{"status", status},
            {"protocol", protocol},
            {"result", result},
            {"timestamp", "2025-06-01T12:00:05Z"}};
  }
  static json Zgrab2(const std::string& ip, const json& data) {
    return {{"ip", ip}, {"data", data}};
  }
  json WholeHost(const std::string& ip) const {
    return Zgrab2(ip, {{"ssh", Grab("ssh", SshResult())},
                       {"smtp", Grab("smtp", Mail())},
                       {"tls", Grab("tls", TlsLog())}});
  }
  // A host as FreshGrab.py writes it.
  json SurveysHost(const std::string& ip) const {
    return {{"ip", ip},
            {"writer", "FreshGrab.py"},
            {"p22", {{"ip", ip}, {"data", {{"xssh", SshResult()}}}}},
            {"p25",
             {{"data", {{"banner", "220 mx.example.org ESMTP\r\n"}, {"tls", Handshake()}}},
              {"timestamp", "2018-03-16T17:23:01Z"}}},
            {"p110", "dial tcp: connection refused"},
            {"p443",
             {{"data",
               {{"http",
                 {{"response",
                   {{"status_line", "200 OK"},
                    {"protocol", {{"name", "HTTP/1.1"}}},
                    {"request", {{"tls_handshake", Handshake()}}}}}}}}}}},
            {"duration", 7.25}};
  }
  // As the table of 2017-11-30 had it, where only hashes of keys are told.
  json CensysHost(const std::string& ip) const {
    const json certificate = {{"parsed", Parsed()}};
    const json tls = {
        {"version", "TLSv1.2"}, {"cipher_suite", {{"id", "0xC02B"}}}, {"certificate", certificate}};
    return {{"ip", ip},
            {"autonomous_system", {{"asn", 64500}, {"name", "EXAMPLE"}}},
            {"location", {{"country_code", "IE"}}},
            {"updated_at", "2017-11-30T00:00:00Z"},
            {"p22",
             {{"ssh",
               {{"v2",
                 {{"server_host_key",
                   {{"key_algorithm", "ssh-ed25519"},
                    {"fingerprint_sha256", HexEncode(Sha256(ed25519))}}}}}}}}},
            {"p25", {{"smtp", {{"starttls", {{"banner", "220 mx"}, {"tls", tls}}}}}}},
            {"p110", {{"pop3", {{"starttls", {{"banner", "+OK"}, {"tls", tls}}}}}}},
            {"p143", {{"imap", {{"starttls", {{"banner", "* OK"}, {"tls", tls}}}}}}},
            {"p443", {{"https", {{"tls", tls}}}}},
            {"p993", {{"imaps", {{"tls", {{"banner", "* OK"}, {"tls", tls}}}}}}}};
  }

  std::string der, spki, ed25519, rsa, ecdsa;

 private:
  KeyWorkshop shop_;
};

inline const ImportedPort* PortOf(const ImportedHost& host, uint16_t port) {
  for (const ImportedPort& seen : host.ports) {
    if (seen.observation.port() == port) return &seen;
  }
  return nullptr;
}

inline std::string EndOf(const ImportedPort& port) {
  return StrCat(OutcomeName(static_cast<Outcome>(port.observation.outcome())), " at ",
                StageName(static_cast<Stage>(port.observation.stage())));
}

}  // namespace hark
