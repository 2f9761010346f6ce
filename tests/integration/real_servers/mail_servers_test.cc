// Postfix, Exim and OpenSMTPD: the certificates behind STARTTLS, the words before it, and the
// patience with a server that makes its clients wait.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "tests/integration/real_servers/tls_fixture.h"

namespace hark {
namespace {

using std::chrono::seconds;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

constexpr uint8_t kInternalError = 80;  // RFC 8446 §6
const ClientWay kStartTls = {"smtp", ""};

// These servers need their own users: they are started by root only.
#define ROOT_ONLY(what) \
  if (geteuid() != 0) GTEST_SKIP() << what << " starts as root only"

void ExpectOffer(const PortObservation& seen) {
  ASSERT_TRUE(seen.mail);
  EXPECT_TRUE(seen.mail->starttls_offered);
  EXPECT_FALSE(seen.mail->starttls_forced);
  EXPECT_FALSE(seen.mail->said_helo);
  EXPECT_EQ(seen.mail->smuggled_bytes, 0u);
  EXPECT_THAT(seen.mail->capabilities, AllOf(StartsWith("250-"), HasSubstr("STARTTLS\r\n")));
  EXPECT_THAT(seen.mail->starttls_reply, StartsWith("220 "));
}

class Postfix : public TlsServerTest {
 protected:
  // Lines of main.cf and of master.cf beyond what every Postfix of these tests has.
  void Serve(const std::string& main, const std::string& services,
             const std::vector<uint16_t>& ports) {
    if (!server_.Has("/usr/sbin/postfix", "postfix")) return;
    server_.Run("mkdir config queue data && chown postfix data");
    server_.Write(
        "config/main.cf",
        StrCat("compatibility_level = 3.6\nqueue_directory = ", server_.Path("queue"),
               "\ndata_directory = ", server_.Path("data"),
               "\nmyhostname = mail.hark.example\nmydestination =\n"
               "inet_interfaces = 127.0.0.1\n"  // an interface's own; bound is what master.cf says
               "inet_protocols = ipv4\nalias_maps =\nmaillog_file = /dev/stdout\n"
               "smtpd_peername_lookup = no\ndisable_dns_lookups = yes\n"
               "smtpd_tls_security_level = may\nsmtpd_tls_chain_files = ",
               server_.Path("rsa.both"), ", ", server_.Path("ecdsa.both"), "\n", main));
    server_.Write("config/master.cf",
                  StrCat(services,
                         "postlog unix-dgram n - n - 1 postlogd\n"
                         "tlsmgr unix - - n 1000? 1 tlsmgr\n"
                         "rewrite unix - - n - - trivial-rewrite\nanvil unix - - n - 1 anvil\n"
                         "proxymap unix - - n - - proxymap\ncleanup unix n - n - 0 cleanup\n"));
    server_.Start({"/usr/sbin/postfix", "-c", server_.Path("config"), "start-fg"}, ports);
    // Its master leads a session of its own.
    server_.StopWith("postfix -c " + server_.Path("config") + " stop");
  }

