#include "api/crypto_material.h"

#include <openssl/bn.h>
#include <openssl/crypto.h>

#include <optional>

#include "base/bytes.h"
#include "base/strings.h"
#include "keys/openssl_ptr.h"
#include "keys/ssh_key.h"

namespace hark {
namespace {

constexpr std::string_view kCertificateSuffix = "-cert-v01@openssh.com";

std::optional<std::string> Decimal(std::string_view big_endian) {
  if (big_endian.size() > kMaxMaterialBytes) return std::nullopt;
  const BignumPtr number(
      BN_bin2bn(AsUnsigned(big_endian.data()), static_cast<int>(big_endian.size()), nullptr));
  char* const digits = number ? BN_bn2dec(number.get()) : nullptr;
  if (digits == nullptr) return std::nullopt;
  std::string text(digits);
  OPENSSL_free(digits);
  return text;
}

// Reads the fields of a blob one after another and keeps what can be shown.
class Material {
 public:
  explicit Material(ByteReader blob) : blob_(blob) {}

  Material& Number(std::string_view name) {
    if (auto decimal = Decimal(Field())) out_.emplace_back(name, std::move(*decimal));
    return *this;
  }
  Material& Text(std::string_view name) {
    out_.emplace_back(name, Field());
    return *this;
  }
  Material& Key() {
    const std::string_view bytes = Field();
    out_.emplace_back("len_pk", StrCat(bytes.size()));
    if (auto decimal = Decimal(bytes)) out_.emplace_back("pk", std::move(*decimal));
    return *this;
  }
  Material& Skip() {
    Field();
    return *this;
  }
  CryptoMaterial Take() { return blob_.ok() ? std::move(out_) : CryptoMaterial(); }
  bool complete() const { return blob_.ok() && blob_.empty(); }

 private:
  std::string_view Field() { return blob_.String32(kMaxSshKeyBlob); }

  ByteReader blob_;
  CryptoMaterial out_;
};

// RFC 8709 and whatever comes after it: a type and the key.
CryptoMaterial OtherMaterial(Material material, bool certificate) {
  material.Key();
  return certificate || material.complete() ? material.Take() : CryptoMaterial();
}

}  // namespace

std::string_view SshBlobType(std::string_view ssh_blob) {
  return ByteReader(ssh_blob).String32(kMaxSshKeyBlob);
}

CryptoMaterial CryptoMaterialOf(std::string_view ssh_blob) {
  ByteReader reader(ssh_blob);
  std::string_view type = reader.String32(kMaxSshKeyBlob);
  Material material(reader);
  const bool certificate = type.ends_with(kCertificateSuffix);
  if (certificate) {  // OpenSSH PROTOCOL.certkeys: a nonce, then the key's own fields
    material.Skip();
    type.remove_suffix(kCertificateSuffix.size());
  }
  const bool security_key = type.starts_with("sk-");
  if (security_key) type = type.substr(3, type.find('@') - 3);  // certificates have no '@' left
  if (type == "ssh-rsa") return material.Number("exponent").Number("modulus").Take();
  if (type == "ssh-dss") {
    return material.Number("p").Number("q").Number("g").Number("dsa_pub_key").Take();
  }
  if (type.starts_with("ecdsa-sha2-")) {
    material.Text("curve").Number("ec");
    return security_key ? material.Text("application").Take() : material.Take();
  }
  if (security_key) return material.Key().Text("application").Take();
  return OtherMaterial(material, certificate);
}

}  // namespace hark
