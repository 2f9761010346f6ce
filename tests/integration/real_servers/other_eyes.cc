#include "tests/integration/real_servers/other_eyes.h"

#include <gtest/gtest.h>

#include "base/strings.h"
#include "keys/certificate.h"
#include "keys/testing/key_workshop.h"

namespace hark {
namespace {

// One family of leaf keys at a time: by signature algorithms, which is all TLS 1.3 has, and by
// suites, which is how 1.2 says it. Errors are what happens where a server has no such key.
constexpr std::string_view kAskAll = R"(
way="-connect $AT -noservername $MORE"
# Diffie-Hellman or RSA key exchange of any strength: old servers count too.
all='ALL:@SECLEVEL=0'
rsa='RSA-PSS+SHA256:RSA-PSS+SHA384:RSA-PSS+SHA512:RSA+SHA256:RSA+SHA384:RSA+SHA512:RSA+SHA1'
ecdsa='ECDSA+SHA256:ECDSA+SHA384:ECDSA+SHA512:ECDSA+SHA1'
ask() {
  openssl s_client $way "$@" 2>/dev/null </dev/null |
    sed -n '/BEGIN CERTIFICATE/,/END CERTIFICATE/p;/END CERTIFICATE/q' >leaf
  [ ! -s leaf ] || key_of leaf
}
key_of() {
  openssl x509 -in "$1" -noout -pubkey | openssl pkey -pubin -outform DER |
    openssl dgst -sha256 -r | cut -d' ' -f1
}
)";

std::set<std::string> Words(const std::string& text) {
  std::set<std::string> words;
  for (std::string_view line : Split(text, '\n')) {
    if (!line.empty()) words.insert(std::string(line));
  }
  return words;
}

}  // namespace

std::set<std::string> KeyscanBlobs(const ServerProcess& server, uint16_t port, KeyscanFor what) {
  const std::string out = server.Run(
      StrCat("ssh-keyscan -T 10 ", what == KeyscanFor::kCertificates ? "-c " : "",
             "-t rsa,dsa,ecdsa,ed25519,ecdsa-sk,ed25519-sk -p ", port, " ", server.ip()));
  std::set<std::string> blobs;
  for (std::string_view line : Split(out, '\n')) {
    // "host type blob", of certificates only "type blob".
    const std::vector<std::string_view> words = Split(line, ' ');
    if (words.size() >= 2) blobs.insert(KeyWorkshop::FromBase64(words.back()));
  }
  return blobs;
}

std::set<std::string> FileBlobs(const ServerProcess& server,
                                const std::vector<std::string>& files) {
  std::set<std::string> blobs;
  for (const std::string& file : files) {
    const std::string text = server.Read(file);
    const std::vector<std::string_view> words = Split(text, ' ');
    EXPECT_GE(words.size(), 2u) << file;
    if (words.size() >= 2) blobs.insert(KeyWorkshop::FromBase64(Trim(words[1])));
  }
  return blobs;
}

std::set<std::string> Blobs(const PortObservation& seen) {
  std::set<std::string> blobs;
  if (!seen.ssh) return blobs;
  for (const SshHostKey& key : seen.ssh->keys) blobs.insert(key.blob);
  return blobs;
}

std::set<std::string> ClientKeys(const ServerProcess& server, uint16_t port, const ClientWay& way) {
  const std::string starttls = way.starttls.empty() ? "" : StrCat("-starttls ", way.starttls, " ");
  return Words(
      server.Run(StrCat("AT=", server.ip(), ":", port, " MORE='", starttls, way.more, "'", kAskAll,
                        "ask -cipher $all\n"
                        "ask -sigalgs $rsa -cipher aRSA:@SECLEVEL=0\n"
                        "ask -sigalgs $ecdsa -cipher aECDSA:@SECLEVEL=0\n"
                        "ask -no_tls1_3 -sigalgs $rsa -cipher aRSA:@SECLEVEL=0\n"
                        "ask -no_tls1_3 -sigalgs $ecdsa -cipher aECDSA:@SECLEVEL=0\n"
                        "true")));
}

std::set<std::string> FileKeys(const ServerProcess& server, const std::vector<std::string>& files) {
  std::string command(kAskAll);
  for (const std::string& file : files) command += StrCat("key_of ", file, "\n");
  return Words(server.Run(command));
}

std::set<std::string> LeafKeys(const PortObservation& seen) {
  std::set<std::string> keys;
  const auto add = [&](const std::vector<std::string>& chain) {
    if (chain.empty()) return;
    const std::optional<KeyId> key = KeyIdOfCertificate(chain.front());
    keys.insert(key ? key->ToHex() : "unreadable");
  };
  if (!seen.tls) return keys;
  add(seen.tls->chain);
  if (seen.tls->other_leaf) add(seen.tls->other_leaf->chain);
  return keys;
}

std::string PemToDer(const std::string& pem) {
  constexpr std::string_view kBegin = "-----BEGIN CERTIFICATE-----";
  const size_t from = pem.find(kBegin);
  const size_t to = pem.find("-----END CERTIFICATE-----");
  if (from == std::string::npos || to == std::string::npos) return {};
  std::string base64;
  for (char c : pem.substr(from + kBegin.size(), to - from - kBegin.size())) {
    if (c != '\n' && c != '\r') base64 += c;
  }
  return KeyWorkshop::FromBase64(base64);
}

}  // namespace hark
