#include "storage/fact_names.h"

#include "base/host_id.h"
#include "base/strings.h"
#include "keys/certificate.h"
#include "keys/digests.h"
#include "keys/key_id.h"

namespace hark {
namespace {

using schema::NameKind;

// A certificate may name a thousand hosts; it is found by this many of them.
constexpr size_t kMostNames = 100;

std::string NameOf(NameKind kind, std::string_view name, const Fact& fact) {
  return schema::FactNamePrefix(kind, name) + fact.value;
}

}  // namespace

std::vector<std::string> NamesOfKey(const Fact& key, std::string_view ssh_blob, std::string md5) {
  std::vector<std::string> names;
  if (md5.empty()) md5 = Md5(ssh_blob);
  if (!md5.empty()) names.push_back(NameOf(NameKind::kMd5, md5, key));
  names.push_back(
      NameOf(NameKind::kSshSha256, Sha256(ssh_blob).substr(0, schema::kSshSha256NameSize), key));
  return names;
}

std::vector<std::string> NamesOfCertificate(const Fact& certificate, std::string_view der) {
  std::vector<std::string> out;
  const std::optional<CertificateFacts> facts = ReadCertificate(der);
  if (!facts) return out;
  std::vector<std::string> names = facts->dns_names;
  if (names.size() > kMostNames) names.resize(kMostNames);
  names.push_back(facts->common_name);
  for (const std::string& name : names) {
    if (name.empty() || name.size() > HostId::kMaxName) continue;
    out.push_back(NameOf(NameKind::kCertificateName, schema::TurnRound(AsciiLower(name)) + '\0',
                         certificate));
  }
  out.push_back(NameOf(NameKind::kCertificateIssuer,
                       facts->issuer.substr(0, schema::kMostIssuer) + '\0', certificate));
  return out;
}

std::vector<std::string> NamesOfAlgorithms(const Fact& algorithms,
                                           const proto::AlgorithmsRow& row) {
  std::vector<std::string> names;
  if (const auto hassh = HexDecode(row.hassh()); hassh && !hassh->empty()) {
    names.push_back(NameOf(NameKind::kHassh, *hassh, algorithms));
  }
  if (const auto hassh = HexDecode(row.passive_ssh_hassh()); hassh && !hassh->empty()) {
    names.push_back(NameOf(NameKind::kPassiveSshHassh, *hassh, algorithms));
  }
  return names;
}

}  // namespace hark
