#include "keys/ssh_key.h"

#include <openssl/err.h>
#include <openssl/obj_mac.h>

#include <array>
#include <bit>

#include "base/bytes.h"
#include "keys/der.h"
#include "keys/openssl_ptr.h"
#include "keys/ssh_certificate.h"

namespace hark {
namespace {

// 16384 bits: the most OpenSSH and OpenSSL accept for a modulus. Beyond it nobody can use the key.
constexpr int kMaxModulusBits = 16384;
// Type strings in the registry end at 42 bytes (sk-ecdsa certificates); RFC 4250 §4.6.1 allows 64.
constexpr size_t kMaxTypeName = 64;
constexpr size_t kEd25519Bytes = 32;

// Algorithm OIDs, DER content bytes.
constexpr std::string_view kOidRsa("\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01", 9);
constexpr std::string_view kOidDsa("\x2a\x86\x48\xce\x38\x04\x01", 7);
constexpr std::string_view kOidEc("\x2a\x86\x48\xce\x3d\x02\x01", 7);
constexpr std::string_view kOidEd25519("\x2b\x65\x70", 3);

struct Curve {
  std::string_view ssh_name;
  std::string_view oid;
  int nid;
  int bits;
};
constexpr std::array<Curve, 3> kCurves = {{
    {"nistp256", {"\x2a\x86\x48\xce\x3d\x03\x01\x07", 8}, NID_X9_62_prime256v1, 256},
    {"nistp384", {"\x2b\x81\x04\x00\x22", 5}, NID_secp384r1, 384},
    {"nistp521", {"\x2b\x81\x04\x00\x23", 5}, NID_secp521r1, 521},
}};

// What reading the fields of one key gave.
struct Fields {
  bool ok = false;
  int bits = 0;
  std::string spki;
};

std::string Spki(std::string_view algorithm, std::string_view key_bits) {
  return der::Encode(der::kSequence,
                     der::Encode(der::kSequence, algorithm) + der::EncodeBits(key_bits));
}

// The magnitude of a positive mpint. Superfluous leading zeros, which RFC 4251 §5 forbids but some
// embedded servers send, are dropped: the number and so the key is the same. Zero, negative and
// oversized numbers are no part of any key: empty.
std::string_view PositiveMpint(ByteReader& reader) {
  std::string_view n = reader.String32(kMaxSshKeyBlob);
  if (!n.empty() && (static_cast<uint8_t>(n.front()) & 0x80) != 0) return {};
  while (!n.empty() && n.front() == '\0') n.remove_prefix(1);
  return n.size() * 8 <= kMaxModulusBits ? n : std::string_view();
}

int BitLength(std::string_view magnitude) {
  if (magnitude.empty()) return 0;
  return static_cast<int>(magnitude.size() - 1) * 8 +
         std::bit_width(static_cast<uint8_t>(magnitude.front()));
}

Fields ReadRsa(ByteReader& reader) {
  const std::string_view e = PositiveMpint(reader);
  const std::string_view n = PositiveMpint(reader);
  if (!reader.ok() || e.empty() || BitLength(n) < 2) return {};
  const std::string algorithm = der::Encode(der::kOid, kOidRsa) + der::Encode(der::kNull, {});
  const std::string key =
      der::Encode(der::kSequence, der::EncodeUnsigned(n) + der::EncodeUnsigned(e));
  return {true, BitLength(n), Spki(algorithm, key)};
}

Fields ReadDsa(ByteReader& reader) {
  const std::string_view p = PositiveMpint(reader);
  const std::string_view q = PositiveMpint(reader);
  const std::string_view g = PositiveMpint(reader);
  const std::string_view y = PositiveMpint(reader);
  if (!reader.ok() || BitLength(p) < 2 || q.empty() || g.empty() || y.empty()) return {};
  const std::string domain = der::Encode(
      der::kSequence, der::EncodeUnsigned(p) + der::EncodeUnsigned(q) + der::EncodeUnsigned(g));
  const std::string algorithm = der::Encode(der::kOid, kOidDsa) + domain;
  return {true, BitLength(p), Spki(algorithm, der::EncodeUnsigned(y))};
}

// Kept, since making one takes longer than everything else about a key. Never changed, so any
// thread may use it.
const EC_GROUP* GroupOf(const Curve& curve) {
  static const std::array<EcGroupPtr, kCurves.size()> kGroups = [] {
    std::array<EcGroupPtr, kCurves.size()> groups;
    for (size_t i = 0; i < kCurves.size(); ++i) {
      groups[i].reset(EC_GROUP_new_by_curve_name(kCurves[i].nid));
    }
    return groups;
  }();
  return kGroups[static_cast<size_t>(&curve - kCurves.data())].get();
}

// The point uncompressed, as certificates carry it, or empty if it is not on the curve. SSH allows
// compressed points (RFC 5656 §3.1), hence the way through OpenSSL and back.
std::string UncompressedPoint(const Curve& curve, std::string_view encoded) {
  const EC_GROUP* const group = GroupOf(curve);
  if (group == nullptr) return {};
  static thread_local const BnCtxPtr numbers(BN_CTX_new());  // making them takes half of the time
  const EcPointPtr point(EC_POINT_new(group));
  if (!point ||
      EC_POINT_oct2point(group, point.get(), AsUnsigned(encoded.data()), encoded.size(),
                         numbers.get()) != 1 ||
      EC_POINT_is_at_infinity(group, point.get()) == 1) {
    ERR_clear_error();  // a stranger's bad point must not be read as a later call's failure
    return {};
  }
  const size_t field = static_cast<size_t>(curve.bits + 7) / 8;
  // On the curve with coordinates below the field's size, it is what would come back.
  if (encoded.size() == 1 + 2 * field && encoded.front() == POINT_CONVERSION_UNCOMPRESSED) {
    return std::string(encoded);
  }
  std::string out(1 + 2 * field, '\0');
  if (EC_POINT_point2oct(group, point.get(), POINT_CONVERSION_UNCOMPRESSED, AsUnsigned(out.data()),
                         out.size(), nullptr) != out.size()) {
    return {};
  }
  return out;
}

Fields ReadEcdsa(ByteReader& reader, std::string_view curve_in_type) {
  const std::string_view name = reader.String32(kMaxTypeName);
  const std::string_view encoded = reader.String32(kMaxSshKeyBlob);
  if (!reader.ok() || name != curve_in_type) return {};
  for (const Curve& curve : kCurves) {
    if (curve.ssh_name != name) continue;
    const std::string point = UncompressedPoint(curve, encoded);
    if (point.empty()) return {};
    const std::string algorithm =
        der::Encode(der::kOid, kOidEc) + der::Encode(der::kOid, curve.oid);
    return {true, curve.bits, Spki(algorithm, point)};
  }
  return {};
}

Fields ReadEd25519(ByteReader& reader) {
  const std::string_view point = reader.String32(kEd25519Bytes);
  if (!reader.ok() || point.size() != kEd25519Bytes) return {};
  return {true, 256, Spki(der::Encode(der::kOid, kOidEd25519), point)};
}

// Security keys sign over more than the message (PROTOCOL.u2f), and the application is part of
// what the key is: an SPKI of the bare point would claim an identity it does not have.
Fields WithApplication(const Fields& fields, ByteReader& reader) {
  reader.String32(kMaxSshKeyBlob);
  return {fields.ok && reader.ok(), fields.bits, {}};
}

// The fields behind the type string of a plain key of this type.
Fields ReadFields(std::string_view type, ByteReader& reader) {
  constexpr std::string_view kEcdsa = "ecdsa-sha2-";
  if (type == "ssh-rsa") return ReadRsa(reader);
  if (type == "ssh-dss") return ReadDsa(reader);
  if (type == "ssh-ed25519") return ReadEd25519(reader);
  if (type == "sk-ssh-ed25519@openssh.com") return WithApplication(ReadEd25519(reader), reader);
  if (type == "sk-ecdsa-sha2-nistp256@openssh.com") {
    return WithApplication(ReadEcdsa(reader, "nistp256"), reader);
  }
  if (type.starts_with(kEcdsa)) return ReadEcdsa(reader, type.substr(kEcdsa.size()));
  return {};
}

bool IsTypeName(std::string_view type) {
  for (unsigned char c : type) {
    if (c <= 0x20 || c >= 0x7f) return false;
  }
  return !type.empty();
}

KeyId BlobDomainId(std::string_view blob) {
  // An SPKI begins with 0x30, this input with 'h': the two domains hash disjoint inputs.
  std::string input("hark ssh blob v1\0", 17);
  input += blob;
  return *KeyId::FromBytes(Sha256(input));
}

// Type and fields of a blob that holds nothing else.
Fields ReadPlain(std::string_view blob) {
  ByteReader reader(blob);
  const std::string_view type = reader.String32(kMaxTypeName);
  Fields fields = ReadFields(type, reader);
  fields.ok = fields.ok && reader.ok() && reader.empty();
  return fields;
}

}  // namespace

SshKeyInfo ReadSshKey(std::string_view blob) {
  SshKeyInfo info;
  if (blob.size() > kMaxSshKeyBlob) {
    info.id = BlobDomainId(blob);
    return info;
  }
  const std::string_view type = ByteReader(blob).String32(kMaxTypeName);
  if (IsTypeName(type)) info.type = type;
  info.certificate = IsSshCertificateType(info.type);
  const std::string certified =
      info.certificate ? CertifiedSshKey(blob).value_or(std::string()) : std::string();
  const std::string_view plain = info.certificate ? std::string_view(certified) : blob;
  Fields fields = ReadPlain(plain);
  if (!fields.ok) {
    info.id = BlobDomainId(blob);
    return info;
  }
  info.bits = fields.bits;
  info.spki = std::move(fields.spki);
  info.id = info.spki.empty() ? BlobDomainId(plain) : KeyIdOfSpki(info.spki);
  return info;
}

}  // namespace hark
