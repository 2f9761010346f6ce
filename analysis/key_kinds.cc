#include "analysis/key_kinds.h"

#include <algorithm>

namespace hark {
namespace {

// Rows as in kKeyKindNames: the sizes people choose, and the gaps between them.
constexpr uint16_t kRsaSizes[] = {512, 768, 1024, 2048, 3072, 4096, 8192};
constexpr size_t kRsaRows = 2 * std::size(kRsaSizes) + 1;
constexpr size_t kDsaRow = kRsaRows;
constexpr size_t kEcdsaRow = kDsaRow + 3;
constexpr size_t kEd25519Row = kEcdsaRow + 5;
static_assert(kEd25519Row + 4 == kKeyKindRows);

size_t RsaRow(uint16_t bits) {
  const auto* const at = std::lower_bound(std::begin(kRsaSizes), std::end(kRsaSizes), bits);
  const auto below = 2 * static_cast<size_t>(at - std::begin(kRsaSizes));
  return at != std::end(kRsaSizes) && *at == bits ? below + 1 : below;
}

size_t EcdsaRow(KeyCurve curve) {
  switch (curve) {
    case KeyCurve::kP256:
      return kEcdsaRow;
    case KeyCurve::kP384:
      return kEcdsaRow + 1;
    case KeyCurve::kP521:
      return kEcdsaRow + 2;
    case KeyCurve::kSecp256k1:
      return kEcdsaRow + 3;
    case KeyCurve::kOther:
    case KeyCurve::kP192:
    case KeyCurve::kP224:
    case KeyCurve::kBrainpool:
      return kEcdsaRow + 4;
  }
  return kEcdsaRow + 4;
}

}  // namespace

size_t KeyKindRow(KeyKind kind) {
  constexpr uint16_t kDsaUsual = 1024;
  switch (kind.algorithm) {
    case KeyAlgorithm::kRsa:
      return kind.size == 0 ? kKeyKindRows - 1 : RsaRow(kind.size);
    case KeyAlgorithm::kDsa:
      return kind.size < kDsaUsual ? kDsaRow : kind.size == kDsaUsual ? kDsaRow + 1 : kDsaRow + 2;
    case KeyAlgorithm::kEcdsa:
      return EcdsaRow(kind.curve());
    case KeyAlgorithm::kEd25519:
      return kEd25519Row;
    case KeyAlgorithm::kEd448:
      return kEd25519Row + 1;
    case KeyAlgorithm::kSecurityKey:
      return kEd25519Row + 2;
    case KeyAlgorithm::kUnreadable:
    case KeyAlgorithm::kOther:
      break;
  }
  return kKeyKindRows - 1;
}

bool KeyKindTally::IsNew(size_t side, uint64_t identity, uint32_t number) {
  if (number != SharedKeys::kNone) {
    const bool known = seen_[side][number];
    seen_[side][number] = true;
    return !known;
  }
  std::vector<uint64_t>& local = local_[side];
  if (std::find(local.begin(), local.end(), identity) != local.end()) return false;
  local.push_back(identity);
  return true;
}

bool KeyKindTally::Add(Side side, uint64_t identity, KeyKind kind) {
  KindCount& count = (side == Side::kTls ? counts_.tls : counts_.ssh)[KeyKindRow(kind)];
  const uint32_t number = shared_.NumberOf(identity);
  ++count.host_ports;
  if (IsNew(static_cast<size_t>(side), identity, number)) ++count.keys;
  return number != SharedKeys::kNone;
}

}  // namespace hark
