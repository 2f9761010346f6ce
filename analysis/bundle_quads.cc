#include "analysis/bundle_quads.h"

#include <algorithm>

#include "base/strings.h"

namespace hark {
namespace {

uint32_t Mask4(uint64_t bits) {
  return bits == 0 ? 0 : UINT32_MAX << (32 - std::min<uint64_t>(bits, 32));
}

// Groups of decimal octets with one kind of separator between, as many as there are up to four.
struct Quad {
  uint32_t number = 0;  // of the octets so far, the first the highest
  int octets = 0;
  size_t end = 0;
};
Quad TakeQuad(std::string_view text, size_t at) {
  Quad out;
  char separator = 0;
  for (size_t next = at; out.octets < 4;) {
    const std::optional<uint64_t> octet = TakeNumber(text, next, 3);
    if (!octet || *octet > 255) break;
    out.number = out.number << 8 | static_cast<uint32_t>(*octet);
    ++out.octets;
    out.end = next;
    if (next >= text.size() || (text[next] != '.' && text[next] != '-' && text[next] != '_')) break;
    if (separator != 0 && text[next] != separator) break;
    separator = text[next++];
  }
  return out;
}

// What begins at one place of the text, of IPv4.
class QuadReader {
 public:
  QuadReader(const BundleAddresses& addresses, std::string_view text)
      : addresses_(addresses), text_(text) {}

  // at: where a run of digits begins.
  const char* Look(size_t at) const {
    const Quad quad = TakeQuad(text_, at);
    if (quad.octets == 0) return nullptr;
    if (StartsWithIgnoreCase(text_.substr(quad.end), ".in-addr.arpa")) return LookPtr(quad);
    if (quad.octets < 4) return nullptr;
    if (Others(quad.number, quad.number)) return "in decimal parts";
    if (const char* range = LookRange(quad)) return range;
    // An own address that reads as somebody else's from behind is an own address.
    if (addresses_.IsOwn(Address::V4(quad.number))) return nullptr;
    return Others(ReversedV4(quad.number), ReversedV4(quad.number)) ? "written backwards" : nullptr;
  }

 private:
  bool Others(uint32_t first, uint32_t last) const {
    return addresses_.AnyOthers(Address::V4(first), Address::V4(last));
  }

  const char* LookPtr(const Quad& quad) const {
    const int missing = 8 * (4 - quad.octets);
    const uint32_t first = ReversedV4(quad.number << missing) << missing;
    return Others(first, first | ~Mask4(static_cast<uint64_t>(32 - missing))) ? "of reverse DNS"
                                                                              : nullptr;
  }

  const char* LookRange(const Quad& quad) const {
    size_t at = quad.end;
    if (at < text_.size() && text_[at] == '/') {
      const std::optional<uint64_t> bits = TakeNumber(text_, ++at, 2);
      if (!bits || *bits > 32) return nullptr;
      const uint32_t mask = Mask4(*bits);
      return Others(quad.number & mask, quad.number | ~mask) ? "inside a prefix" : nullptr;
    }
    while (at < text_.size() && text_[at] == ' ') ++at;
    if (at >= text_.size() || text_[at] != '-') return nullptr;
    ++at;
    while (at < text_.size() && text_[at] == ' ') ++at;
    const Quad end = TakeQuad(text_, at);
    const uint32_t last =
        end.octets == 4 ? end.number : (quad.number & 0xffffff00) | (end.number & 0xff);
    if ((end.octets != 4 && end.octets != 1) || last < quad.number) return nullptr;
    return Others(quad.number, last) ? "inside a range" : nullptr;
  }

  const BundleAddresses& addresses_;
  std::string_view text_;
};

}  // namespace

std::optional<uint64_t> TakeNumber(std::string_view text, size_t& at, size_t max) {
  size_t end = at;
  while (end < text.size() && IsDigit(text[end])) ++end;
  if (end == at || end - at > max) return std::nullopt;
  const std::optional<uint64_t> value = ParseUint(text.substr(at, end - at));
  at = end;
  return value;
}

std::optional<BundleAddresses::Found> FindQuad(const BundleAddresses& addresses,
                                               std::string_view text) {
  const QuadReader reader(addresses, text);
  for (size_t at = 0; at < text.size(); ++at) {
    if (!IsDigit(text[at]) || (at > 0 && IsDigit(text[at - 1]))) continue;
    if (const char* form = reader.Look(at)) return BundleAddresses::Found{at, form};
  }
  return std::nullopt;
}

}  // namespace hark
