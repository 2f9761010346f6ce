#pragma once

// What the tests of TLS servers have in common: certificates of every family, and the comparison of
// what hark sees with what s_client sees and with the files.

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/strings.h"
#include "tests/integration/real_servers/loopback_driver.h"
#include "tests/integration/real_servers/other_eyes.h"
#include "tests/integration/real_servers/server_process.h"

namespace hark {

class TlsServerTest : public ::testing::Test {
 protected:
  // NAME.pem, NAME.key and NAME.both (key and certificate) for "rsa", "ecdsa" and "ecdsa384".
  void SetUp() override {
    server_.Run(
        "make() { openssl req -x509 -nodes -subj /CN=mail.hark.example -days 30 -keyout $1.key "
        "-out $1.pem -newkey $2 $3 $4 && cat $1.key $1.pem > $1.both && chmod 644 $1.*; }; "
        "make rsa rsa:2048 && make ecdsa ec -pkeyopt ec_paramgen_curve:P-256 && "
        "make ecdsa384 ec -pkeyopt ec_paramgen_curve:P-384");
  }

  std::string Der(const std::string& name) const { return PemToDer(server_.Read(name + ".pem")); }

  // Surveys the port, looking for a second leaf, and expects exactly the named certificates' keys:
  // those s_client is shown, the shown leaf proven.
  PortObservation ExpectKeys(uint16_t port, Protocol protocol,
                             const std::vector<std::string>& names, const ClientWay& way = {}) {
    ProbeOptions options = LoopbackOptions();
    options.all_leaves = true;
    PortObservation seen = Survey(server_.address(), port, protocol, options);
    EXPECT_EQ(seen.outcome, Outcome::kOk) << OutcomeName(seen.outcome) << " at "
                                          << StageName(seen.stage) << " " << seen.detail << "\n"
                                          << server_.Read("log");
    std::vector<std::string> files;
    for (const std::string& name : names) files.push_back(name + ".pem");
    EXPECT_EQ(LeafKeys(seen), FileKeys(server_, files)) << seen.detail;
    EXPECT_EQ(LeafKeys(seen), ClientKeys(server_, port, way));
    EXPECT_EQ(seen.tls && seen.tls->proof == Proof::kVerified, true);
    if (seen.tls && seen.tls->other_leaf) {
      EXPECT_EQ(seen.tls->other_leaf->proof, Proof::kVerified);
    }
    return seen;
  }

  ServerProcess server_;
};

}  // namespace hark
