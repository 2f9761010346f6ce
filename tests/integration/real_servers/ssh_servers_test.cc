// OpenSSH: every key ssh-keyscan sees, with possession proven, and what is kept when it says no.

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <map>

#include "base/strings.h"
#include "base/unique_fd.h"
#include "keys/ssh_key.h"
#include "tests/integration/real_servers/loopback_driver.h"
#include "tests/integration/real_servers/other_eyes.h"
#include "tests/integration/real_servers/server_process.h"

namespace hark {
namespace {

using ::testing::HasSubstr;
using ::testing::IsSubsetOf;
using ::testing::StartsWith;

void ExpectAllProven(const PortObservation& seen) {
  ASSERT_TRUE(seen.ssh);
  for (const SshHostKey& key : seen.ssh->keys) {
    EXPECT_EQ(key.proof, Proof::kVerified) << key.algorithm;
  }
}

class OpenSsh : public ::testing::Test {
 protected:
  // Host keys of the types given, then whatever else the test wants configured.
  void Serve(const std::vector<std::string>& types, const std::string& more = "") {
    if (!server_.Has("/usr/sbin/sshd", "openssh-server")) return;
    if (geteuid() == 0) mkdir("/run/sshd", 0755);  // sshd's privilege separation insists on it
    std::string config =
        StrCat("Port ", port_, "\nListenAddress ", server_.ip(),
               "\nPidFile none\nUsePAM no\nStrictModes no\nMaxStartups 100\n", more);
    for (const std::string& type : types) {
      if (access(server_.Path(type).c_str(), R_OK) != 0) MakeKey(type);
      config += StrCat("HostKey ", server_.Path(type), "\n");
    }
    server_.Write("sshd_config", config);
    server_.Start({"/usr/sbin/sshd", "-D", "-e", "-f", server_.Path("sshd_config")}, {port_});
  }

  void MakeKey(const std::string& type) {
    const std::string how = type.starts_with("ecdsa") ? StrCat("ecdsa -b ", type.substr(5)) : type;
    server_.Run(StrCat("ssh-keygen -q -N '' -t ", how, " -f ", type));
  }

  PortObservation SurveyIt() { return Survey(server_.address(), port_, Protocol::kSsh); }

