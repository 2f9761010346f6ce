#include "storage/sighting.h"

#include "base/bytes.h"
#include "base/outcome.h"
#include "base/strings.h"
#include "keys/certificate.h"
#include "keys/key_id.h"
#include "keys/ssh_key.h"

namespace hark {
namespace {

// What is kept of a text that a peer can make as long as it likes.
constexpr size_t kMostBanner = 512;
constexpr size_t kMostGroup = 32;

SightedFact ReferenceTo(FactKind kind, std::string sha256, std::string_view body) {
  SightedFact fact;
  fact.fact = {kind, sha256.substr(0, kFactRefSize)};
  fact.body = body;
  fact.sha256 = std::move(sha256);
  return fact;
}

SightedFact KeyFactOfId(std::string_view id) {
  return ReferenceTo(FactKind::kKey, std::string(id), "");
}

bool IsShown(uint32_t proof) {
  return static_cast<Proof>(proof) != Proof::kBad;
}

// The first line, without its end: what a person would call the banner.
std::string_view FirstLine(std::string_view greeting) {
  return Trim(greeting.substr(0, greeting.find('\n')));
}

// A chain is here as bodies from the wire, as hashes in the store. The key of a leaf that is only a
// hash is not known here.
template <typename Chained>
void AddLeaf(const Chained& tls, std::vector<SightedFact>* facts) {
  if (!IsShown(tls.proof())) return;
  if (tls.chain_size() > 0) {
    const std::string& der = tls.chain(0);
    facts->push_back(CertificateFact(der));
    if (const auto id = KeyIdOfCertificate(der)) facts->push_back(KeyFactOfId(id->bytes()));
  } else if (tls.chain_sha256_size() > 0 && tls.chain_sha256(0).size() == KeyId::kSize) {
    facts->push_back(CertificateFactOfHash(tls.chain_sha256(0)));
  }
}

void AddSsh(const proto::SshFacts& ssh, std::vector<SightedFact>* facts) {
  if (!ssh.identification().empty()) facts->push_back(BannerFact(ssh.identification()));
  if (ssh.has_kex_init()) {
    proto::AlgorithmsRow row;
    *row.mutable_lists() = ssh.kex_init();
    row.set_hassh(ssh.hassh_server());
    row.set_passive_ssh_hassh(ssh.passive_ssh_hassh());
    facts->push_back(AlgorithmsFact(row));
  }
  for (const proto::SshHostKey& key : ssh.keys()) {
    if (IsShown(key.proof())) facts->push_back(KeyFactOfBlob(key.blob()));
  }
}

}  // namespace

SightedFact KeyFactOfBlob(std::string_view ssh_blob) {
  const SshKeyInfo info = ReadSshKey(ssh_blob);
  SightedFact fact = KeyFactOfId(info.id.bytes());
  // A certificate counts as the key in it.
  const auto inner = info.certificate ? SshBlobOfSpki(info.spki) : std::optional<std::string>();
  fact.body = inner ? *inner : std::string(ssh_blob);
  return fact;
}

SightedFact KeyFactOfSpki(std::string_view spki_der) {
  SightedFact fact = KeyFactOfId(Sha256(spki_der));
  fact.body = spki_der;
  fact.spki = true;
  return fact;
}

SightedFact CertificateFact(std::string_view der) {
  return ReferenceTo(FactKind::kCertificate, Sha256(der), der);
}

SightedFact CertificateFactOfHash(std::string_view sha256) {
  return ReferenceTo(FactKind::kCertificate, std::string(sha256), "");
}

SightedFact BannerFact(std::string_view text) {
  text = text.substr(0, kMostBanner);
  return ReferenceTo(FactKind::kBanner, Sha256(text), text);
}

SightedFact AlgorithmsFact(const proto::AlgorithmsRow& row) {
  const std::string body = row.SerializeAsString();
  return ReferenceTo(FactKind::kAlgorithms, Sha256(body), body);
}

SightedFact OutcomeFact(uint32_t outcome, uint32_t stage) {
  ByteWriter value;
  value.U8(static_cast<uint8_t>(outcome));
  value.U8(static_cast<uint8_t>(stage));
  SightedFact fact;
  fact.fact = {FactKind::kOutcome, value.Take()};
  return fact;
}

SightedFact TlsFact(uint32_t version, uint32_t cipher_suite, std::string_view group) {
  ByteWriter value;
  value.U16(static_cast<uint16_t>(version));
  value.U16(static_cast<uint16_t>(cipher_suite));
  value.Bytes(group.substr(0, kMostGroup));
  SightedFact fact;
  fact.fact = {FactKind::kTls, value.Take()};
  return fact;
}

std::vector<SightedFact> FactsOf(const proto::PortObservation& observation) {
  std::vector<SightedFact> facts;
  facts.push_back(OutcomeFact(observation.outcome(), observation.stage()));
  const std::string_view line = FirstLine(observation.greeting());
  if (observation.ssh().identification().empty() && !line.empty()) {
    facts.push_back(BannerFact(line));
  }
  if (observation.has_ssh()) AddSsh(observation.ssh(), &facts);
  if (!observation.has_tls()) return facts;
  const proto::TlsFacts& tls = observation.tls();
  if (tls.version() != 0) facts.push_back(TlsFact(tls.version(), tls.cipher_suite(), tls.group()));
  AddLeaf(tls, &facts);
  if (tls.has_other_leaf()) AddLeaf(tls.other_leaf(), &facts);
  return facts;
}

}  // namespace hark
