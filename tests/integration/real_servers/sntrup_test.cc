// An sshd that offers nothing but a hybrid exchange still shows its keys, with possession proven.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/strings.h"
#include "tests/integration/real_servers/loopback_driver.h"
#include "tests/integration/real_servers/server_process.h"

namespace hark {
namespace {

class HybridOnly : public ::testing::TestWithParam<const char*> {};

TEST_P(HybridOnly, ShowsEveryKeyProven) {
  ServerProcess server;
  if (!server.Has("/usr/sbin/sshd", "openssh-server")) return;
  if (geteuid() == 0) mkdir("/run/sshd", 0755);  // sshd's privilege separation insists on it
  server.Run("ssh-keygen -q -N '' -t ed25519 -f ed25519 && ssh-keygen -q -N '' -t rsa -f rsa");
  const uint16_t port = server.NewPort();
  server.Write("sshd_config",
               StrCat("Port ", port, "\nListenAddress ", server.ip(), "\nPidFile none\nUsePAM no\n",
                      "StrictModes no\nHostKey ", server.Path("ed25519"), "\nHostKey ",
                      server.Path("rsa"), "\nKexAlgorithms ", GetParam(), "\n"));
  server.Start({"/usr/sbin/sshd", "-D", "-e", "-f", server.Path("sshd_config")}, {port});
  const PortObservation seen = Survey(server.address(), port, Protocol::kSsh);
  EXPECT_EQ(seen.outcome, Outcome::kOk) << seen.detail << server.Read("log");
  EXPECT_THAT(seen.detail, ::testing::HasSubstr("only hybrid key exchanges offered"));
  EXPECT_EQ(seen.connections, 2u);
  ASSERT_TRUE(seen.ssh);
  EXPECT_EQ(seen.ssh->kex_algorithm, GetParam());
  ASSERT_EQ(seen.ssh->keys.size(), 2u);
  for (const SshHostKey& key : seen.ssh->keys) EXPECT_EQ(key.proof, Proof::kVerified);
}

INSTANTIATE_TEST_SUITE_P(OfDebian12, HybridOnly,
                         ::testing::Values("sntrup761x25519-sha512@openssh.com",
                                           "sntrup761x25519-sha512"));

}  // namespace
}  // namespace hark
