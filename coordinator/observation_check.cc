#include "coordinator/observation_check.h"

#include <algorithm>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

#include "base/outcome.h"

namespace hark {
namespace {

// Above the limits of today's workers (worker/probe/limits.h), so that tomorrow's may keep a little
// more; a batch as a whole is at most 512 KiB.
constexpr size_t kMaxText = 64 << 10;
constexpr size_t kMaxName = 4 << 10;
constexpr int kMaxPreLines = 256;
constexpr int kMaxSshKeys = 32;
constexpr int kMaxChain = 128;
constexpr int kMaxExtensions = 1024;
constexpr size_t kMaxWarningAlerts = 256;
constexpr uint32_t kMaxSmuggled = 64 << 10;
// r of P-521, the largest there is.
constexpr size_t kMaxSignatureR = 66;
constexpr size_t kHexDigest = 32;
constexpr uint32_t kMaxCodePoint = 0xffff;
// An alert is one byte, sent plus one.
constexpr uint32_t kMaxAlert = 256;

Status Wrong(std::string what) {
  return Corruption(std::move(what));
}

bool Within(size_t most, std::initializer_list<std::string_view> texts) {
  return std::all_of(texts.begin(), texts.end(),
                     [most](std::string_view text) { return text.size() <= most; });
}

// A reader looks hosts up by it.
bool IsHexDigest(std::string_view text) {
  const bool digits = std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
  });
  return text.empty() || (digits && text.size() == kHexDigest);
}

bool IsKexInit(const proto::SshKexInit& init) {
  return Within(kMaxText, {init.kex_algorithms(), init.server_host_key_algorithms(),
                           init.encryption_client_to_server(), init.encryption_server_to_client(),
                           init.mac_client_to_server(), init.mac_server_to_client(),
                           init.compression_client_to_server(), init.compression_server_to_client(),
                           init.languages_client_to_server(), init.languages_server_to_client()});
}

bool IsAgreed(const proto::SshAgreed& agreed) {
  return Within(kMaxName, {agreed.kex(), agreed.host_key(), agreed.encryption_client_to_server(),
                           agreed.encryption_server_to_client(), agreed.mac_client_to_server(),
                           agreed.mac_server_to_client(), agreed.compression_client_to_server(),
                           agreed.compression_server_to_client()});
}

bool IsHostKey(const proto::SshHostKey& key) {
  return key.proof() < kProofCount && key.blob().size() <= kMaxText &&
         key.signature_r().size() <= kMaxSignatureR &&
         Within(kMaxName, {key.algorithm(), key.signature_algorithm()});
}

Status CheckSsh(const proto::SshFacts& ssh) {
  if (ssh.keys_size() > kMaxSshKeys || ssh.pre_lines_size() > kMaxPreLines) {
    return Wrong("too many SSH keys or lines");
  }
  const auto& lines = ssh.pre_lines();
  const bool texts = std::all_of(lines.begin(), lines.end(),
                                 [](const auto& line) { return line.size() <= kMaxText; });
  if (!texts || !Within(kMaxName, {ssh.identification(), ssh.kex_algorithm()}) ||
      !IsKexInit(ssh.kex_init()) || !IsAgreed(ssh.agreed())) {
    return Wrong("SSH texts beyond their limits");
  }
  if (!IsHexDigest(ssh.hassh_server()) || !IsHexDigest(ssh.passive_ssh_hassh())) {
    return Wrong("a hassh that is none");
  }
  const auto& keys = ssh.keys();
  return std::all_of(keys.begin(), keys.end(), IsHostKey) ? Status::Ok()
                                                          : Wrong("an SSH key that is none");
}

// What a leaf and the other one have in common.
template <typename Facts>
bool IsLeaf(const Facts& facts) {
  return facts.version() <= kMaxCodePoint && facts.cipher_suite() <= kMaxCodePoint &&
         facts.signature_scheme() <= kMaxCodePoint && facts.proof() < kProofCount &&
         facts.chain_size() <= kMaxChain && facts.chain_sha256_size() == 0;
}

Status CheckTls(const proto::TlsFacts& tls) {
  if (!IsLeaf(tls) || !IsLeaf(tls.other_leaf()) || tls.alert() > kMaxAlert) {
    return Wrong("TLS facts beyond their limits");
  }
  const auto& extensions = tls.server_extensions();
  const bool types = std::all_of(extensions.begin(), extensions.end(),
                                 [](uint32_t type) { return type <= kMaxCodePoint; });
  if (!types || tls.server_extensions_size() > kMaxExtensions ||
      tls.warning_alerts().size() > kMaxWarningAlerts) {
    return Wrong("TLS lists beyond their limits");
  }
  if (!Within(kMaxName, {tls.group(), tls.sni(), tls.alpn()})) {
    return Wrong("TLS names beyond their limits");
  }
  return IsHexDigest(tls.ja3s()) ? Status::Ok() : Wrong("a JA3S that is none");
}

}  // namespace

Status CheckObservation(const proto::PortObservation& port) {
  if (port.outcome() >= kOutcomeCount || port.stage() >= kStageCount ||
      port.protocol() >= kProtocolCount) {
    return Wrong("an unknown outcome");
  }
  if (!Within(kMaxText,
              {port.greeting(), port.detail(), port.mail().capabilities(),
               port.mail().starttls_reply(), port.http().status_line(), port.http().headers()}) ||
      port.mail().smuggled_bytes() > kMaxSmuggled) {
    return Wrong("an answer beyond its limit");
  }
  HARK_RETURN_IF_ERROR(CheckSsh(port.ssh()));
  return CheckTls(port.tls());
}

}  // namespace hark
