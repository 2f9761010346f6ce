#include "keys/hassh.h"

#include <openssl/evp.h>

#include <array>

#include "base/strings.h"

namespace hark {
namespace {

std::string Md5OfLists(std::string_view first, std::string_view encryption, std::string_view mac,
                       std::string_view compression) {
  const std::string lists = StrCat(first, ";", encryption, ";", mac, ";", compression);
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest;
  unsigned int size = 0;
  if (EVP_Digest(lists.data(), lists.size(), digest.data(), &size, EVP_md5(), nullptr) != 1) {
    return {};
  }
  return HexEncode({reinterpret_cast<const char*>(digest.data()), size});
}

}  // namespace

std::string HasshServer(std::string_view kex_algorithms, std::string_view encryption,
                        std::string_view mac, std::string_view compression) {
  return Md5OfLists(kex_algorithms, encryption, mac, compression);
}

std::string PassiveSshHassh(std::string_view host_key_algorithms, std::string_view encryption,
                            std::string_view mac, std::string_view compression) {
  return Md5OfLists(host_key_algorithms, encryption, mac, compression);
}

}  // namespace hark
