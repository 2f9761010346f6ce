// nginx of every age, lighttpd, HAProxy and stunnel: every certificate's key s_client is shown.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/integration/real_servers/tls_fixture.h"

namespace hark {
namespace {

constexpr uint16_t kTls10 = 0x0301;
constexpr uint16_t kTls11 = 0x0302;
constexpr uint16_t kTls12 = 0x0303;
constexpr uint16_t kTls13 = 0x0304;

class Nginx : public TlsServerTest {
 protected:
  void Serve(const std::vector<std::string>& certificates, const std::string& directives) {
    if (!server_.Has("/usr/sbin/nginx", "nginx-light")) return;
    std::string config =
        StrCat("daemon off;\nmaster_process off;\npid ", server_.Path("pid"), ";\nerror_log ",
               server_.Path("log"), ";\nevents {}\nhttp {\naccess_log off;\n",
               "client_body_temp_path ", server_.Path("a"), ";\nproxy_temp_path ",
               server_.Path("b"), ";\nfastcgi_temp_path ", server_.Path("c"), ";\nuwsgi_temp_path ",
               server_.Path("d"), ";\nscgi_temp_path ", server_.Path("e"), ";\nserver {\nlisten ",
               server_.ip(), ":", port_, " ssl;\n", directives, "\n");
    for (const std::string& name : certificates) {
      config += StrCat("ssl_certificate ", server_.Path(name + ".pem"), ";\nssl_certificate_key ",
                       server_.Path(name + ".key"), ";\n");
    }
    server_.Write("nginx.conf", config + "}\n}\n");
    server_.Start({"/usr/sbin/nginx", "-c", server_.Path("nginx.conf"), "-p", server_.Path(""),
                   "-e", server_.Path("log")},
                  {port_});
  }

