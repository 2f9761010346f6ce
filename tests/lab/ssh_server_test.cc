#include "tests/lab/ssh_server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <libssh/libssh.h>

#include <array>
#include <cstdio>
#include <optional>

#include "base/bytes.h"
#include "base/strings.h"
#include "tests/lab/running_lab.h"
#include "tests/lab/ssh_kex.h"

namespace hark::lab {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr int kPort = 22222;

constexpr char kManyKeys[] =
    "key ed type=ed25519\nkey p256 type=ecdsa-p256\nkey p384 type=ecdsa-p384\n"
    "key p521 type=ecdsa-p521\nkey rsa type=rsa-2048\nkey dsa type=dsa-1024\n"
    "host ME\n"
    "port 22222 ssh keys=ed,p256,p384,p521,rsa,dsa version=1.99 banner=Lab_1\n"
    "port 22223 ssh keys=ed behaviour=bad-signature\n"
    "port 22224 ssh keys=ed behaviour=close-in-hello\n";

struct Met {
  bool ok = false;
  std::string error;
  std::string key_blob_sha256_hex;  // libssh's own idea of it
};

// libssh connects, exchanges keys, checks the host's signature.
Met Connect(const RunningLab& lab, int port, const char* kex, const char* host_key) {
  ssh_session session = ssh_new();
  long seconds = 20;
  const std::string host = lab.host();
  ssh_options_set(session, SSH_OPTIONS_HOST, host.c_str());
  ssh_options_set(session, SSH_OPTIONS_PORT, &port);
  ssh_options_set(session, SSH_OPTIONS_TIMEOUT, &seconds);
  int no_config = 0;
  ssh_options_set(session, SSH_OPTIONS_PROCESS_CONFIG, &no_config);
  if (kex != nullptr) ssh_options_set(session, SSH_OPTIONS_KEY_EXCHANGE, kex);
  if (host_key != nullptr) ssh_options_set(session, SSH_OPTIONS_HOSTKEYS, host_key);
  Met met;
  met.ok = ssh_connect(session) == SSH_OK;
  met.error = ssh_get_error(session);
  ssh_key key = nullptr;
  if (met.ok && ssh_get_server_publickey(session, &key) == SSH_OK) {
    unsigned char* hash = nullptr;
    size_t n = 0;
    ssh_get_publickey_hash(key, SSH_PUBLICKEY_HASH_SHA256, &hash, &n);
    met.key_blob_sha256_hex = HexEncode({reinterpret_cast<char*>(hash), n});
    ssh_clean_pubkey_hash(&hash);
    ssh_key_free(key);
  }
  ssh_disconnect(session);
  ssh_free(session);
  return met;
}

// What a command says; nullopt where the program is not installed.
std::optional<std::string> Hearken(const std::string& command) {
  FILE* pipe = ::popen((command + " 2>&1").c_str(), "r");
  if (pipe == nullptr) return std::nullopt;
  std::string said;
  std::array<char, 4096> buffer;
  while (const size_t n = std::fread(buffer.data(), 1, buffer.size(), pipe)) {
    said.append(buffer.data(), n);
  }
  return ::pclose(pipe) == 127 << 8 ? std::nullopt : std::optional<std::string>(said);
}

TEST(SshServer, ProvesEveryHostKeyToLibsshWithEveryKeyExchange) {
  const RunningLab lab(kManyKeys);
  const std::pair<const char*, const char*> host_keys[] = {
      {"ssh-ed25519", "ed"},           {"ecdsa-sha2-nistp256", "p256"},
      {"ecdsa-sha2-nistp384", "p384"}, {"ecdsa-sha2-nistp521", "p521"},
      {"rsa-sha2-256", "rsa"},         {"rsa-sha2-512", "rsa"}};
  for (const auto& [algorithm, name] : host_keys) {
    const Met met = Connect(lab, kPort, nullptr, algorithm);
    EXPECT_TRUE(met.ok) << algorithm << ": " << met.error;
    EXPECT_EQ(met.key_blob_sha256_hex, Sha256Hex(lab.key(name).ssh_blob())) << algorithm;
  }
  for (const std::string& kex : KexMethods()) {
    const Met met = Connect(lab, kPort, kex.c_str(), "ssh-ed25519");
    EXPECT_TRUE(met.ok) << kex << ": " << met.error;
  }
}

TEST(SshServer, IsCaughtWhenItsSignatureIsBad) {
  const RunningLab lab(kManyKeys);
  EXPECT_FALSE(Connect(lab, 22223, nullptr, nullptr).ok);
  EXPECT_FALSE(Connect(lab, 22224, nullptr, nullptr).ok);
}

TEST(SshServer, GivesAllItsKeysToSshKeyscan) {
  const RunningLab lab(kManyKeys);
  const auto heard =
      Hearken(StrCat("ssh-keyscan -T 20 -p ", kPort, " -t ed25519,ecdsa,rsa,dsa ", lab.host()));
  if (!heard.has_value()) GTEST_SKIP() << "no ssh-keyscan here";
  const std::string& said = *heard;
  EXPECT_THAT(said, HasSubstr("SSH-1.99-Lab_1"));
  for (const char* type :
       {"ssh-ed25519 AAAA", "ecdsa-sha2-nistp256 AAAA", "ssh-rsa AAAA", "ssh-dss AAAA"}) {
    EXPECT_THAT(said, HasSubstr(type));
  }
}

constexpr char kOddKeys[] =
    "key ed type=ed25519\nkey p256 type=ecdsa-p256\nkey rsa type=rsa-2048\n"
    "key sk type=sk-ed25519\nkey ca type=ecdsa-p384\n"
    "host ME\n"
    "port 22225 ssh keys=ed,p256,rsa,sk ca=ca unknown-keys=20\n"
    "port 22226 ssh keys=sk behaviour=bad-signature\n"
    "port 22227 ssh keys=ed kex=sntrup761x25519-sha512@openssh.com\n";

// OpenSSH's client as far as the host key: what it tells with -v.
std::optional<std::string> OpenSsh(const RunningLab& lab, int port, const std::string& algorithm) {
  return Hearken(
      StrCat("ssh -v -F none -o BatchMode=yes -o ConnectTimeout=20 -o "
             "StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o "
             "IdentityAgent=none -o HostKeyAlgorithms=",
             algorithm, " -p ", port, " nobody@", lab.host(), " true </dev/null"));
}

TEST(SshServer, ShowsOpenSshItsCertificatesAndSecurityKeys) {
  const RunningLab lab(kOddKeys);
  for (const char* algorithm :
       {"sk-ssh-ed25519@openssh.com", "ssh-ed25519-cert-v01@openssh.com",
        "ecdsa-sha2-nistp256-cert-v01@openssh.com", "rsa-sha2-512-cert-v01@openssh.com",
        "sk-ssh-ed25519-cert-v01@openssh.com"}) {
    const auto said = OpenSsh(lab, 22225, algorithm);
    if (!said.has_value()) GTEST_SKIP() << "no ssh here";
    // It sends NEWKEYS only after the host key's signature was good.
    EXPECT_THAT(*said, HasSubstr("SSH2_MSG_NEWKEYS sent")) << algorithm;
    if (std::string_view(algorithm).find("cert") == std::string_view::npos) continue;
    EXPECT_THAT(*said, HasSubstr("serial 4711 ID \"")) << algorithm;
    EXPECT_THAT(*said, HasSubstr("CA ecdsa-sha2-nistp384")) << algorithm;
  }
  EXPECT_EQ(lab.counters().ssh_exchanges, 5U);
}

TEST(SshServer, IsCaughtByOpenSshWhenASecurityKeySignsBadly) {
  const RunningLab lab(kOddKeys);
  const auto said = OpenSsh(lab, 22226, "sk-ssh-ed25519@openssh.com");
  if (!said.has_value()) GTEST_SKIP() << "no ssh here";
  EXPECT_THAT(*said, HasSubstr("incorrect signature"));
}

TEST(SshServer, OffersKeyExchangesItThenRefuses) {
  const RunningLab lab(kOddKeys);
  const Met plain = Connect(lab, 22227, "curve25519-sha256", nullptr);
  EXPECT_FALSE(plain.ok);
  EXPECT_THAT(plain.error, HasSubstr("sntrup761x25519-sha512@openssh.com"));
  const auto said = OpenSsh(lab, 22227, "ssh-ed25519");
  if (!said.has_value()) GTEST_SKIP() << "no ssh here";
  EXPECT_THAT(*said, HasSubstr("no matching algorithm"));
}

// The server alone, without a network.
class Played : public ::testing::Test {
 protected:
  Played() {
    service_.protocol = Protocol::kSsh;
    service_.keys = {"k"};
    scenario_.hosts.push_back({Address::V4(1), 1, "XX", {service_}});
    Complete(scenario_);
    EXPECT_TRUE(keys_.Prepare(scenario_).ok());
    server_ = Another();
  }

