#include "keys/ja3s.h"

#include <openssl/evp.h>

#include "base/strings.h"
#include "keys/openssl_ptr.h"

namespace hark {

std::string Ja3sText(uint16_t version, uint16_t suite, const std::vector<uint16_t>& extensions) {
  std::string text = StrCat(version, ",", suite, ",");
  for (size_t i = 0; i < extensions.size(); ++i) {
    if (i > 0) text += '-';
    text += std::to_string(extensions[i]);
  }
  return text;
}

std::string Ja3s(uint16_t version, uint16_t suite, const std::vector<uint16_t>& extensions) {
  const std::string text = Ja3sText(version, suite, extensions);
  std::string digest(EVP_MAX_MD_SIZE, '\0');
  unsigned int size = 0;
  if (EVP_Digest(text.data(), text.size(), AsUnsigned(digest.data()), &size, EVP_md5(), nullptr) !=
      1) {
    return {};
  }
  digest.resize(size);
  return HexEncode(digest);
}

}  // namespace hark
