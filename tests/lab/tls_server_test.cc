#include "tests/lab/tls_server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/x509v3.h>

#include "base/strings.h"
#include "tests/lab/internet.h"

namespace hark::lab {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

constexpr uint32_t kHost = 0x7f090001;

// A lab without a network: says to (host, port) and hears what comes back.
class TlsServerTest : public ::testing::Test {
 protected:
  void Serve(const std::string& services) {
    Result<Scenario> scenario = ParseScenario("host 127.9.0.1\n" + services, "test");
    ASSERT_TRUE(scenario.ok()) << scenario.status().message();
    scenario_ = *scenario;
    ASSERT_TRUE(keys_.Prepare(scenario_).ok());
    auto context = TlsContext::Make();
    ASSERT_TRUE(context.ok());
    context_ = std::move(*context);
    internet_ = std::make_unique<Internet>(scenario_, keys_, *context_, clock_);
  }

  std::string Greeting(uint16_t port) {
    server_ = internet_->Answer(Address::V4(kHost), port, Address());
    return server_->Start().send;
  }
  std::string Say(std::string_view bytes) {
    const Turn turn = server_->OnBytes(bytes);
    then_ = turn.then;
    return turn.send;
  }

  // Shakes hands as a client of at most `version`; true if that works. Keeps the session.
  bool Handshake(uint16_t version, const char* signatures = nullptr) {
    client_context_.reset(SSL_CTX_new(TLS_client_method()));
    if (signatures != nullptr) SSL_CTX_set1_sigalgs_list(client_context_.get(), signatures);
    SSL_CTX_set_cipher_list(client_context_.get(), "ALL:@SECLEVEL=0");
    SSL_CTX_set_min_proto_version(client_context_.get(), kTls10);
    SSL_CTX_set_max_proto_version(client_context_.get(), version);
    scts_ = 0;
    // The client's half of RFC 6962 §3.3.1: asks with an empty extension, counts the answers.
    constexpr unsigned kWhere =
        SSL_EXT_CLIENT_HELLO | SSL_EXT_TLS1_2_SERVER_HELLO | SSL_EXT_TLS1_3_CERTIFICATE;
    SSL_CTX_add_custom_ext(client_context_.get(), 18, kWhere, nullptr, nullptr, nullptr, CountSct,
                           &scts_);
    client_.reset(SSL_new(client_context_.get()));
    in_ = BIO_new(BIO_s_mem());
    out_ = BIO_new(BIO_s_mem());
    SSL_set_bio(client_.get(), in_, out_);
    SSL_set_max_cert_list(client_.get(), 1 << 24);
    SSL_set_tlsext_status_type(client_.get(), TLSEXT_STATUSTYPE_ocsp);
    SSL_set_alpn_protos(client_.get(), reinterpret_cast<const unsigned char*>("\x08http/1.1"), 9);
    SSL_set_connect_state(client_.get());
    for (int i = 0; i < 5 && SSL_do_handshake(client_.get()) != 1; ++i) Exchange();
    Exchange();
    return SSL_is_init_finished(client_.get()) == 1;
  }

  std::string SayUnderTls(const std::string& text) {
    SSL_write(client_.get(), text.data(), static_cast<int>(text.size()));
    Exchange();
    return Hear();
  }
  std::string Hear() {
    char buffer[4096];
    const int n = SSL_read(client_.get(), buffer, sizeof buffer);
    return n > 0 ? std::string(buffer, static_cast<size_t>(n)) : "";
  }

  // SHA-256 of the SPKI in the certificate the client was shown.
  std::string SeenKey() {
    X509* certificate = SSL_get0_peer_certificate(client_.get());
    return certificate == nullptr ? "" : Sha256Hex(SpkiDer(X509_get0_pubkey(certificate)));
  }
  std::string KeyId(const std::string& name) {
    return Sha256Hex(keys_.Find(name, scenario_.key_types.at(name))->spki_der);
  }

  ManualClock clock_;
  Scenario scenario_;
  KeyStore keys_{""};
  std::unique_ptr<TlsContext> context_;
  std::unique_ptr<Internet> internet_;
  std::unique_ptr<Conversation> server_;
  int scts_ = 0;
  Turn::Then then_ = Turn::Then::kGoOn;
  std::unique_ptr<SSL_CTX, OpenSslFree<SSL_CTX_free>> client_context_;
  std::unique_ptr<SSL, OpenSslFree<SSL_free>> client_;