  ServerProcess server_;
  const uint16_t port_ = server_.NewPort();
};

TEST_F(OpenSsh, WithStockKeysShowsThemInThreeConnections) {
  Serve({"rsa", "ecdsa256", "ed25519"});
  const PortObservation seen = SurveyIt();
  EXPECT_EQ(seen.outcome, Outcome::kOk) << seen.detail << server_.Read("log");
  EXPECT_EQ(seen.connections, 3u);
  EXPECT_EQ(Blobs(seen), FileBlobs(server_, {"rsa.pub", "ecdsa256.pub", "ed25519.pub"}));
  EXPECT_EQ(Blobs(seen), KeyscanBlobs(server_, port_));
  ExpectAllProven(seen);
  EXPECT_THAT(seen.ssh->identification, StartsWith("SSH-2.0-OpenSSH"));
}

// Every type that this sshd can have without a hardware key. ssh-keyscan shows one of the curves.
TEST_F(OpenSsh, WithEveryTypeShowsMoreThanKeyscanSees) {
  Serve({"rsa", "dsa", "ecdsa256", "ecdsa384", "ecdsa521", "ed25519"},
        "HostKeyAlgorithms +ssh-dss,ssh-rsa\n");
  const PortObservation seen = SurveyIt();
  EXPECT_EQ(seen.outcome, Outcome::kOk) << seen.detail << server_.Read("log");
  EXPECT_EQ(seen.connections, 6u);
  EXPECT_EQ(Blobs(seen), FileBlobs(server_, {"rsa.pub", "dsa.pub", "ecdsa256.pub", "ecdsa384.pub",
                                             "ecdsa521.pub", "ed25519.pub"}));
  const std::set<std::string> keyscan = KeyscanBlobs(server_, port_);
  EXPECT_EQ(keyscan.size(), 4u);
  EXPECT_THAT(keyscan, IsSubsetOf(Blobs(seen)));
  ExpectAllProven(seen);
}

class OneKey : public OpenSsh, public ::testing::WithParamInterface<const char*> {};

TEST_P(OneKey, IsSeenAsKeyscanSeesIt) {
  Serve({GetParam()}, "HostKeyAlgorithms +ssh-dss,ssh-rsa\n");
  const PortObservation seen = SurveyIt();
  EXPECT_EQ(seen.outcome, Outcome::kOk) << seen.detail;
  EXPECT_EQ(seen.connections, 1u);
  EXPECT_EQ(Blobs(seen).size(), 1u);
  EXPECT_EQ(Blobs(seen), KeyscanBlobs(server_, port_));
  ExpectAllProven(seen);
}

INSTANTIATE_TEST_SUITE_P(OfEveryType, OneKey,
                         ::testing::Values("rsa", "dsa", "ecdsa256", "ecdsa384", "ecdsa521",
                                           "ed25519"));

TEST_F(OpenSsh, ShowsItsHostCertificatesAndTheKeysTheyCertify) {
  std::string more;
  for (const char* type : {"rsa", "ecdsa256", "ed25519"}) {
    MakeKey(type);
    more += StrCat("HostCertificate ", server_.Path(StrCat(type, "-cert.pub")), "\n");
  }
  server_.Run(
      "ssh-keygen -q -N '' -t ed25519 -f ca && "
      "ssh-keygen -q -s ca -I id -h -n host.example rsa.pub ecdsa256.pub ed25519.pub");
  Serve({"rsa", "ecdsa256", "ed25519"}, more);
  const PortObservation seen = SurveyIt();
  EXPECT_EQ(seen.outcome, Outcome::kOk) << seen.detail;
  ExpectAllProven(seen);
  EXPECT_EQ(Blobs(seen),
            FileBlobs(server_, {"rsa.pub", "rsa-cert.pub", "ecdsa256.pub", "ecdsa256-cert.pub",
                                "ed25519.pub", "ed25519-cert.pub"}));
  const std::set<std::string> certificates =
      KeyscanBlobs(server_, port_, KeyscanFor::kCertificates);
  EXPECT_EQ(certificates.size(), 3u);
  EXPECT_THAT(certificates, IsSubsetOf(Blobs(seen)));
  EXPECT_THAT(KeyscanBlobs(server_, port_), IsSubsetOf(Blobs(seen)));
  std::map<std::string, KeyId> ids;
  for (const SshHostKey& key : seen.ssh->keys)
    ids[ReadSshKey(key.blob).type] = ReadSshKey(key.blob).id;
  EXPECT_EQ(ids["ssh-ed25519"], ids["ssh-ed25519-cert-v01@openssh.com"]);
  EXPECT_EQ(ids["ssh-rsa"], ids["ssh-rsa-cert-v01@openssh.com"]);
}

TEST_F(OpenSsh, LogsWhoWeAreAndThatWeLeftPolitely) {
  Serve({"ed25519"}, "LogLevel DEBUG\n");
  SurveyIt();
  const std::string log = server_.Read("log");
  EXPECT_THAT(log, HasSubstr("hark_"));
  EXPECT_THAT(log, HasSubstr("test@hark.example"));
}

// Every method we offer, against an sshd that has nothing else.
class KexMethod : public OpenSsh, public ::testing::WithParamInterface<const char*> {};

TEST_P(KexMethod, GetsEveryKeyProven) {
  Serve({"rsa", "ed25519"}, StrCat("KexAlgorithms ", GetParam(), "\n"));
  const PortObservation seen = SurveyIt();
  EXPECT_EQ(seen.outcome, Outcome::kOk) << seen.detail;
  EXPECT_EQ(Blobs(seen).size(), 2u);
  ExpectAllProven(seen);
  EXPECT_EQ(seen.ssh->kex_algorithm, GetParam());
}

INSTANTIATE_TEST_SUITE_P(
    AllOfOurs, KexMethod,
    ::testing::Values("curve25519-sha256", "curve25519-sha256@libssh.org", "ecdh-sha2-nistp256",
                      "ecdh-sha2-nistp384", "ecdh-sha2-nistp521", "diffie-hellman-group14-sha256",
                      "diffie-hellman-group14-sha1", "diffie-hellman-group1-sha1",
                      "diffie-hellman-group16-sha512", "diffie-hellman-group18-sha512",
                      "diffie-hellman-group-exchange-sha256",
                      "diffie-hellman-group-exchange-sha1"));

// Somebody else who connects and says nothing: until it is closed, sshd counts it.
class Squatter {
 public:
  // Returns when sshd has given it a place, which may take a few attempts while sshd still counts a
  // connection that has just ended. False: never.
  bool Take(const Address& host, uint16_t port) {
    for (int i = 0; i < 1000; ++i) {
      fd_ = UniqueFd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
      sockaddr_in where = {};
      where.sin_family = AF_INET;
      where.sin_port = htons(port);
      where.sin_addr.s_addr = htonl(host.v4());
      if (connect(fd_.get(), reinterpret_cast<sockaddr*>(&where), sizeof where) != 0) continue;
      char first[4] = {};
      if (recv(fd_.get(), first, sizeof first, MSG_WAITALL) == 4 &&
          std::string_view(first, 4) == "SSH-") {
        return true;
      }
      poll(nullptr, 0, 5);
    }
    return false;
  }

