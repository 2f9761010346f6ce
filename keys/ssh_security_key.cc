#include "keys/ssh_security_key.h"

#include "base/bytes.h"
#include "keys/key_id.h"
#include "keys/ssh_key.h"

namespace hark {
namespace {

constexpr size_t kMaxTypeName = 64;  // as in ssh_key.cc

}  // namespace

std::optional<SshSecurityKey> ReadSshSecurityKey(std::string_view blob) {
  ByteReader reader(blob);
  const std::string_view type = reader.String32(kMaxTypeName);
  const bool ed25519 = type == "sk-ssh-ed25519@openssh.com";
  if (!ed25519 && type != "sk-ecdsa-sha2-nistp256@openssh.com") return std::nullopt;
  ByteWriter plain;
  plain.String32(ed25519 ? "ssh-ed25519" : "ecdsa-sha2-nistp256");
  for (int i = 0; i < (ed25519 ? 1 : 2); ++i) {  // point; curve and point
    plain.String32(reader.String32(kMaxSshKeyBlob));
  }
  const std::string_view application = reader.String32(kMaxSshKeyBlob);
  if (!reader.ok() || !reader.empty()) return std::nullopt;
  return SshSecurityKey{plain.Take(), std::string(application)};
}

std::string SecurityKeySigned(std::string_view application, uint8_t flags, uint32_t counter,
                              std::string_view message) {
  ByteWriter out;
  out.Bytes(Sha256(application));
  out.U8(flags);
  out.U32(counter);
  out.Bytes(Sha256(message));
  return out.Take();
}

}  // namespace hark
