#pragma once

// A run whose hosts show real certificates, for tests of everything that reads them. Hosts go by
// number, are grabbed at kGrabbed, and are all in AS 1 of the country unless said.

#include <map>
#include <string>
#include <vector>

#include "analysis/fake_run_reader.h"
#include "analysis/report.h"
#include "keys/certificate.h"
#include "keys/testing/test_ca.h"

namespace hark {

class FactsFixture {
 public:
  static constexpr int64_t kGrabbed = 1'600'000'000;  // 2020-09-13T12:26:40Z
  static constexpr uint32_t kGoodSuite = 0xc02f;

  FactsFixture() {
    options_.trust = trust_.get();
    options_.trust_name = "test roots";
    options_.threads = 2;
    reader_.mutable_run().set_name("facts");
  }

  static Address HostAt(uint32_t host) { return Address::V4(0x0a000000 + host); }

  void AddHost(uint32_t host, uint32_t asn = 1, int64_t grabbed_unix = kGrabbed) {
    reader_.AddHost(HostAt(host), asn).set_started_unix_ms(grabbed_unix * 1000);
  }

  // A TLS port of a host that was added, with the leaf and whatever else it sends.
  proto::TlsFacts& Show(uint32_t host, uint16_t port, const TestCertificate& leaf,
                        const std::vector<TestCertificate>& issuers = {}, uint32_t version = 0x0303,
                        uint32_t suite = kGoodSuite) {
    proto::PortRow& row = reader_.AddPort(HostAt(host), port, {});
    row.clear_keys();
    row.add_keys(std::string(KeyOf(leaf.der).bytes()));
    proto::TlsFacts& tls = *row.mutable_observation()->mutable_tls();
    tls.clear_chain_sha256();
    tls.add_chain_sha256(reader_.AddCertificate(leaf.der));
    for (const TestCertificate& issuer : issuers) {
      tls.add_chain_sha256(reader_.AddCertificate(issuer.der));
    }
    tls.set_version(version);
    tls.set_cipher_suite(suite);
    return tls;
  }

  // A TLS port whose key has a name and whose certificate the store does not hold.
  proto::TlsFacts& ShowNamed(uint32_t host, uint16_t port, const std::string& key,
                             uint32_t suite = kGoodSuite) {
    proto::TlsFacts& tls =
        *reader_.AddPort(HostAt(host), port, {key}).mutable_observation()->mutable_tls();
    tls.set_version(0x0303);
    tls.set_cipher_suite(suite);
    return tls;
  }

  RunFacts Read() {
    Result<RunAnalysis> analysis = AnalyseRun(reader_, false, &options_);
    return analysis.ok() ? *analysis->report.facts : RunFacts();
  }

  const TestCa& root() const { return root_; }
  const TestCa& middle() const { return middle_; }
  FakeRunReader& reader() { return reader_; }
  FactsOptions& options() { return options_; }

 private:
  // Keys of certificates that are shown thousands of times are read once.
  KeyId KeyOf(const std::string& der) {
    const auto [at, is_new] = keys_.try_emplace(der);
    if (is_new) at->second = *KeyIdOfCertificate(der);
    return at->second;
  }

  TestCa root_{"root"};
  TestCa middle_{root_, {{"middle"}}};
  std::unique_ptr<TrustStore> trust_ = *TrustStore::FromPem(root_.certificate().pem, "test roots");
  FactsOptions options_;
  FakeRunReader reader_;
  std::map<std::string, KeyId> keys_;
};

}  // namespace hark
