// Postfix and Dovecot: the certificate behind STARTTLS, and the words before it.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "base/strings.h"
#include "tests/integration/real_servers/loopback_driver.h"
#include "tests/integration/real_servers/server_process.h"

namespace hark {
namespace {

using ::testing::HasSubstr;

void MakeCertificate(const ServerProcess& server) {
  server.Run(
      "openssl req -x509 -newkey rsa:2048 -nodes -keyout k.pem -subj /CN=mail -out c.pem "
      "&& chmod 644 k.pem c.pem");
}

void ExpectCertificate(const PortObservation& seen, const ServerProcess& server) {
  EXPECT_EQ(seen.outcome, Outcome::kOk) << OutcomeName(seen.outcome) << " " << seen.detail << "\n"
                                        << server.Read("log");
  ASSERT_TRUE(seen.tls);
  EXPECT_EQ(seen.tls->proof, Proof::kVerified);
  EXPECT_EQ(seen.tls->chain, std::vector<std::string>{PemToDer(server.Read("c.pem"))});
}

class Dovecot : public ::testing::Test {
 protected:
  void Serve(const std::string& ssl) {
    if (!server_.Has("/usr/sbin/dovecot", "dovecot-imapd dovecot-pop3d")) return;
    MakeCertificate(server_);
    server_.Write(
        "dovecot.conf",
        StrCat("base_dir = ", server_.Path("base"), "\nstate_dir = ", server_.Path("state"),
               "\nlog_path = ", server_.Path("log"),
               "\nprotocols = imap pop3\nlisten = 127.0.0.1\nmail_location = maildir:",
               server_.Path("mail"), "\nssl = ", ssl, "\nssl_cert = <", server_.Path("c.pem"),
               "\nssl_key = <", server_.Path("k.pem"),
               "\nservice imap-login {\n  inet_listener imap {\n    port = ", imap_,
               "\n  }\n  inet_listener imaps {\n    port = ", imaps_,
               "\n    ssl = yes\n  }\n}\nservice pop3-login {\n  inet_listener pop3 {\n    port = ",
               pop3_, "\n  }\n  inet_listener pop3s {\n    port = 0\n  }\n}\n",
               "passdb {\n  driver = static\n  args = nopassword=y\n}\n",
               "userdb {\n  driver = static\n  args = uid=nobody gid=nogroup home=/tmp\n}\n"));
    std::vector<uint16_t> ports = {imap_, pop3_};
    if (ssl != "no") ports.push_back(imaps_);
    server_.Start({"/usr/sbin/dovecot", "-F", "-c", server_.Path("dovecot.conf")}, ports);
  }

  ServerProcess server_;
  const uint16_t imap_ = ServerProcess::FreePort();
  const uint16_t imaps_ = ServerProcess::FreePort();
  const uint16_t pop3_ = ServerProcess::FreePort();
};

TEST_F(Dovecot, ShowsItsCertificateOnEveryPort) {
  Serve("yes");
  const PortObservation imap = Survey(imap_, Protocol::kImap);
  ExpectCertificate(imap, server_);
  EXPECT_THAT(imap.greeting, HasSubstr("* OK [CAPABILITY IMAP4rev1"));
  const PortObservation pop3 = Survey(pop3_, Protocol::kPop3);
  ExpectCertificate(pop3, server_);
  EXPECT_THAT(pop3.greeting, HasSubstr("\r\nSTLS\r\n"));
  ExpectCertificate(Survey(imaps_, Protocol::kImaps), server_);
}

TEST_F(Dovecot, WithoutTlsIsAFineConversationAllTheSame) {
  Serve("no");
  for (const auto& [port, protocol] :
       {std::pair(imap_, Protocol::kImap), std::pair(pop3_, Protocol::kPop3)}) {
    const PortObservation seen = Survey(port, protocol);
    EXPECT_EQ(seen.outcome, Outcome::kStartTlsRefused) << seen.detail;
    EXPECT_EQ(seen.stage, Stage::kStartTls);
    EXPECT_FALSE(seen.tls);
  }
}

TEST(Postfix, ShowsItsCertificateAfterStartTls) {
  ServerProcess server;
  if (!server.Has("/usr/sbin/postfix", "postfix")) return;
  if (geteuid() != 0) GTEST_SKIP() << "postfix's master starts as root only";
  MakeCertificate(server);
  const uint16_t port = ServerProcess::FreePort();
  server.Run("mkdir config queue data && chown postfix data");
  server.Write("config/main.cf",
               StrCat("compatibility_level = 3.6\nqueue_directory = ", server.Path("queue"),
                      "\ndata_directory = ", server.Path("data"),
                      "\nmyhostname = mail.hark.example\nmydestination =\n"
                      "inet_interfaces = 127.0.0.1\ninet_protocols = ipv4\nalias_maps =\n"
                      "maillog_file = /dev/stdout\nsmtpd_tls_security_level = may\n"
                      "smtpd_tls_cert_file = ",
                      server.Path("c.pem"), "\nsmtpd_tls_key_file = ", server.Path("k.pem"), "\n"));
  server.Write("config/master.cf",
               StrCat("127.0.0.1:", port,
                      " inet n - n - - smtpd\n"
                      "postlog unix-dgram n - n - 1 postlogd\n"
                      "tlsmgr unix - - n 1000? 1 tlsmgr\nrewrite unix - - n - - trivial-rewrite\n"
                      "anvil unix - - n - 1 anvil\nproxymap unix - - n - - proxymap\n"
                      "cleanup unix n - n - 0 cleanup\n"));
  server.Start({"/usr/sbin/postfix", "-c", server.Path("config"), "start-fg"}, {port});
  server.StopWith("postfix -c " + server.Path("config") + " stop");  // master leads its own session
  const PortObservation seen = Survey(port, Protocol::kSmtp);
  ExpectCertificate(seen, server);
  EXPECT_THAT(seen.greeting, HasSubstr("220 mail.hark.example ESMTP Postfix"));
  EXPECT_THAT(seen.greeting, HasSubstr("250-STARTTLS\r\n"));
}

}  // namespace
}  // namespace hark
