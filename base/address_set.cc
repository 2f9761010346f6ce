#include "base/address_set.h"

#include <algorithm>
#include <optional>

#include "base/bytes.h"
#include "base/special_ranges.h"
#include "base/strings.h"

namespace hark {
namespace {

constexpr size_t kV4PieceBytes = 8;
constexpr size_t kV6PieceBytes = 32;
constexpr std::string_view kMapped("\0\0\0\0\0\0\0\0\0\0\xff\xff", 12);  // ::ffff:0:0/96

// The next or the one before, nullopt past the end of the family's space.
std::optional<Address> Step(const Address& address, bool up) {
  std::string bytes(address.bytes());
  for (size_t i = bytes.size(); i-- > 0;) {
    const auto byte = static_cast<uint8_t>(bytes[i]);
    const bool carries = byte == (up ? 0xff : 0);
    bytes[i] = static_cast<char>(up ? byte + 1 : byte - 1);
    if (!carries) return Address::FromBytes(bytes);
  }
  return std::nullopt;
}

// With the host bits of a prefix all set or all clear.
Address WithHostBits(const Address& address, uint32_t length, bool set) {
  std::string bytes(address.bytes());
  for (size_t bit = length; bit < bytes.size() * 8; ++bit) {
    const int mask = 0x80 >> (bit % 8);
    const int byte = static_cast<uint8_t>(bytes[bit / 8]);
    bytes[bit / 8] = static_cast<char>(set ? byte | mask : byte & ~mask);
  }
  return *Address::FromBytes(bytes);
}

std::vector<AddressSpan> Merged(std::vector<AddressSpan> spans) {
  std::sort(spans.begin(), spans.end(),
            [](const AddressSpan& a, const AddressSpan& b) { return a.first < b.first; });
  std::vector<AddressSpan> out;
  for (const AddressSpan& span : spans) {
    const std::optional<Address> next = out.empty() ? std::nullopt : Step(out.back().last, true);
    const bool touches = !out.empty() && (!next || span.first <= *next);
    if (touches) {
      out.back().last = std::max(out.back().last, span.last);
    } else {
      out.push_back(span);
    }
  }
  return out;
}

Result<AddressSpan> ParsePrefix6(std::string_view text) {
  HARK_ASSIGN_OR_RETURN(const Prefix6 prefix, Prefix6::Parse(text));
  const Address first = WithHostBits(prefix.first, prefix.length, false);
  if (first != prefix.first) {
    return InvalidInput(
        StrCat("host bits are set; did you mean ", first.ToString(), "/", prefix.length, "?"));
  }
  return AddressSpan{first, WithHostBits(first, prefix.length, true)};
}

}  // namespace

Result<AddressSpan> ParseSpan(std::string_view text) {
  if (text.find(':') == text.npos) {
    HARK_ASSIGN_OR_RETURN(const Range range, ParseRange(text));
    return AddressSpan{Address::V4(range.first), Address::V4(range.last)};
  }
  const size_t dash = text.find('-');
  if (dash == text.npos) return ParsePrefix6(text);
  const std::optional<Address> first = Address::Parse(Trim(text.substr(0, dash)));
  const std::optional<Address> last = Address::Parse(Trim(text.substr(dash + 1)));
  if (!first || !last || first->is_v4() || last->is_v4()) {
    return InvalidInput("not an IP address, prefix or range");
  }
  if (*last < *first) return InvalidInput("the range ends before it begins");
  return AddressSpan{*first, *last};
}

AddressSet::AddressSet(const std::vector<AddressSpan>& spans) {
  std::vector<Range> v4;
  for (const AddressSpan& span : spans) {
    if (span.first.is_v4()) {
      v4.push_back({span.first.v4(), span.last.v4()});
    } else {
      v6_.push_back(span);
    }
  }
  v4_ = RangeSet(std::move(v4));
  v6_ = Merged(std::move(v6_));
}

bool AddressSet::Contains(const Address& address) const {
  if (address.is_v4()) return v4_.Contains(address.v4());
  if (address.bytes().starts_with(kMapped)) {
    const auto inner = Address::FromBytes(address.bytes().substr(kMapped.size()));
    if (v4_.Contains(inner->v4())) return true;
  }
  const auto after =
      std::upper_bound(v6_.begin(), v6_.end(), address,
                       [](const Address& a, const AddressSpan& span) { return a < span.first; });
  return after != v6_.begin() && address <= (after - 1)->last;
}

AddressSet AddressSet::Union(const AddressSet& other) const {
  AddressSet out(v4_.Union(other.v4_));
  std::vector<AddressSpan> all = v6_;
  all.insert(all.end(), other.v6_.begin(), other.v6_.end());
  out.v6_ = Merged(std::move(all));
  return out;
}

AddressSet AddressSet::Minus(const AddressSet& other) const {
  AddressSet out(v4_.Minus(other.v4_));
  auto from = other.v6_.begin();
  for (const AddressSpan& span : v6_) {
    std::optional<Address> at = span.first;
    while (from != other.v6_.end() && from->last < span.first) ++from;
    for (auto hole = from; at && hole != other.v6_.end() && hole->first <= span.last; ++hole) {
      if (hole->first > *at) out.v6_.push_back({*at, *Step(hole->first, false)});
      at = Step(hole->last, true);
    }
    if (at && *at <= span.last) out.v6_.push_back({*at, span.last});
  }
  return out;
}

std::vector<std::string> AddressSet::Encode() const {
  std::vector<std::string> pieces;
  const std::string v4 = v4_.Encode();
  for (size_t i = 0; i < v4.size(); i += kV4PieceBytes) {
    pieces.push_back(v4.substr(i, kV4PieceBytes));
  }
  for (const AddressSpan& span : v6_) {
    pieces.push_back(StrCat(span.first.bytes(), span.last.bytes()));
  }
  return pieces;
}

Result<AddressSpan> AddressSet::DecodeSpan(std::string_view piece) {
  if (piece.size() != kV4PieceBytes && piece.size() != kV6PieceBytes) {
    return Corruption("a span of neither family");
  }
  const AddressSpan span{*Address::FromBytes(piece.substr(0, piece.size() / 2)),
                         *Address::FromBytes(piece.substr(piece.size() / 2))};
  if (span.last < span.first) return Corruption("a span turned round");
  return span;
}

}  // namespace hark
