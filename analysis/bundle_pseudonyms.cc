#include "analysis/bundle_pseudonyms.h"

#include "base/strings.h"
#include "keys/digests.h"

namespace hark {

std::string BundlePseudonyms::OfHost(const Address& address) const {
  return Name('m', "host " + address.ToString());
}

std::string BundlePseudonyms::OfKey(const KeyId& key) const {
  return Name('k', "key " + key.ToHex());
}

std::string BundlePseudonyms::OfCluster(std::string_view id) const {
  return Name('g', StrCat("cluster ", id));
}

std::string BundlePseudonyms::Name(char letter, const std::string& what) const {
  return letter + HexEncode(HmacSha256(secret_, what)).substr(0, kHexDigits);
}

}  // namespace hark
