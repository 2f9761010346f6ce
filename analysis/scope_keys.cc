#include "analysis/scope_keys.h"

#include <algorithm>
#include <array>
#include <tuple>

#include "base/ssh_port.h"
#include "keys/certificate.h"
#include "keys/ssh_key.h"

namespace hark {
namespace {

// zgrab v1's offer (the paper's grabber), first choice first.
constexpr std::array<std::string_view, 12> kPaperOrder = {
    "ssh-rsa-cert-v01@openssh.com",
    "ssh-dss-cert-v01@openssh.com",
    "ecdsa-sha2-nistp256-cert-v01@openssh.com",
    "ecdsa-sha2-nistp384-cert-v01@openssh.com",
    "ecdsa-sha2-nistp521-cert-v01@openssh.com",
    "ssh-ed25519-cert-v01@openssh.com",
    "ecdsa-sha2-nistp256",
    "ecdsa-sha2-nistp384",
    "ecdsa-sha2-nistp521",
    "ssh-rsa",
    "ssh-dss",
    "ssh-ed25519"};

size_t PaperRank(std::string_view type) {
  return static_cast<size_t>(std::find(kPaperOrder.begin(), kPaperOrder.end(), type) -
                             kPaperOrder.begin());
}

bool Shows(const proto::PortRow& row, const KeyId& key) {
  return std::find(row.keys().begin(), row.keys().end(), key.bytes()) != row.keys().end();
}

using KeyTest = std::function<bool(const KeyId&)>;

void DropSshBlobs(const KeyTest& stays, proto::SshFacts& ssh) {
  auto& keys = *ssh.mutable_keys();
  keys.erase(std::remove_if(
                 keys.begin(), keys.end(),
                 [&](const proto::SshHostKey& key) { return !stays(ReadSshKey(key.blob()).id); }),
             keys.end());
}

// A chain whose leaf cannot be looked at tells of no key of the scope.
template <typename Facts>
bool LeafStays(const RunReader& reader, const KeyTest& stays, const Facts& facts) {
  if (facts.chain_sha256().empty()) return false;
  const Result<std::string> der = reader.Certificate(facts.chain_sha256(0));
  const std::optional<KeyId> key = der.ok() ? KeyIdOfCertificate(*der) : std::nullopt;
  return key && stays(*key);
}

void DropChains(const RunReader& reader, const KeyTest& stays, proto::TlsFacts& tls) {
  if (!LeafStays(reader, stays, tls.other_leaf())) tls.clear_other_leaf();
  if (!LeafStays(reader, stays, tls)) tls.clear_chain_sha256();
}

}  // namespace

std::optional<KeyId> PaperSshKey(const proto::PortRow& row) {
  std::optional<std::pair<size_t, KeyId>> best;
  for (const std::string& bytes : row.keys()) {
    const std::optional<KeyId> key = KeyId::FromBytes(bytes);
    if (!key) continue;
    const std::pair<size_t, KeyId> candidate = {kPaperOrder.size(), *key};
    if (!best || candidate < *best) best = candidate;
  }
  if (row.keys_size() < 2) return best ? std::optional<KeyId>(best->second) : std::nullopt;
  for (const proto::SshHostKey& key : row.observation().ssh().keys()) {
    const SshKeyInfo info = ReadSshKey(key.blob());
    const std::pair<size_t, KeyId> candidate = {PaperRank(info.type), info.id};
    if (Shows(row, info.id) && candidate < *best) best = candidate;
  }
  return best ? std::optional<KeyId>(best->second) : std::nullopt;
}

Status ScopeKeys::Prepare(const RunReader& reader, const Scope& scope,
                          const std::function<bool(const Address&, uint16_t)>& in_scope) {
  if (scope.only_keys) {
    HARK_ASSIGN_OR_RETURN(only_, ResolveKeyList(reader, *scope.only_keys));
  }
  if (scope.without_keys) {
    HARK_ASSIGN_OR_RETURN(without_, ResolveKeyList(reader, *scope.without_keys));
  }
  first_ssh_key_ = scope.first_ssh_key;
  if (!first_ssh_key_) return Status::Ok();
  return reader.ForEachPort([&](const Address& address, uint16_t port, const proto::PortRow& row) {
    if (!IsSshPort(port) || row.keys_size() < 2 || !in_scope(address, port)) return Status::Ok();
    if (const std::optional<KeyId> key = PaperSshKey(row)) first_.push_back({address, port, *key});
    return Status::Ok();
  });
}

bool ScopeKeys::Has(const KeyUse& use) const {
  if (without_.contains(use.key) || (only_ && !only_->contains(use.key))) return false;
  if (!first_ssh_key_ || !IsSshPort(use.port)) return true;
  const auto at = std::lower_bound(
      first_.begin(), first_.end(), use, [](const FirstKey& first, const KeyUse& sought) {
        return std::tie(first.address, first.port) < std::tie(sought.address, sought.port);
      });
  const bool several = at != first_.end() && at->address == use.address && at->port == use.port;
  return !several || at->key == use.key;
}

bool ScopeKeys::HasKey(const Address& address, uint16_t port, std::string_view key) const {
  const std::optional<KeyId> id = KeyId::FromBytes(key);
  return id && Has({*id, address, port});
}

bool ScopeKeys::AllOf(const Address& address, uint16_t port, const proto::PortRow& row) const {
  if (!first_ssh_key_ && !only_ && without_.empty()) return true;
  return std::all_of(row.keys().begin(), row.keys().end(),
                     [&](const std::string& key) { return HasKey(address, port, key); });
}

proto::PortRow ScopeKeys::Narrowed(const RunReader& reader, const Address& address, uint16_t port,
                                   const proto::PortRow& row) const {
  proto::PortRow out = row;
  out.clear_keys();
  for (const std::string& key : row.keys()) {
    if (HasKey(address, port, key)) out.add_keys(key);
  }
  const KeyTest stays = [&](const KeyId& key) { return Has({key, address, port}); };
  proto::PortObservation& seen = *out.mutable_observation();
  if (seen.has_ssh()) DropSshBlobs(stays, *seen.mutable_ssh());
  if (seen.has_tls()) DropChains(reader, stays, *seen.mutable_tls());
  return out;
}

}  // namespace hark