  std::string At(uint16_t port) const { return StrCat(server_.ip(), ":", port); }
};

TEST_F(Postfix, ShowsBothCertificatesAfterStartTlsAndWithout) {
  ROOT_ONLY("postfix");
  const uint16_t smtp = server_.NewPort();
  const uint16_t smtps = server_.NewPort();
  Serve("",
        StrCat(At(smtp), " inet n - n - - smtpd\n", At(smtps),
               " inet n - n - - smtpd\n  -o smtpd_tls_wrappermode=yes\n"),
        {smtp, smtps});
  const PortObservation seen = ExpectKeys(smtp, Protocol::kSmtp, {"rsa", "ecdsa"}, kStartTls);
  EXPECT_EQ(seen.greeting, "220 mail.hark.example ESMTP Postfix\r\n");
  ExpectOffer(seen);
  ExpectKeys(smtps, Protocol::kSmtps, {"rsa", "ecdsa"});
}

TEST_F(Postfix, WithAnOldTlsIsServedByTheLegacyPass) {
  ROOT_ONLY("postfix");
  const uint16_t smtp = server_.NewPort();
  Serve(
      "smtpd_tls_protocols = TLSv1\ntls_high_cipherlist = ALL:@SECLEVEL=0\n"
      "tls_medium_cipherlist = ALL:@SECLEVEL=0\nsmtpd_tls_ciphers = medium\n",
      StrCat(At(smtp), " inet n - n - - smtpd\n"), {smtp});
  const PortObservation seen =
      ExpectKeys(smtp, Protocol::kSmtp, {"rsa", "ecdsa"}, {"smtp", "-tls1"});
  ASSERT_TRUE(seen.tls);
  EXPECT_EQ(seen.tls->version, 0x0301);
  EXPECT_TRUE(seen.tls->legacy_pass);
}

// Told to hide STARTTLS, Postfix refuses it as well: s_client, which asks all the same, sees no
// more.
TEST_F(Postfix, WithoutStartTlsIsAskedForItOnceIfTheSurveyWants) {
  ROOT_ONLY("postfix");
  const uint16_t smtp = server_.NewPort();
  Serve("smtpd_discard_ehlo_keywords = starttls\n", StrCat(At(smtp), " inet n - n - - smtpd\n"),
        {smtp});
  for (const bool force : {false, true}) {
    ProbeOptions options = LoopbackOptions();
    options.force_starttls = force;
    const PortObservation seen = Survey(server_.address(), smtp, Protocol::kSmtp, options);
    EXPECT_EQ(seen.outcome, Outcome::kStartTlsRefused) << seen.detail;
    EXPECT_EQ(LeafKeys(seen), ClientKeys(server_, smtp, kStartTls));
    ASSERT_TRUE(seen.mail);
    EXPECT_FALSE(seen.mail->starttls_offered);
    EXPECT_EQ(seen.mail->starttls_forced, force);
    EXPECT_THAT(seen.mail->starttls_reply, StartsWith(force ? "502 5.5.1 " : ""));
  }
}

// Postfix's own recipe against those who cannot wait: silence, and who talks into it is sent away.
TEST_F(Postfix, ThatDelaysItsGreetingIsWaitedFor) {
  ROOT_ONLY("postfix");
  const uint16_t smtp = server_.NewPort();
  Serve(
      "smtpd_delay_reject = no\n"
      "smtpd_client_restrictions = sleep 2, reject_unauth_pipelining\n",
      StrCat(At(smtp), " inet n - n - - smtpd\n"), {smtp});
  const PortObservation seen = Survey(server_.address(), smtp, Protocol::kSmtp);
  EXPECT_EQ(seen.outcome, Outcome::kOk) << seen.detail;
  EXPECT_EQ(seen.greeting, "220 mail.hark.example ESMTP Postfix\r\n");
  EXPECT_GE(seen.greeting_delay, seconds(2));
  ExpectOffer(seen);
}

// The gatekeeper says half its greeting and hangs up on those who answer that.
TEST_F(Postfix, WithPostscreenIsWaitedForUntilTheLastLineOfItsGreeting) {
  ROOT_ONLY("postfix");
  const uint16_t smtp = server_.NewPort();
  Serve(
      "postscreen_greet_action = enforce\npostscreen_greet_wait = 2s\n"
      "postscreen_access_list =\npostscreen_greet_banner = mail.hark.example waits\n",
      StrCat(At(smtp),
             " inet n - n - 1 postscreen\nsmtpd pass - - n - - smtpd\n"
             "tlsproxy unix - - n - 0 tlsproxy\ndnsblog unix - - n - 0 dnsblog\n"),
      {smtp});
  const PortObservation seen = ExpectKeys(smtp, Protocol::kSmtp, {"rsa", "ecdsa"}, kStartTls);
  EXPECT_EQ(seen.greeting,
            "220-mail.hark.example waits\r\n220 mail.hark.example ESMTP Postfix\r\n");
  EXPECT_GE(seen.duration, seconds(2));
  EXPECT_THAT(server_.Read("log"), AllOf(HasSubstr("PASS NEW"), Not(HasSubstr("PREGREET"))));
  ExpectOffer(seen);
}

// Where scripts/install-deps.sh unpacks the mail servers that cannot be installed beside Postfix.
constexpr const char* kUnpacked = "/opt/hark-test-servers/";

class OwnRoot : public TlsServerTest {
 protected:
  static std::string Program(const std::string& path) { return kUnpacked + path; }

  void StartUnpacked(const std::vector<std::string>& command, const std::vector<uint16_t>& ports) {
    server_.Run("mkdir root");
    std::vector<std::string> argv = {HARK_WITH_OWN_ROOT, server_.Path("root")};
    argv.insert(argv.end(), command.begin(), command.end());
    server_.Start(argv, ports);
  }
};

class Exim : public OwnRoot {
 protected:
  void Serve(const std::string& more) {
    const std::string program = Program("exim4-daemon-light/usr/sbin/exim4");
    if (!server_.Has(program, "exim4-daemon-light, unpacked by scripts/install-deps.sh tests")) {
      return;
    }
    server_.Write(
        "exim.conf",
        StrCat("primary_hostname = mail.hark.example\nspool_directory = /var/spool/exim4\n"
               "log_file_path = ",
               server_.Path("root"),
               "/log/exim-%slog\nkeep_environment =\nlocal_interfaces = ", server_.ip(),
               "\ndaemon_smtp_ports = ", smtp_, " : ", smtps_, "\ntls_on_connect_ports = ", smtps_,
               "\ntls_advertise_hosts = *\nhost_lookup =\nqueue_only = true\n"
               "tls_certificate = ",
               server_.Path("rsa.pem"), " : ", server_.Path("ecdsa.pem"), "\ntls_privatekey = ",
               server_.Path("rsa.key"), " : ", server_.Path("ecdsa.key"), "\n", more));
    StartUnpacked({program, "-C", server_.Path("exim.conf"), "-bdf"}, {smtp_, smtps_});
  }

