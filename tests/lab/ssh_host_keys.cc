#include "tests/lab/ssh_host_keys.h"

#include "base/bytes.h"
#include "base/strings.h"

namespace hark::lab {
namespace {

constexpr std::string_view kCertificateSuffix = "-cert-v01@openssh.com";
constexpr std::string_view kVendorSuffix = "@openssh.com";
constexpr size_t kMaxBlob = size_t{64} * 1024;

// "ssh-ed25519" to "ssh-ed25519-cert-v01@openssh.com"; a vendor's name keeps only the new suffix.
std::string CertificateName(std::string_view plain) {
  const size_t vendor = plain.find(kVendorSuffix);
  return StrCat(plain.substr(0, vendor), kCertificateSuffix);
}

// A key whose type is of no standard. The seed makes it a different one on every host.
HostKeyOffer Invented(uint32_t i, const std::string& seed) {
  HostKeyOffer out;
  out.algorithm = StrCat("ssh-invented-", i, "@lab.test");
  out.signs_as = out.algorithm;
  ByteWriter blob;
  blob.String32(out.algorithm);
  blob.String32(HexDecode(Sha256Hex(StrCat(seed, '/', i))).value_or(""));
  out.blob = blob.Take();
  return out;
}

std::string StringList(const std::vector<std::string>& strings) {
  ByteWriter out;
  for (const std::string& s : strings) out.String32(s);
  return out.Take();
}

}  // namespace

std::string HostKeyOffer::Sign(std::string_view hash) const {
  if (key != nullptr) return SshSign(key->pkey(), signs_as, hash);
  ByteWriter out;
  out.String32(signs_as);
  out.String32(std::string(64, 's'));
  return out.Take();
}

const SshHostKeys::Offers& SshHostKeys::Of(const Service& service) const {
  const std::lock_guard lock(mutex_);
  auto it = made_.find(&service);
  if (it == made_.end()) it = made_.emplace(&service, Make(service)).first;
  return it->second;
}

const KeyStore::Key& SshHostKeys::KeyNamed(const std::string& name) const {
  return *keys_.Find(name, scenario_.key_types.at(name));
}

SshHostKeys::Offers SshHostKeys::Make(const Service& service) const {
  Offers certified;
  Offers plain;
  for (const std::string& name : service.keys) {
    const KeyStore::Key& key = KeyNamed(name);
    const std::string certificate = service.ca.empty() ? "" : Certificate(key, name, service.ca);
    for (const std::string& algorithm : SshAlgorithms(key.type)) {
      plain.push_back({algorithm, key.ssh_blob(), algorithm, &key});
      if (certificate.empty()) continue;
      certified.push_back({CertificateName(algorithm), certificate, algorithm, &key});
    }
  }
  Offers out = std::move(certified);
  out.insert(out.end(), plain.begin(), plain.end());
  for (uint32_t i = 1; i <= service.unknown_keys; ++i) {
    out.push_back(Invented(i, Join(service.keys, ",")));
  }
  return out;
}

// Its fields stand in the order of PROTOCOL.certkeys: the plain key's own come after the nonce.
std::string SshHostKeys::Certificate(const KeyStore::Key& key, const std::string& name,
                                     const std::string& ca_name) const {
  constexpr uint64_t kSerial = 4711;
  constexpr uint32_t kHostCertificate = 2;
  constexpr uint64_t kFrom = 1'514'764'800;  // 2018
  constexpr uint64_t kTo = 2'493'072'000;    // 2049
  const KeyStore::Key& ca = KeyNamed(ca_name);
  ByteReader plain(key.ssh_blob());
  const std::string_view type = plain.String32(kMaxBlob);
  ByteWriter out;
  out.String32(CertificateName(type));
  out.String32(HexDecode(Sha256Hex(key.spki_der)).value_or(""));  // a nonce that stays the same
  out.Bytes(plain.rest());
  out.U64(kSerial);
  out.U32(kHostCertificate);
  out.String32(name);
  out.String32(StringList({StrCat(name, ".lab.test"), "lab.test"}));
  out.U64(kFrom);
  out.U64(kTo);
  out.String32("");  // critical options
  out.String32("");  // extensions
  out.String32("");  // reserved
  out.String32(ca.ssh_blob());
  out.String32(SshSign(ca.pkey(), SshAlgorithms(ca.type).front(), out.str()));
  return out.Take();
}

}  // namespace hark::lab