 private:
  UniqueFd fd_;
};

TEST_F(OpenSsh, WithItsOneStartupTakenIsThrottledAndNotWithoutSsh) {
  Serve({"rsa", "ed25519"}, "MaxStartups 1\n");
  Squatter squatter;
  ASSERT_TRUE(squatter.Take(server_.address(), port_));
  const PortObservation seen = SurveyIt();
  EXPECT_EQ(seen.outcome, Outcome::kThrottled) << OutcomeName(seen.outcome) << " " << seen.detail;
}

// The survey of a host on which somebody takes the last place after our first conversation.
class Interrupted final : public PortSurvey {
 public:
  Interrupted(std::unique_ptr<PortSurvey> survey, std::function<void()> interrupt)
      : survey_(std::move(survey)), interrupt_(std::move(interrupt)) {}
  Probe* Next() override {
    if (conversations_++ == 1) interrupt_();
    return survey_->Next();
  }
  void OnConnectFailed(Outcome outcome, MonoTime now) override {
    survey_->OnConnectFailed(outcome, now);
  }
  void OnProbeDone(MonoTime now) override { survey_->OnProbeDone(now); }
  Duration PauseBeforeNext() const override { return survey_->PauseBeforeNext(); }
  PortObservation Finish() override { return survey_->Finish(); }

 private:
  std::unique_ptr<PortSurvey> survey_;
  std::function<void()> interrupt_;
  int conversations_ = 0;
};

// Two places, since sshd may still count the connection that found it ready.
TEST_F(OpenSsh, ThrottlingUsLateKeepsWhatWasLearntBefore) {
  Serve({"rsa", "ecdsa256", "ed25519"}, "MaxStartups 2\n");
  Squatter squatters[2];
  SurveyFactory factory(LoopbackOptions());
  const PortObservation seen =
      VisitHost(server_.address(), {port_}, [&](uint16_t port, const Address&) {
        return std::make_unique<Interrupted>(factory.Make(port, Protocol::kSsh), [&] {
          for (Squatter& s : squatters) EXPECT_TRUE(s.Take(server_.address(), port_));
        });
      }).front();
  EXPECT_EQ(seen.outcome, Outcome::kThrottled) << seen.detail;
  EXPECT_EQ(seen.connections, 2u);
  ASSERT_TRUE(seen.ssh && seen.ssh->kex_init);
  EXPECT_EQ(Blobs(seen), FileBlobs(server_, {"ed25519.pub"}));
  ExpectAllProven(seen);
}

}  // namespace
}  // namespace hark
