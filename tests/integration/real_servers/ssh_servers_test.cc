// OpenSSH and dropbear: every key ssh-keyscan sees, with possession proven.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <map>
#include <set>

#include "base/strings.h"
#include "keys/ssh_key.h"
#include "keys/testing/key_workshop.h"
#include "tests/integration/real_servers/loopback_driver.h"
#include "tests/integration/real_servers/server_process.h"

namespace hark {
namespace {

std::set<std::string> KeyscanBlobs(const ServerProcess& server, uint16_t port) {
  const std::string out =
      server.Run(StrCat("ssh-keyscan -T 10 -t rsa,dsa,ecdsa,ed25519 -p ", port, " 127.0.0.1"));
  std::set<std::string> blobs;
  for (std::string_view line : Split(out, '\n')) {
    const std::vector<std::string_view> words = Split(line, ' ');
    if (words.size() == 3) blobs.insert(KeyWorkshop::FromBase64(words[2]));
  }
  return blobs;
}

std::set<std::string> Blobs(const PortObservation& observation) {
  std::set<std::string> blobs;
  if (!observation.ssh) return blobs;
  for (const SshHostKey& key : observation.ssh->keys) blobs.insert(key.blob);
  return blobs;
}

void ExpectAllProven(const PortObservation& observation) {
  ASSERT_TRUE(observation.ssh);
  for (const SshHostKey& key : observation.ssh->keys) {
    EXPECT_EQ(key.proof, Proof::kVerified) << key.algorithm;
  }
}

class OpenSsh : public ::testing::Test {
 protected:
  // Host keys of the types given, then whatever else the test wants configured.
  void Serve(const std::vector<std::string>& types, const std::string& more = "") {
    if (!server_.Has("/usr/sbin/sshd", "openssh-server")) return;
    if (geteuid() == 0) mkdir("/run/sshd", 0755);  // sshd's privilege separation insists on it
    std::string config = StrCat("Port ", port_, "\nListenAddress 127.0.0.1\nPidFile none\n",
                                "UsePAM no\nStrictModes no\nMaxStartups 100\n", more);
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

  ServerProcess server_;
  const uint16_t port_ = ServerProcess::FreePort();
};

TEST_F(OpenSsh, ShowsEveryKeyThatKeyscanSees) {
  Serve({"rsa", "ecdsa256", "ed25519"});
  const PortObservation seen = Survey(port_, Protocol::kSsh);
  EXPECT_EQ(seen.outcome, Outcome::kOk) << seen.detail << server_.Read("log");
  EXPECT_EQ(seen.connections, 3u);
  EXPECT_EQ(Blobs(seen).size(), 3u);
  EXPECT_EQ(Blobs(seen), KeyscanBlobs(server_, port_));
  ExpectAllProven(seen);
  EXPECT_THAT(seen.ssh->identification, ::testing::StartsWith("SSH-2.0-OpenSSH"));
}

TEST_F(OpenSsh, ShowsDsaAndTheOtherCurvesAndACertificate) {
  server_.Run(
      "ssh-keygen -q -N '' -t ed25519 -f ca && ssh-keygen -q -N '' -t ed25519 -f ed25519 "
      "&& ssh-keygen -q -s ca -I id -h -n host.example ed25519.pub");
  Serve({"dsa", "ecdsa384", "ed25519"},
        StrCat("HostKeyAlgorithms +ssh-dss,ssh-rsa\nHostCertificate ",
               server_.Path("ed25519-cert.pub"), "\n"));
  const PortObservation seen = Survey(port_, Protocol::kSsh);
  EXPECT_EQ(seen.outcome, Outcome::kOk) << seen.detail;
  ExpectAllProven(seen);
  std::map<std::string, KeyId> ids;
  for (const SshHostKey& key : seen.ssh->keys) {
    const SshKeyInfo info = ReadSshKey(key.blob);
    ids[info.type] = info.id;
  }
  EXPECT_EQ(ids.size(), 4u);
  EXPECT_EQ(ids.count("ssh-dss"), 1u);
  EXPECT_EQ(ids.count("ecdsa-sha2-nistp384"), 1u);
  EXPECT_EQ(ids.at("ssh-ed25519"), ids.at("ssh-ed25519-cert-v01@openssh.com"));
}

TEST_F(OpenSsh, ShowsAP521Key) {
  Serve({"ecdsa521"});
  const PortObservation seen = Survey(port_, Protocol::kSsh);
  EXPECT_EQ(seen.outcome, Outcome::kOk) << seen.detail;
  EXPECT_EQ(Blobs(seen), KeyscanBlobs(server_, port_));
  ExpectAllProven(seen);
}

TEST_F(OpenSsh, LogsWhoWeAreAndThatWeLeftPolitely) {
  Serve({"ed25519"}, "LogLevel DEBUG\n");
  Survey(port_, Protocol::kSsh);
  const std::string log = server_.Read("log");
  EXPECT_THAT(log, ::testing::HasSubstr("hark_"));
  EXPECT_THAT(log, ::testing::HasSubstr("test@hark.example"));
}

// Every method we offer, against an sshd that has nothing else.
class KexMethod : public OpenSsh, public ::testing::WithParamInterface<const char*> {};

TEST_P(KexMethod, GetsEveryKeyProven) {
  Serve({"rsa", "ed25519"}, StrCat("KexAlgorithms ", GetParam(), "\n"));
  const PortObservation seen = Survey(port_, Protocol::kSsh);
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

TEST(Dropbear, ShowsEveryKeyThatKeyscanSees) {
  ServerProcess server;
  if (!server.Has("/usr/sbin/dropbear", "dropbear-bin")) return;
  const uint16_t port = ServerProcess::FreePort();
  std::vector<std::string> argv = {
      "/usr/sbin/dropbear", "-F", "-E", "-p", StrCat("127.0.0.1:", port), "-P", server.Path("pid")};
  for (const char* type : {"rsa", "ecdsa", "ed25519"}) {
    server.Run(StrCat("dropbearkey -t ", type, " -f ", type));
    argv.insert(argv.end(), {"-r", server.Path(type)});
  }
  server.Start(argv, {port});
  const PortObservation seen = Survey(port, Protocol::kSsh);
  EXPECT_EQ(seen.outcome, Outcome::kOk) << seen.detail << server.Read("log");
  EXPECT_EQ(Blobs(seen).size(), 3u);
  EXPECT_EQ(Blobs(seen), KeyscanBlobs(server, port));
  ExpectAllProven(seen);
}

}  // namespace
}  // namespace hark
