#include "exchange/imported_key.h"

#include "base/strings.h"
#include "keys/key_id.h"

namespace hark {
namespace {

constexpr std::string_view kDomain = "hark imported ssh fingerprint v1";

}  // namespace

std::string ImportedSshKeyId(std::string_view fingerprint) {
  return Sha256(StrCat(kDomain, '\0', fingerprint));
}

SightedFact KeyFactOfId(std::string_view id) {
  SightedFact fact;
  fact.fact = {FactKind::kKey, std::string(id.substr(0, kFactRefSize))};
  fact.sha256 = std::string(id);
  return fact;
}

}  // namespace hark