 private:
  static int CountSct(SSL*, unsigned, unsigned, const unsigned char*, size_t size, X509*, size_t,
                      int*, void* count) {
    EXPECT_EQ(size, 59U);
    ++*static_cast<int*>(count);
    return 1;
  }

  void Exchange() {
    std::string sent(BIO_ctrl_pending(out_), '\0');
    if (sent.empty()) return;
    BIO_read(out_, sent.data(), static_cast<int>(sent.size()));
    const std::string heard = Say(sent);
    BIO_write(in_, heard.data(), static_cast<int>(heard.size()));
  }

  BIO* in_ = nullptr;
  BIO* out_ = nullptr;
};

TEST_F(TlsServerTest, TurnsToTlsThroughSmtp) {
  Serve("port 25 smtp key=K banner=\"mx ESMTP\"\n");
  EXPECT_EQ(Greeting(25), "220 mx ESMTP\r\n");
  EXPECT_THAT(Say("EHLO me\r\n"), HasSubstr("250-STARTTLS\r\n"));
  EXPECT_THAT(Say("starttls\r\n"), StartsWith("220 "));
  ASSERT_TRUE(Handshake(kTls13));
  EXPECT_EQ(SeenKey(), KeyId("K"));
  EXPECT_THAT(SayUnderTls("EHLO me\r\n"), Not(HasSubstr("STARTTLS")));
}

TEST_F(TlsServerTest, TurnsToTlsThroughPop3AndImap) {
  Serve("port 110 pop3 key=K\nport 143 imap key=L\n");
  EXPECT_THAT(Greeting(110), StartsWith("+OK "));
  EXPECT_THAT(Say("CAPA\r\n"), HasSubstr("STLS\r\n"));
  EXPECT_THAT(Say("STLS\r\n"), StartsWith("+OK "));
  ASSERT_TRUE(Handshake(kTls13));
  EXPECT_EQ(SeenKey(), KeyId("K"));
  EXPECT_THAT(Greeting(143), StartsWith("* OK "));
  EXPECT_THAT(Say("a CAPABILITY\r\n"), HasSubstr(" STARTTLS "));
  EXPECT_THAT(Say("b STARTTLS\r\n"), StartsWith("b OK "));
  ASSERT_TRUE(Handshake(kTls13));
  EXPECT_EQ(SeenKey(), KeyId("L"));
}

TEST_F(TlsServerTest, ServesAPageOverHttps) {
  Serve("port 443 https key=K banner=lighttpd\n");
  EXPECT_EQ(Greeting(443), "");
  ASSERT_TRUE(Handshake(kTls13));
  const std::string page = SayUnderTls("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_THAT(page, HasSubstr("HTTP/1.1 200 OK\r\nServer: lighttpd\r\n"));
  EXPECT_EQ(then_, Turn::Then::kFinish);
}

TEST_F(TlsServerTest, GreetsUnderTlsOnImaps) {
  Serve("port 993 imaps key=K\nport 995 pop3s key=K\nport 465 smtps key=K\n");
  for (const auto& [port, greeting] :
       {std::pair<uint16_t, const char*>{993, "* OK "}, {995, "+OK "}, {465, "220 "}}) {
    EXPECT_EQ(Greeting(port), "");
    ASSERT_TRUE(Handshake(kTls13));
    EXPECT_THAT(Hear(), StartsWith(greeting));
  }
}

TEST_F(TlsServerTest, SpeaksExactlyTheVersionsOfTheScenario) {
  Serve(
      "port 443 https key=K tls=1.0\nport 444 https key=K tls=1.1-1.2\n"
      "port 445 https key=K tls=1.3\n");
  const struct {
    uint16_t port, client;
    bool works;
    uint16_t spoken;
  } rows[] = {{443, kTls13, true, kTls10},     {443, kTls10, true, kTls10},
              {444, kTls10, false, 0},         {444, kTls10 + 1, true, kTls10 + 1},
              {444, kTls13, true, kTls10 + 2}, {445, kTls10 + 2, false, 0},
              {445, kTls13, true, kTls13}};
  for (const auto& row : rows) {
    Greeting(row.port);
    EXPECT_EQ(Handshake(row.client), row.works) << row.port << ' ' << row.client;
    if (row.works) {
      EXPECT_EQ(SSL_version(client_.get()), row.spoken);
    }
  }
}

TEST_F(TlsServerTest, ServesEveryKeyTypeTlsHas) {
  Serve(
      "key a type=ed25519\nkey b type=ecdsa-p256\nkey c type=ecdsa-p384\n"
      "key d type=ecdsa-p521\nkey e type=rsa-1024\nkey f type=rsa-2048\n"
      "port 1001 https key=a\nport 1002 https key=b\nport 1003 https key=c\n"
      "port 1004 https key=d\nport 1005 https key=e\nport 1006 https key=f\n");
  const char* names[] = {"a", "b", "c", "d", "e", "f"};
  for (uint16_t i = 0; i < 6; ++i) {
    for (const uint16_t version : {uint16_t{kTls10 + 2}, kTls13}) {
      Greeting(static_cast<uint16_t>(1001 + i));
      EXPECT_TRUE(Handshake(version)) << names[i];
      EXPECT_EQ(SeenKey(), KeyId(names[i]));
    }
  }
}

TEST_F(TlsServerTest, ShowsTheCertificateOfTheKindTheClientCanVerify) {
  Serve(
      "key r type=rsa-2048\nkey e type=ecdsa-p256\n"
      "port 443 https key=r,e\nport 444 https key=e,r tls=1.2\n");
  for (const uint16_t port : {443, 444}) {
    Greeting(port);
    EXPECT_TRUE(Handshake(kTls13, "ECDSA+SHA256"));
    EXPECT_EQ(SeenKey(), KeyId("e"));
    Greeting(port);
    EXPECT_TRUE(Handshake(kTls13, "RSA-PSS+SHA256:RSA+SHA256"));
    EXPECT_EQ(SeenKey(), KeyId("r"));
  }
}

TEST_F(TlsServerTest, SendsAsManyCertificatesAsTheScenarioSays) {
  Serve("port 443 https key=k chain=3\nport 444 https key=k chain=1000 tls=1.2\n");
  for (const auto& [port, length] : {std::pair<uint16_t, int>{443, 4}, {444, 1001}}) {
    Greeting(port);
    ASSERT_TRUE(Handshake(kTls13));
    STACK_OF(X509)* chain = SSL_get_peer_cert_chain(client_.get());
    EXPECT_EQ(sk_X509_num(chain), length);
    for (int i = 0; i + 1 < length; ++i) {
      EXPECT_EQ(X509_check_issued(sk_X509_value(chain, i + 1), sk_X509_value(chain, i)), X509_V_OK);
    }
    EXPECT_EQ(SeenKey(), KeyId("k"));
  }
}

TEST_F(TlsServerTest, CertifiesManyNamesAndOddDates) {
  Serve(
      "port 443 https key=k sans=1577\nport 444 https key=k dates=expired\n"
      "port 445 https key=k dates=9999\n");
  Greeting(443);
  ASSERT_TRUE(Handshake(kTls13));
  X509* leaf = SSL_get0_peer_certificate(client_.get());
  auto* names =
      static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(leaf, NID_subject_alt_name, nullptr, nullptr));
  EXPECT_EQ(sk_GENERAL_NAME_num(names), 1577);
  GENERAL_NAMES_free(names);
  Greeting(444);
  ASSERT_TRUE(Handshake(kTls13));
  EXPECT_LT(X509_cmp_current_time(X509_get0_notAfter(SSL_get0_peer_certificate(client_.get()))), 0);
  Greeting(445);
  ASSERT_TRUE(Handshake(kTls13));
  const ASN1_TIME* end = X509_get0_notAfter(SSL_get0_peer_certificate(client_.get()));
  EXPECT_EQ(std::string(reinterpret_cast<const char*>(ASN1_STRING_get0_data(end))),
            "99991231235959Z");
}

TEST_F(TlsServerTest, StaplesTagsChoosesAndResumesOnlyWhereTheScenarioSaysSo) {
  Serve(
      "port 443 https key=k ocsp=yes sct=yes alpn=yes tickets=yes\nport 444 https key=k\n"
      "port 445 https key=k ocsp=yes chain=1\n");
  for (const uint16_t version : {uint16_t{kTls10 + 2}, kTls13}) {
    for (const uint16_t port : {443, 444, 445}) {
      Greeting(port);
      ASSERT_TRUE(Handshake(version));
      const unsigned char* bytes = nullptr;
      EXPECT_EQ(SSL_get_tlsext_status_ocsp_resp(client_.get(), &bytes) > 0, port != 444);
      EXPECT_EQ(scts_ > 0, port == 443) << version;
      unsigned size = 0;
      SSL_get0_alpn_selected(client_.get(), &bytes, &size);
      EXPECT_EQ(size, port == 443 ? 8U : 0U);
      Hear();  // under TLS 1.3 tickets come after the handshake
      EXPECT_EQ(SSL_SESSION_has_ticket(SSL_get_session(client_.get())), port == 443 ? 1 : 0);
    }
  }
}

TEST_F(TlsServerTest, DoesNotOfferOrDeclinesTlsWhereTheScenarioSaysSo) {
  Serve(
      "port 25 smtp\nport 26 smtp key=K behaviour=no-starttls\n"
      "port 27 smtp key=K behaviour=starttls-refused\n"
      "port 110 pop3 key=K behaviour=starttls-refused\nport 143 imap key=K "
      "behaviour=starttls-refused\n");
  for (uint16_t port : {25, 26}) {
    Greeting(port);
    EXPECT_THAT(Say("EHLO me\r\n"), Not(HasSubstr("STARTTLS")));
    EXPECT_THAT(Say("STARTTLS\r\n"), StartsWith("502 "));
  }
  Greeting(27);
  EXPECT_THAT(Say("EHLO me\r\n"), HasSubstr("STARTTLS"));
  EXPECT_THAT(Say("STARTTLS\r\n"), StartsWith("454 "));
  Greeting(110);
  EXPECT_THAT(Say("STLS\r\n"), StartsWith("-ERR "));
  Greeting(143);
  EXPECT_THAT(Say("x STARTTLS\r\n"), StartsWith("x NO "));
}

TEST_F(TlsServerTest, EndsBadlyInTheMiddleOfAHandshakeWhenAsked) {
  Serve(
      "port 443 https key=K behaviour=tls-alert\nport 444 https key=K behaviour=close-in-hello\n"
      "port 25 smtp key=K behaviour=tls-alert\n");
  Greeting(443);
  EXPECT_EQ(Say("any hello"), std::string("\x15\x03\x01\x00\x02\x02\x28", 7));
  EXPECT_EQ(then_, Turn::Then::kFinish);
  Greeting(444);
  EXPECT_EQ(Say("any hello"), "");
  EXPECT_EQ(then_, Turn::Then::kFinish);
  Greeting(25);
  EXPECT_THAT(Say("STARTTLS\r\n"), StartsWith("220 "));
  EXPECT_FALSE(Handshake(kTls13));
}

TEST_F(TlsServerTest, AnswersAlertToWhatIsNoHandshakeAndHangsUp) {
  Serve("port 443 https key=K\n");
  Greeting(443);
  Say("GET / HTTP/1.1\r\n\r\n");
  EXPECT_EQ(then_, Turn::Then::kFinish);
}

TEST_F(TlsServerTest, HangsUpOnALineWithoutEnd) {
  Serve("port 25 smtp key=K\n");
  Greeting(25);
  Say(std::string(9000, 'a'));
  EXPECT_EQ(then_, Turn::Then::kFinish);
}

TEST_F(TlsServerTest, ForgetsWhatWasSaidInClearTogetherWithStartTls) {
  Serve("port 25 smtp key=K\n");
  Greeting(25);
  EXPECT_THAT(Say("STARTTLS\r\nEHLO injected\r\n"), Not(HasSubstr("250")));
  ASSERT_TRUE(Handshake(kTls13));
  EXPECT_EQ(SayUnderTls("NOOP\r\n"), "250 2.0.0 Ok\r\n");
}

TEST_F(TlsServerTest, AnswersTheSameHoweverTheStreamIsCut) {
  Serve("port 143 imap key=K\n");
  Greeting(143);
  std::string said;
  for (char c : std::string("a CAPABILITY\r\nb NOOP\r\nc LOGOUT\r\n")) said += Say({&c, 1});
  Greeting(143);
  EXPECT_EQ(Say("a CAPABILITY\r\nb NOOP\r\nc LOGOUT\r\n"), said);
  EXPECT_THAT(said, HasSubstr("* BYE"));
}

}  // namespace
}  // namespace hark::lab
