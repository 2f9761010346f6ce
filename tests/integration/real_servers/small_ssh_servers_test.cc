// Dropbear and TinySSH: every key ssh-keyscan sees, with possession proven.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/strings.h"
#include "tests/integration/real_servers/loopback_driver.h"
#include "tests/integration/real_servers/other_eyes.h"
#include "tests/integration/real_servers/server_process.h"

namespace hark {
namespace {

using ::testing::StartsWith;

class SmallSsh : public ::testing::Test {
 protected:
  void ServeDropbear(const std::vector<std::string>& types) {
    if (!server_.Has("/usr/sbin/dropbear", "dropbear-bin")) return;
    std::vector<std::string> argv = {"/usr/sbin/dropbear",
                                     "-F",
                                     "-E",
                                     "-P",
                                     server_.Path("pid"),
                                     "-p",
                                     StrCat(server_.ip(), ":", port_)};
    for (const std::string& type : types) {
      const std::string how =
          type.starts_with("ecdsa") ? StrCat("ecdsa -s ", type.substr(5)) : type;
      server_.Run(StrCat("dropbearkey -t ", how, " -f ", type, " && dropbearkey -y -f ", type,
                         " | grep -E '^(ssh|ecdsa)-' > ", type, ".pub"));
      argv.insert(argv.end(), {"-r", server_.Path(type)});
    }
    server_.Start(argv, {port_});
  }

  // Returns the observation after what holds for every server.
  PortObservation SurveyAndCompare(const std::vector<std::string>& files) {
    const PortObservation seen = Survey(server_.address(), port_, Protocol::kSsh);
    EXPECT_EQ(seen.outcome, Outcome::kOk) << seen.detail << server_.Read("log");
    EXPECT_EQ(Blobs(seen).size(), files.size());
    EXPECT_EQ(Blobs(seen), FileBlobs(server_, files));
    EXPECT_EQ(Blobs(seen), KeyscanBlobs(server_, port_));
    if (!seen.ssh) return seen;
    for (const SshHostKey& key : seen.ssh->keys) {
      EXPECT_EQ(key.proof, Proof::kVerified) << key.algorithm;
    }
    return seen;
  }

  ServerProcess server_;
  const uint16_t port_ = server_.NewPort();
};

TEST_F(SmallSsh, DropbearShowsEveryKeyThatKeyscanSees) {
  ServeDropbear({"rsa", "ecdsa256", "ed25519"});
  const PortObservation seen = SurveyAndCompare({"rsa.pub", "ecdsa256.pub", "ed25519.pub"});
  ASSERT_TRUE(seen.ssh);
  EXPECT_THAT(seen.ssh->identification, StartsWith("SSH-2.0-dropbear"));
}

TEST_F(SmallSsh, DropbearShowsAKeyOnTheLargestCurve) {
  ServeDropbear({"ecdsa521"});
  SurveyAndCompare({"ecdsa521.pub"});
}

// TinySSH has Ed25519 and nothing else, and leaves accepting connections to tcpserver.
TEST_F(SmallSsh, TinySshShowsItsKey) {
  if (!server_.Has("/usr/sbin/tinysshd", "tinysshd")) return;
  if (!server_.Has("/usr/bin/tcpserver", "ucspi-tcp")) return;
  server_.Run("tinysshd-makekey keys && tinysshd-printkey keys > ed25519.pub");
  server_.Start({"/usr/bin/tcpserver", "-HRDl0", server_.ip(), StrCat(port_), "/usr/sbin/tinysshd",
                 "-v", server_.Path("keys")},
                {port_});
  const PortObservation seen = SurveyAndCompare({"ed25519.pub"});
  ASSERT_TRUE(seen.ssh);
  EXPECT_THAT(seen.ssh->identification, StartsWith("SSH-2.0-tinyssh"));
}

}  // namespace
}  // namespace hark