  std::unique_ptr<Conversation> Another() {
    return SshConversation(service_, host_keys_.Of(service_), counters_);
  }

  Service service_;
  Scenario scenario_;
  KeyStore keys_{""};
  SshHostKeys host_keys_{scenario_, keys_};
  Counters counters_;
  std::unique_ptr<Conversation> server_;
};

TEST_F(Played, SaysNothingBinaryBeforeTheClientNamesItself) {
  EXPECT_EQ(server_->Start().send, "SSH-2.0-OpenSSH_7.4\r\n");
  EXPECT_EQ(server_->OnBytes("SSH-2.0-x").send, "");
  EXPECT_THAT(server_->OnBytes("\r\n").send, HasSubstr("curve25519-sha256"));
}

TEST_F(Played, HangsUpOnWhoeverIsNotSsh) {
  server_->Start();
  EXPECT_EQ(server_->OnBytes("GET / HTTP/1.1\r\n").then, Turn::Then::kFinish);
}

TEST_F(Played, HangsUpOnALineWithoutEnd) {
  server_->Start();
  EXPECT_EQ(server_->OnBytes(std::string(300, 'a')).then, Turn::Then::kFinish);
}

TEST_F(Played, HangsUpOnImpossiblePackets) {
  for (const std::string& packet :
       {std::string("\xff\xff\xff\xff\x04x", 6), std::string("\0\0\0\x01\x04\x14", 6),
        std::string("\0\0\0\x0c\x0a\x1e          ", 16)}) {
    auto server = Another();
    server->Start();
    server->OnBytes("SSH-2.0-x\r\n");
    EXPECT_EQ(server->OnBytes(packet).then, Turn::Then::kFinish);
  }
}

std::string WithLength(std::string_view payload) {
  ByteWriter out;
  out.U32(static_cast<uint32_t>(payload.size() + 5));
  out.U8(4);
  out.Bytes(payload);
  out.Bytes("1234");
  return out.Take();
}

std::string ClientKexInit(std::string_view kex) {
  ByteWriter out;
  out.U8(20);
  out.Bytes(std::string(16, 'c'));
  out.String32(kex);
  out.String32("ssh-ed25519");
  for (int i = 0; i < 8; ++i) out.String32("");
  out.U8(0);
  out.U32(0);
  return WithLength(out.str());
}

TEST_F(Played, DisconnectsWhereNothingIsInCommon) {
  server_->Start();
  server_->OnBytes("SSH-2.0-x\r\n");
  const Turn turn = server_->OnBytes(ClientKexInit("sntrup761x25519-sha512"));
  EXPECT_EQ(turn.then, Turn::Then::kFinish);
  EXPECT_THAT(turn.send, HasSubstr("no matching algorithm"));
}

TEST_F(Played, OffersKeysOfTypesNobodyKnows) {
  service_.unknown_keys = 20;
  SshHostKeys keys(scenario_, keys_);
  const auto& offers = keys.Of(service_);
  ASSERT_EQ(offers.size(), 21U);
  EXPECT_EQ(offers[20].algorithm, "ssh-invented-20@lab.test");
  EXPECT_NE(offers[19].blob, offers[20].blob);
  auto server = SshConversation(service_, offers, counters_);
  server->Start();
  EXPECT_THAT(server->OnBytes("SSH-2.0-x\r\n").send, HasSubstr("ssh-invented-20@lab.test"));
}

TEST_F(Played, SaysAPreludeAndTheListsOfTheScenario) {
  service_.prelude = "hello\r\n";
  service_.ciphers = "none-such";
  service_.macs = "mac-such";
  service_.compression = "zlib";
  auto server = Another();
  EXPECT_EQ(server->Start().send, "hello\r\nSSH-2.0-OpenSSH_7.4\r\n");
  const std::string said = server->OnBytes("SSH-2.0-x\r\n").send;
  for (const char* list : {"none-such", "mac-such", "zlib"}) EXPECT_THAT(said, HasSubstr(list));
}

TEST_F(Played, RefusesAPointThatIsNoPoint) {
  for (const char* kex : {"curve25519-sha256", "ecdh-sha2-nistp256", "ecdh-sha2-nistp521",
                          "diffie-hellman-group14-sha256"}) {
    for (const std::string& point :
         {std::string(), std::string(7, '\4'), std::string(32, '\0'), std::string(300, '\4')}) {
      auto server = Another();
      server->Start();
      server->OnBytes("SSH-2.0-x\r\n");
      server->OnBytes(ClientKexInit(kex));
      ByteWriter message;
      message.U8(30);
      message.String32(point);
      const Turn turn = server->OnBytes(WithLength(message.str()));
      // Seven bytes are a fine group-14 number.
      if (point.size() == 7 && KexUsesMpints(kex)) continue;
      EXPECT_EQ(turn.then, Turn::Then::kFinish) << kex << ' ' << point.size();
      EXPECT_EQ(turn.send, "");
    }
  }
}

TEST_F(Played, AnswersTheSameHoweverTheStreamIsCut) {
  server_->Start();
  std::string stream = "SSH-2.0-x\r\n" + ClientKexInit("curve25519-sha256");
  ByteWriter message;
  message.U8(30);
  std::string base_point(32, '\0');
  base_point[0] = 9;
  message.String32(base_point);
  stream += WithLength(message.str());
  std::string said;
  for (char c : stream) said += server_->OnBytes(std::string_view(&c, 1)).send;
  auto whole = Another();
  whole->Start();
  EXPECT_EQ(said.size(), whole->OnBytes(stream).send.size());
  EXPECT_THAT(said, HasSubstr("ssh-ed25519"));
  EXPECT_THAT(said, Not(HasSubstr("no matching")));
}

}  // namespace
}  // namespace hark::lab