  const uint16_t port_ = server_.NewPort();
};

TEST_F(Nginx, WithTwoCertificatesShowsBoth) {
  Serve({"ecdsa", "rsa"}, "ssl_protocols TLSv1.2 TLSv1.3;");
  const PortObservation seen = ExpectKeys(port_, Protocol::kHttps, {"ecdsa", "rsa"});
  ASSERT_TRUE(seen.tls);
  EXPECT_EQ(seen.connections, 2u);
  EXPECT_EQ(seen.tls->version, kTls13);
  EXPECT_EQ(seen.tls->group, "x25519");
  EXPECT_FALSE(seen.tls->legacy_pass);
}

TEST_F(Nginx, WithTwoCertificatesAndTls12OnlyShowsBoth) {
  Serve({"rsa", "ecdsa"}, "ssl_protocols TLSv1.2;");
  const PortObservation seen = ExpectKeys(port_, Protocol::kHttps, {"ecdsa", "rsa"});
  EXPECT_EQ(seen.connections, 2u);
}

TEST_F(Nginx, WithTls12OnlyIsServedByTheModernPass) {
  Serve({"rsa"}, "ssl_protocols TLSv1.2;");
  const PortObservation seen = ExpectKeys(port_, Protocol::kHttps, {"rsa"});
  ASSERT_TRUE(seen.tls);
  EXPECT_EQ(seen.tls->version, kTls12);
  EXPECT_EQ(seen.tls->group, "x25519");
  EXPECT_FALSE(seen.tls->legacy_pass);
  EXPECT_EQ(seen.tls->chain, std::vector<std::string>{Der("rsa")});
}

TEST_F(Nginx, WithTls13OnlyShowsEachOfItsKeys) {
  Serve({"ecdsa384"}, "ssl_protocols TLSv1.3;");
  const PortObservation seen = ExpectKeys(port_, Protocol::kHttps, {"ecdsa384"});
  ASSERT_TRUE(seen.tls);
  EXPECT_EQ(seen.tls->version, kTls13);
}

TEST_F(Nginx, WithTls13OnlyAndTwoCertificatesShowsBoth) {
  Serve({"ecdsa384", "rsa"}, "ssl_protocols TLSv1.3;");
  ExpectKeys(port_, Protocol::kHttps, {"ecdsa384", "rsa"});
}

TEST_F(Nginx, WithTls10OnlyIsServedByTheLegacyPass) {
  Serve({"rsa"}, "ssl_protocols TLSv1; ssl_ciphers ALL:@SECLEVEL=0;");
  const PortObservation seen = ExpectKeys(port_, Protocol::kHttps, {"rsa"}, {"", "-tls1"});
  ASSERT_TRUE(seen.tls);
  EXPECT_EQ(seen.tls->version, kTls10);
  EXPECT_TRUE(seen.tls->legacy_pass);
  EXPECT_EQ(seen.tls->chain, std::vector<std::string>{Der("rsa")});
}

TEST_F(Nginx, WithTls11OnlyIsServedByTheLegacyPass) {
  Serve({"rsa"}, "ssl_protocols TLSv1.1; ssl_ciphers ALL:@SECLEVEL=0;");
  const PortObservation seen = ExpectKeys(port_, Protocol::kHttps, {"rsa"}, {"", "-tls1_1"});
  ASSERT_TRUE(seen.tls);
  EXPECT_EQ(seen.tls->version, kTls11);
  EXPECT_TRUE(seen.tls->legacy_pass);
}

TEST_F(Nginx, WithRsaKeyExchangeOnlyIsServedByTheLegacyPass) {
  Serve({"rsa"}, "ssl_protocols TLSv1.2; ssl_ciphers AES128-SHA:@SECLEVEL=0;");
  const PortObservation seen = ExpectKeys(port_, Protocol::kHttps, {"rsa"});
  ASSERT_TRUE(seen.tls);
  EXPECT_EQ(seen.tls->cipher_suite, 0x002f);
  EXPECT_EQ(seen.tls->group, "");
  EXPECT_TRUE(seen.tls->legacy_pass);
}

TEST_F(Nginx, AskedForItsCertificatesOnlyShowsTheSameKeys) {
  Serve({"ecdsa", "rsa"}, "ssl_protocols TLSv1.2 TLSv1.3;");
  ProbeOptions options = LoopbackOptions();
  options.handshake = Handshake::kCertificate;
  const PortObservation seen = Survey(server_.address(), port_, Protocol::kHttps, options);
  EXPECT_EQ(seen.outcome, Outcome::kOk) << seen.detail;
  EXPECT_EQ(LeafKeys(seen), ClientKeys(server_, port_));
  ASSERT_TRUE(seen.tls);
  EXPECT_TRUE(seen.tls->stopped_at_certificate);
  EXPECT_EQ(seen.tls->proof, Proof::kUnverified);
}

// As s_client, hark offers Ed25519 too; TLS 1.2 and 1.3 alike.
TEST_F(Nginx, WithAnEd25519CertificateShowsItsKey) {
  server_.Run("openssl req -x509 -nodes -subj /CN=ed -newkey ed25519 -keyout ed.key -out ed.pem");
  Serve({"ed"}, "ssl_protocols TLSv1.2 TLSv1.3;");
  ExpectKeys(port_, Protocol::kHttps, {"ed"});
}

TEST_F(Nginx, AskedForAPageAnswersWithItsHeaders) {
  Serve({"ecdsa"}, "location / { return 204; }");
  ProbeOptions options = LoopbackOptions();
  options.http_get = true;
  const PortObservation seen = Survey(server_.address(), port_, Protocol::kHttps, options);
  EXPECT_EQ(seen.outcome, Outcome::kOk) << seen.detail;
  ASSERT_TRUE(seen.http);
  EXPECT_EQ(seen.http->status_line, "HTTP/1.1 204 No Content");
  EXPECT_THAT(seen.http->headers, ::testing::HasSubstr("Server: nginx/"));
}

TEST_F(Nginx, SpokenToAsSshIsNotThisProtocol) {
  Serve({"rsa"}, "");
  const PortObservation seen = Survey(server_.address(), port_, Protocol::kSsh);
  EXPECT_EQ(seen.outcome, Outcome::kNotThisProtocol) << seen.detail;
}

// lighttpd has one certificate a socket.
TEST_F(TlsServerTest, LighttpdShowsTheKeyOfEachSocket) {
  if (!server_.Has("/usr/sbin/lighttpd", "lighttpd")) return;
  const uint16_t rsa = server_.NewPort();
  const uint16_t ecdsa = server_.NewPort();
  const auto socket = [&](uint16_t port, const std::string& name) {
    return StrCat("$SERVER[\"socket\"] == \"", server_.ip(), ":", port,
                  "\" {\n ssl.engine = \"enable\"\n ssl.pemfile = \"", server_.Path(name + ".pem"),
                  "\"\n ssl.privkey = \"", server_.Path(name + ".key"), "\"\n}\n");
  };
  server_.Run("mkdir web");
  server_.Write(
      "lighttpd.conf",
      StrCat("server.modules = (\"mod_openssl\")\nserver.document-root = \"", server_.Path("web"),
             "\"\nserver.bind = \"", server_.ip(), "\"\nserver.port = ", server_.NewPort(), "\n",
             socket(rsa, "rsa"), socket(ecdsa, "ecdsa")));
  server_.Start({"/usr/sbin/lighttpd", "-D", "-f", server_.Path("lighttpd.conf")}, {rsa, ecdsa});
  ExpectKeys(rsa, Protocol::kHttps, {"rsa"});
  ExpectKeys(ecdsa, Protocol::kHttps, {"ecdsa"});
}

// Of the two certificates of a site (site.pem.rsa, site.pem.ecdsa) HAProxy shows those who name no
// site the first only.
TEST_F(TlsServerTest, HaproxyShowsTheFirstCertificateOfEachBind) {
  if (!server_.Has("/usr/sbin/haproxy", "haproxy")) return;
  server_.Run("cp rsa.both site.pem.rsa && cp ecdsa.both site.pem.ecdsa");
  const uint16_t both = server_.NewPort();
  const uint16_t modern = server_.NewPort();
  const auto bind = [&](uint16_t port, const std::string& file, const char* version) {
    return StrCat("  bind ", server_.ip(), ":", port, " ssl crt ", server_.Path(file),
                  " ssl-min-ver ", version, "\n");
  };
  server_.Write("haproxy.cfg",
                StrCat("global\n  maxconn 100\ndefaults\n  mode http\n  timeout connect 5s\n"
                       "  timeout client 30s\n  timeout server 30s\nfrontend site\n",
                       bind(both, "site.pem", "TLSv1.2"), bind(modern, "ecdsa384.both", "TLSv1.3"),
                       "  http-request return status 204\n"));
  server_.Start({"/usr/sbin/haproxy", "-db", "-f", server_.Path("haproxy.cfg")}, {both, modern});
  ExpectKeys(both, Protocol::kHttps, {"ecdsa"});
  ExpectKeys(modern, Protocol::kHttps, {"ecdsa384"});
}

TEST_F(TlsServerTest, StunnelShowsTheKeyOfEachService) {
  if (!server_.Has("/usr/bin/stunnel", "stunnel4")) return;
  const uint16_t rsa = server_.NewPort();
  const uint16_t ecdsa = server_.NewPort();
  const uint16_t old = server_.NewPort();
  const auto service = [&](uint16_t port, const std::string& name, const std::string& more) {
    return StrCat("[", port, "]\naccept = ", server_.ip(), ":", port, "\nconnect = ", server_.ip(),
                  ":1\ncert = ", server_.Path(name + ".both"), "\n", more);
  };
  server_.Write("stunnel.conf",
                StrCat("foreground = yes\npid =\nsyslog = no\n", service(rsa, "rsa", ""),
                       service(ecdsa, "ecdsa", "sslVersionMin = TLSv1.3\n"),
                       service(old, "rsa",
                               "sslVersionMin = TLSv1\nsslVersionMax = TLSv1.1\n"
                               "ciphers = ALL:@SECLEVEL=0\nsecurityLevel = 0\n")));
  server_.Start({"/usr/bin/stunnel", server_.Path("stunnel.conf")}, {rsa, ecdsa, old});
  ExpectKeys(rsa, Protocol::kHttps, {"rsa"});
  ExpectKeys(ecdsa, Protocol::kImaps, {"ecdsa"});
  const PortObservation seen = ExpectKeys(old, Protocol::kHttps, {"rsa"}, {"", "-tls1_1"});
  ASSERT_TRUE(seen.tls);
  EXPECT_EQ(seen.tls->version, kTls11);
}

}  // namespace
}  // namespace hark
