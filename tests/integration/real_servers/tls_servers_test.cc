// nginx of every age, and openssl s_server where nginx cannot be that old.

#include <gtest/gtest.h>

#include "base/strings.h"
#include "keys/certificate.h"
#include "tests/integration/real_servers/loopback_driver.h"
#include "tests/integration/real_servers/server_process.h"

namespace hark {
namespace {

constexpr uint16_t kTls10 = 0x0301;
constexpr uint16_t kTls12 = 0x0303;
constexpr uint16_t kTls13 = 0x0304;

class Nginx : public ::testing::Test {
 protected:
  void SetUp() override {
    server_.Run(
        "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes "
        "-keyout ecdsa.key -subj /CN=ecdsa -out ecdsa.pem && "
        "openssl req -x509 -newkey rsa:2048 -nodes -keyout rsa.key -subj /CN=rsa "
        "-out rsa.pem");
  }

  void Serve(const std::vector<std::string>& certificates, const std::string& directives) {
    if (!server_.Has("/usr/sbin/nginx", "nginx")) return;
    std::string config = StrCat(
        "daemon off;\nmaster_process off;\npid ", server_.Path("pid"), ";\nerror_log ",
        server_.Path("log"), ";\nevents {}\nhttp {\naccess_log off;\n", "client_body_temp_path ",
        server_.Path("a"), ";\nproxy_temp_path ", server_.Path("b"), ";\nfastcgi_temp_path ",
        server_.Path("c"), ";\nuwsgi_temp_path ", server_.Path("d"), ";\nscgi_temp_path ",
        server_.Path("e"), ";\nserver {\nlisten 127.0.0.1:", port_, " ssl;\n", directives, "\n");
    for (const std::string& name : certificates) {
      config += StrCat("ssl_certificate ", server_.Path(name + ".pem"), ";\nssl_certificate_key ",
                       server_.Path(name + ".key"), ";\n");
    }
    server_.Write("nginx.conf", config + "}\n}\n");
    server_.Start({"/usr/sbin/nginx", "-c", server_.Path("nginx.conf"), "-p", server_.Path(""),
                   "-e", server_.Path("log")},
                  {port_});
  }

  std::string Der(const std::string& name) { return PemToDer(server_.Read(name + ".pem")); }

  ServerProcess server_;
  const uint16_t port_ = ServerProcess::FreePort();
};

TEST_F(Nginx, WithTwoCertificatesShowsAndProvesBoth) {
  Serve({"ecdsa", "rsa"}, "ssl_protocols TLSv1.2 TLSv1.3;");
  const PortObservation seen = Survey(port_, Protocol::kHttps);
  EXPECT_EQ(seen.outcome, Outcome::kOk) << seen.detail;
  EXPECT_EQ(seen.connections, 2u);
  ASSERT_TRUE(seen.tls);
  EXPECT_EQ(seen.tls->version, kTls13);
  EXPECT_EQ(seen.tls->group, "x25519");
  EXPECT_EQ(seen.tls->proof, Proof::kVerified);
  EXPECT_FALSE(seen.tls->legacy_pass);
  EXPECT_EQ(seen.tls->chain, std::vector<std::string>{Der("ecdsa")});
  ASSERT_TRUE(seen.tls->other_leaf);
  EXPECT_EQ(seen.tls->other_leaf->chain, std::vector<std::string>{Der("rsa")});
  EXPECT_EQ(seen.tls->other_leaf->proof, Proof::kVerified);
}

TEST_F(Nginx, WithTls12OnlyIsServedByTheModernPass) {
  Serve({"rsa"}, "ssl_protocols TLSv1.2;");
  const PortObservation seen = Survey(port_, Protocol::kHttps);
  EXPECT_EQ(seen.outcome, Outcome::kOk) << seen.detail;
  EXPECT_EQ(seen.connections, 1u);
  ASSERT_TRUE(seen.tls);
  EXPECT_EQ(seen.tls->version, kTls12);
  EXPECT_EQ(seen.tls->group, "x25519");
  EXPECT_EQ(seen.tls->chain, std::vector<std::string>{Der("rsa")});
}

TEST_F(Nginx, WithTls10OnlyIsServedByTheLegacyPass) {
  Serve({"rsa"}, "ssl_protocols TLSv1; ssl_ciphers ALL:@SECLEVEL=0;");
  const PortObservation seen = Survey(port_, Protocol::kHttps);
  EXPECT_EQ(seen.outcome, Outcome::kOk) << seen.detail;
  EXPECT_EQ(seen.connections, 2u);
  ASSERT_TRUE(seen.tls);
  EXPECT_EQ(seen.tls->version, kTls10);
  EXPECT_TRUE(seen.tls->legacy_pass);
  EXPECT_EQ(seen.tls->proof, Proof::kVerified);
  EXPECT_EQ(seen.tls->chain, std::vector<std::string>{Der("rsa")});
}

TEST_F(Nginx, WithRsaKeyExchangeOnlyIsServedByTheLegacyPass) {
  Serve({"rsa"}, "ssl_protocols TLSv1.2; ssl_ciphers AES128-SHA:@SECLEVEL=0;");
  const PortObservation seen = Survey(port_, Protocol::kHttps);
  EXPECT_EQ(seen.outcome, Outcome::kOk) << seen.detail;
  ASSERT_TRUE(seen.tls);
  EXPECT_EQ(seen.tls->cipher_suite, 0x002f);
  EXPECT_EQ(seen.tls->group, "");
  EXPECT_TRUE(seen.tls->legacy_pass);
}

TEST_F(Nginx, SpokenToOnAPlainPortIsNotTls) {
  if (!server_.Has("/usr/sbin/nginx", "nginx")) return;
  Serve({"rsa"}, "");
  const PortObservation seen = Survey(port_, Protocol::kSsh);  // HTTPS answers with an HTTP error
  EXPECT_EQ(seen.outcome, Outcome::kNotThisProtocol) << seen.detail;
}

TEST(OpenSslServer, WithA1024BitGroupIsServedByTheLegacyPass) {
  ServerProcess server;
  if (!server.Has("/usr/bin/openssl", "openssl")) return;
  const uint16_t port = ServerProcess::FreePort();
  server.Run(
      "openssl req -x509 -newkey rsa:1024 -nodes -keyout k.pem -subj /CN=old -out c.pem && "
      "openssl dhparam -dsaparam -out dh.pem 1024");
  server.Start(
      {"/usr/bin/openssl", "s_server", "-accept", StrCat("127.0.0.1:", port), "-key",
       server.Path("k.pem"), "-cert", server.Path("c.pem"), "-dhparam", server.Path("dh.pem"),
       "-tls1_1", "-cipher", "DHE-RSA-AES128-SHA:@SECLEVEL=0", "-quiet"},
      {port});
  const PortObservation seen = Survey(port, Protocol::kHttps);
  EXPECT_EQ(seen.outcome, Outcome::kOk) << seen.detail;
  ASSERT_TRUE(seen.tls);
  EXPECT_EQ(seen.tls->group, "dh1024");
  EXPECT_TRUE(seen.tls->legacy_pass);
  EXPECT_EQ(seen.tls->chain, std::vector<std::string>{PemToDer(server.Read("c.pem"))});
}

}  // namespace
}  // namespace hark
