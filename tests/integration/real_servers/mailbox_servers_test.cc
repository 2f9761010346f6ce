// Dovecot: the certificates behind STARTTLS and from the first byte, and the words before them.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/integration/real_servers/tls_fixture.h"

namespace hark {
namespace {

using ::testing::HasSubstr;

class Dovecot : public TlsServerTest {
 protected:
  // `certificates` are the lines that name them, or switch TLS off.
  void Serve(const std::string& certificates) {
    if (!server_.Has("/usr/sbin/dovecot", "dovecot-imapd dovecot-pop3d")) return;
    const bool tls = !certificates.starts_with("ssl = no");
    const auto listener = [](const char* name, uint16_t port, const char* ssl) {
      return StrCat("  inet_listener ", name, " {\n    port = ", port, "\n", ssl, "  }\n");
    };
    const char* ssl = "    ssl = yes\n";
    server_.Write(
        "dovecot.conf",
        StrCat("base_dir = ", server_.Path("base"), "\nstate_dir = ", server_.Path("state"),
               "\nlog_path = ", server_.Path("log"), "\nprotocols = imap pop3\nlisten = ",
               server_.ip(), "\nmail_location = maildir:", server_.Path("mail"), "\n", certificates,
               "service imap-login {\n", listener("imap", imap_, ""),
               listener("imaps", tls ? imaps_ : 0, ssl), "}\nservice pop3-login {\n",
               listener("pop3", pop3_, ""), listener("pop3s", tls ? pop3s_ : 0, ssl), "}\n",
               "passdb {\n  driver = static\n  args = nopassword=y\n}\n",
               "userdb {\n  driver = static\n  args = uid=nobody gid=nogroup home=/tmp\n}\n"));
    std::vector<uint16_t> ports = {imap_, pop3_};
    if (tls) ports.insert(ports.end(), {imaps_, pop3s_});
    server_.Start({"/usr/sbin/dovecot", "-F", "-c", server_.Path("dovecot.conf")}, ports);
  }

  std::string Certificate(const std::string& name, const char* which) const {
    return StrCat("ssl_", which, "cert = <", server_.Path(name + ".pem"), "\nssl_", which,
                  "key = <", server_.Path(name + ".key"), "\n");
  }

  const uint16_t imap_ = server_.NewPort();
  const uint16_t imaps_ = server_.NewPort();
  const uint16_t pop3_ = server_.NewPort();
  const uint16_t pop3s_ = server_.NewPort();
};

TEST_F(Dovecot, ShowsBothCertificatesOnEveryPort) {
  Serve(StrCat("ssl = yes\n", Certificate("rsa", ""), Certificate("ecdsa", "alt_")));
  ExpectKeys(imap_, Protocol::kImap, {"rsa", "ecdsa"}, {"imap", ""});
  ExpectKeys(pop3_, Protocol::kPop3, {"rsa", "ecdsa"}, {"pop3", ""});
  ExpectKeys(imaps_, Protocol::kImaps, {"rsa", "ecdsa"});
  ExpectKeys(pop3s_, Protocol::kPop3s, {"rsa", "ecdsa"});
}

TEST_F(Dovecot, WithOneCertificateShowsItOnEveryPort) {
  Serve(StrCat("ssl = yes\n", Certificate("ecdsa384", "")));
  ExpectKeys(imap_, Protocol::kImap, {"ecdsa384"}, {"imap", ""});
  ExpectKeys(pop3_, Protocol::kPop3, {"ecdsa384"}, {"pop3", ""});
  ExpectKeys(imaps_, Protocol::kImaps, {"ecdsa384"});
  ExpectKeys(pop3s_, Protocol::kPop3s, {"ecdsa384"});
}

TEST_F(Dovecot, IsVisitedWithAllItsPortsInOneVisit) {
  Serve(StrCat("ssl = yes\n", Certificate("rsa", "")));
  SurveyFactory factory(LoopbackOptions());
  const std::map<uint16_t, Protocol> spoken = {{imap_, Protocol::kImap},
                                               {pop3_, Protocol::kPop3},
                                               {imaps_, Protocol::kImaps},
                                               {pop3s_, Protocol::kPop3s}};
  const std::vector<PortObservation> host =
      VisitHost(server_.address(), {imap_, imaps_, pop3_, pop3s_},
                [&](uint16_t port, const Address&) { return factory.Make(port, spoken.at(port)); });
  for (const PortObservation& seen : host) {
    EXPECT_EQ(seen.outcome, Outcome::kOk) << ProtocolName(seen.protocol) << " " << seen.detail;
    EXPECT_EQ(LeafKeys(seen), FileKeys(server_, {"rsa.pem"}));
  }
}

TEST_F(Dovecot, TellsItsGreetingAndCapabilities) {
  Serve(StrCat("ssl = yes\n", Certificate("rsa", "")));
  const PortObservation imap = Survey(server_.address(), imap_, Protocol::kImap);
  EXPECT_THAT(imap.greeting, HasSubstr("* OK [CAPABILITY IMAP4rev1"));
  ASSERT_TRUE(imap.mail);
  EXPECT_TRUE(imap.mail->starttls_offered);
  EXPECT_FALSE(imap.mail->starttls_forced);
  EXPECT_EQ(imap.mail->smuggled_bytes, 0u);
  const PortObservation pop3 = Survey(server_.address(), pop3_, Protocol::kPop3);
  EXPECT_THAT(pop3.greeting, HasSubstr("+OK Dovecot"));
  ASSERT_TRUE(pop3.mail);
  EXPECT_TRUE(pop3.mail->starttls_offered);
  EXPECT_THAT(pop3.mail->capabilities, HasSubstr("\r\nSTLS\r\n"));
}

TEST_F(Dovecot, WithoutTlsIsAFineConversationAllTheSame) {
  Serve("ssl = no\n");
  for (const auto& [port, protocol] :
       {std::pair(imap_, Protocol::kImap), std::pair(pop3_, Protocol::kPop3)}) {
    const PortObservation seen = Survey(server_.address(), port, protocol);
    EXPECT_EQ(seen.outcome, Outcome::kStartTlsRefused) << seen.detail;
    EXPECT_EQ(seen.stage, Stage::kStartTls);
    EXPECT_FALSE(seen.tls);
  }
}

}  // namespace
}  // namespace hark
