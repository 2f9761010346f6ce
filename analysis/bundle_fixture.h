#pragma once

// For tests: runs with clusters of several ASes that show names, certificates and SSH keys.

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "analysis/fake_run_reader.h"
#include "base/strings.h"
#include "keys/testing/key_workshop.h"

namespace hark {

// A fake run that keeps certificates.
class BundleRun : public FakeRunReader {
 public:
  BundleRun() {
    mutable_run().set_id(1);
    mutable_run().set_name("r1");
    mutable_run().set_country("NA");
    mutable_run().set_created_unix_ms(1525075200000);
    mutable_run().set_finished_unix_ms(1525161600000);
    for (const uint32_t port : {22, 25, 443}) mutable_run().add_ports(port);
    mutable_run().mutable_policy()->set_contact("mailto:research@survey.test");
  }

  // A host with an SSH key; its blob is made up from the key's name.
  void AddSsh(const std::string& address, uint32_t asn, const std::vector<std::string>& keys) {
    const Address where = *Address::Parse(address);
    AddHost(where, asn);
    proto::PortRow& row = AddPort(where, 22, keys);
    row.mutable_observation()->mutable_ssh()->set_identification("SSH-2.0-OpenSSH_7.4p1");
    for (const std::string& key : keys) {
      row.mutable_observation()->mutable_ssh()->add_keys()->set_blob(BlobNamed(key));
    }
  }

  void AddGreeting(const std::string& address, const std::string& greeting) {
    proto::PortRow& row = AddPort(*Address::Parse(address), 25, {}, Outcome::kStartTlsRefused);
    row.mutable_observation()->set_greeting(greeting);
  }

  void AddTls(const std::string& address, const std::string& key, const std::string& der) {
    proto::PortRow& row = AddPort(*Address::Parse(address), 443, {key});
    row.mutable_observation()->mutable_tls()->set_version(0x0303);
    row.mutable_observation()->mutable_tls()->add_chain_sha256(Sha256(der));
    certificates_[Sha256(der)] = der;
  }

  static std::string BlobNamed(const std::string& key) {
    return std::string("\0\0\0\x0bssh-ed25519\0\0\0\x20", 19) + Sha256("blob " + key);
  }

  Result<std::string> Certificate(std::string_view sha256) const override {
    const auto at = certificates_.find(std::string(sha256));
    return at == certificates_.end() ? Result<std::string>(NotFound("no such certificate"))
                                     : at->second;
  }
  const std::map<std::string, std::string>& certificates() const { return certificates_; }

 private:
  std::map<std::string, std::string> certificates_;
};

// names: "DNS:a.example,IP:192.0.2.1"
inline std::string BundleCertificate(const std::string& subject, const std::string& names) {
  KeyWorkshop shop;
  shop.Run(
      StrCat("openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes "
             "-keyout k -subj '",
             subject, "' -addext 'subjectAltName=", names, "' -outform DER -out c.der"));
  return shop.Read("c.der");
}

// The anonymiser's example: one cluster of AS 1 with four hosts, AS 2 with three and AS 3 with one.
// One certificate is the holder's alone, one another's alone, and one on hosts of both.
inline std::unique_ptr<BundleRun> ThreeAsRun() {
  auto run = std::make_unique<BundleRun>();
  for (const char* own : {"10.1.0.1", "10.1.0.2", "10.1.0.3", "2001:db8:1::1"}) {
    run->AddSsh(own, 1, {"shared"});
  }
  for (const char* other : {"203.0.113.5", "203.0.113.6", "2001:db8:2::7"}) {
    run->AddSsh(other, 2, {"shared", "second"});
  }
  run->AddSsh("198.51.100.8", 3, {"shared"});
  // Another cluster that does not touch AS 1, and a lone host.
  run->AddSsh("192.0.2.1", 2, {"elsewhere"});
  run->AddSsh("192.0.2.2", 2, {"elsewhere"});
  run->AddSsh("192.0.2.3", 1, {"alone"});
  run->AddGreeting("10.1.0.1", "220 mail.own.example ESMTP Postfix\r\n");
  run->AddGreeting("10.1.0.3", "220 client-203-0-113-5.own.example ESMTP\r\n");
  run->AddGreeting("203.0.113.5", "220 mx1.foreign.example ESMTP Postfix\r\n");
  run->AddGreeting("203.0.113.6", "220 BUILDBOX17 ESMTP\r\n");
  run->AddTls("10.1.0.1", "own tls", BundleCertificate("/CN=www.own.example", "DNS:own.example"));
  const std::string both = BundleCertificate("/CN=both.example", "DNS:api.both.example");
  run->AddTls("10.1.0.2", "both tls", both);
  run->AddTls("203.0.113.6", "both tls", both);
  run->AddTls("198.51.100.8", "other tls",
              BundleCertificate("/O=Foreign Hosting, Inc./CN=panel.foreign.example",
                                "DNS:*.customers.foreign.example,IP:198.51.100.99"));
  return run;
}

}  // namespace hark