  const uint16_t smtp_ = server_.NewPort();
  const uint16_t smtps_ = server_.NewPort();
};

TEST_F(Exim, ShowsBothCertificatesAfterStartTlsAndWithout) {
  ROOT_ONLY("exim4");
  Serve("");
  const PortObservation seen = ExpectKeys(smtp_, Protocol::kSmtp, {"rsa", "ecdsa"}, kStartTls);
  EXPECT_THAT(seen.greeting, StartsWith("220 mail.hark.example ESMTP Exim 4."));
  ExpectOffer(seen);
  ExpectKeys(smtps_, Protocol::kSmtps, {"rsa", "ecdsa"});
}

// Exim hangs up on a client that talks before the greeting (smtp_enforce_sync).
TEST_F(Exim, ThatDelaysItsGreetingIsWaitedFor) {
  ROOT_ONLY("exim4");
  Serve("acl_smtp_connect = slow\nbegin acl\nslow:\n  accept delay = 2s\n");
  const PortObservation seen = Survey(server_.address(), smtp_, Protocol::kSmtp);
  EXPECT_EQ(seen.outcome, Outcome::kOk) << seen.detail;
  EXPECT_GE(seen.greeting_delay, seconds(2));
  ASSERT_TRUE(seen.tls);
  EXPECT_EQ(seen.tls->proof, Proof::kVerified);
}

// OpenSMTPD has one certificate a listener. Debian 12's shows it and then cannot sign: it is of
// before OpenSSL 3 (OpenSMTPD issue 1171). What was shown is kept, as s_client keeps it, with the
// reason.
TEST_F(OwnRoot, OpenSmtpdThatBreaksOffAfterItsCertificateHasItKept) {
  ROOT_ONLY("smtpd");
  const std::string program = Program("opensmtpd/usr/sbin/smtpd");
  if (!server_.Has(program, "opensmtpd, unpacked by scripts/install-deps.sh tests")) return;
  const uint16_t rsa = server_.NewPort();
  const uint16_t ecdsa = server_.NewPort();
  const uint16_t smtps = server_.NewPort();
  server_.Run("chmod 600 *.key");
  const auto pki = [&](const char* name) {
    return StrCat("pki ", name, " cert \"", server_.Path(StrCat(name, ".pem")), "\"\npki ", name,
                  " key \"", server_.Path(StrCat(name, ".key")), "\"\n");
  };
  const auto listen = [&](uint16_t port, const char* tls, const char* name) {
    return StrCat("listen on ", server_.ip(), " port ", port, " ", tls, " pki ", name,
                  " hostname mail.hark.example\n");
  };
  server_.Write("smtpd.conf",
                StrCat(pki("rsa"), pki("ecdsa"), listen(rsa, "tls", "rsa"),
                       listen(ecdsa, "tls", "ecdsa"), listen(smtps, "smtps", "rsa"),
                       "action \"keep\" maildir\nmatch from local for local action \"keep\"\n"));
  StartUnpacked({program, "-d", "-f", server_.Path("smtpd.conf")}, {rsa, ecdsa, smtps});
  const auto expect_shown = [&](uint16_t port, Protocol protocol, const std::string& name,
                                const ClientWay& way) {
    const PortObservation seen = Survey(server_.address(), port, protocol);
    EXPECT_EQ(LeafKeys(seen), FileKeys(server_, {name + ".pem"})) << seen.detail;
    EXPECT_EQ(LeafKeys(seen), ClientKeys(server_, port, way));
    EXPECT_EQ(seen.outcome, Outcome::kTlsAlert) << OutcomeName(seen.outcome);
    if (!seen.tls) return seen;
    EXPECT_EQ(seen.tls->alert, kInternalError);
    EXPECT_EQ(seen.tls->proof, Proof::kUnverified);
    return seen;
  };
  const PortObservation seen = expect_shown(rsa, Protocol::kSmtp, "rsa", kStartTls);
  EXPECT_THAT(seen.greeting, AllOf(StartsWith("220 mail.hark.example"), HasSubstr("OpenSMTPD")));
  ExpectOffer(seen);
  expect_shown(ecdsa, Protocol::kSmtp, "ecdsa", kStartTls);
  expect_shown(smtps, Protocol::kSmtps, "rsa", {});
}

}  // namespace
}  // namespace hark
