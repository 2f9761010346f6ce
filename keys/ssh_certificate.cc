#include "keys/ssh_certificate.h"

#include "base/bytes.h"
#include "keys/ssh_key.h"

namespace hark {
namespace {

constexpr std::string_view kSuffix = "-cert-v01@openssh.com";
constexpr size_t kMaxTypeName = 64;  // as in ssh_key.cc

// How many SSH strings the public key of a type has behind its type string. All of today's types
// are made of strings alone, so none has to be understood to be stepped over.
struct CertifiedType {
  std::string_view name;        // before the suffix
  std::string_view plain_type;  // of the key itself
  int strings;
};
constexpr CertifiedType kTypes[] = {
    {"ssh-ed25519", "ssh-ed25519", 1},
    {"ecdsa-sha2-nistp256", "ecdsa-sha2-nistp256", 2},
    {"ecdsa-sha2-nistp384", "ecdsa-sha2-nistp384", 2},
    {"ecdsa-sha2-nistp521", "ecdsa-sha2-nistp521", 2},
    {"ssh-rsa", "ssh-rsa", 2},
    {"ssh-dss", "ssh-dss", 4},
    {"sk-ssh-ed25519", "sk-ssh-ed25519@openssh.com", 2},
    {"sk-ecdsa-sha2-nistp256", "sk-ecdsa-sha2-nistp256@openssh.com", 3},
};

const CertifiedType* TypeNamed(std::string_view name) {
  if (!name.ends_with(kSuffix)) return nullptr;
  name.remove_suffix(kSuffix.size());
  for (const CertifiedType& type : kTypes) {
    if (type.name == name) return &type;
  }
  return nullptr;
}

// The certificate's fields as they follow each other, not looked into.
struct Fields {
  const CertifiedType* type = nullptr;
  std::string_view type_name, key, key_id, principals, critical_options, extensions, ca_key;
  uint64_t serial = 0, valid_after = 0, valid_before = 0;
  uint32_t kind = 0;
};

std::string_view AnyString(ByteReader& reader) {
  return reader.String32(kMaxSshKeyBlob);
}

bool ReadFields(std::string_view blob, Fields& fields) {
  if (blob.size() > kMaxSshKeyBlob) return false;
  ByteReader reader(blob);
  fields.type_name = reader.String32(kMaxTypeName);
  fields.type = TypeNamed(fields.type_name);
  if (fields.type == nullptr) return false;
  AnyString(reader);  // nonce
  const std::string_view key = reader.rest();
  for (int i = 0; i < fields.type->strings; ++i) AnyString(reader);
  fields.key = key.substr(0, key.size() - reader.remaining());
  fields.serial = reader.U64();
  fields.kind = reader.U32();
  fields.key_id = AnyString(reader);
  fields.principals = AnyString(reader);
  fields.valid_after = reader.U64();
  fields.valid_before = reader.U64();
  fields.critical_options = AnyString(reader);
  fields.extensions = AnyString(reader);
  AnyString(reader);  // reserved
  fields.ca_key = AnyString(reader);
  AnyString(reader);  // the CA's signature
  return reader.ok() && reader.empty();
}

std::string PlainBlob(const Fields& fields) {
  ByteWriter out;
  out.String32(fields.type->plain_type);
  out.Bytes(fields.key);
  return out.Take();
}

// Both return whether the list was read to its end.
bool ReadStrings(std::string_view list, std::vector<std::string>& out) {
  ByteReader reader(list);
  while (!reader.empty() && out.size() < kMaxSshCertificateEntries) {
    const std::string_view entry = AnyString(reader);
    if (!reader.ok()) return false;
    out.emplace_back(entry);
  }
  return reader.empty();
}

bool ReadOptions(std::string_view list, std::vector<SshCertificateOption>& out) {
  ByteReader reader(list);
  while (!reader.empty() && out.size() < kMaxSshCertificateEntries) {
    const std::string_view name = AnyString(reader);
    const std::string_view data = AnyString(reader);
    if (!reader.ok()) return false;
    out.push_back({std::string(name), std::string(data)});
  }
  return reader.empty();
}

}  // namespace

bool IsSshCertificateType(std::string_view type) {
  return type.ends_with(kSuffix);
}

std::optional<SshCertificate> ReadSshCertificate(std::string_view blob) {
  Fields fields;
  if (!ReadFields(blob, fields)) return std::nullopt;
  SshCertificate certificate;
  certificate.type = fields.type_name;
  certificate.certified_key = PlainBlob(fields);
  certificate.serial = fields.serial;
  certificate.kind = fields.kind;
  certificate.key_id = fields.key_id;
  certificate.valid_after = fields.valid_after;
  certificate.valid_before = fields.valid_before;
  certificate.ca_key = fields.ca_key;
  const bool principals = ReadStrings(fields.principals, certificate.principals);
  const bool critical = ReadOptions(fields.critical_options, certificate.critical_options);
  const bool extensions = ReadOptions(fields.extensions, certificate.extensions);
  certificate.lists_complete = principals && critical && extensions;
  return certificate;
}

std::optional<std::string> CertifiedSshKey(std::string_view blob) {
  Fields fields;
  if (!ReadFields(blob, fields)) return std::nullopt;
  return PlainBlob(fields);
}

}  // namespace hark
