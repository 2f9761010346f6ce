#include <openssl/evp.h>

#include <array>

#include "base/strings.h"
#include "keys/openssl_ptr.h"
#include "keys/ssh_key.h"

namespace hark {

std::string SshSha256Fingerprint(std::string_view blob) {
  const std::string digest = Sha256(blob);
  std::array<unsigned char, 48> base64;  // 44 characters and a NUL for 32 bytes
  const int length =
      EVP_EncodeBlock(base64.data(), AsUnsigned(digest.data()), static_cast<int>(digest.size()));
  std::string out = "SHA256:";
  out.append(reinterpret_cast<const char*>(base64.data()), static_cast<size_t>(length));
  while (out.back() == '=') out.pop_back();
  return out;
}

std::string SshMd5Fingerprint(std::string_view blob) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest;
  unsigned int size = 0;
  // A FIPS build has no MD5; then there is no such name for the key.
  if (EVP_Digest(blob.data(), blob.size(), digest.data(), &size, EVP_md5(), nullptr) != 1) {
    return {};
  }
  std::string out = "MD5";
  for (unsigned int i = 0; i < size; ++i) {
    const char byte = static_cast<char>(digest[i]);
    out += ':';
    out += HexEncode({&byte, 1});
  }
  return out;
}

}  // namespace hark
