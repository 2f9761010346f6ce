#include "analysis/bundle_addresses.h"

#include <algorithm>
#include <iterator>

#include "analysis/bundle_quads.h"
#include "base/strings.h"

namespace hark {
namespace {

using Found = std::optional<BundleAddresses::Found>;

std::optional<uint32_t> HexNumber(std::string_view digits) {
  uint32_t out = 0;
  for (const char c : digits) {
    if (HexDigit(c) < 0) return std::nullopt;
    out = out << 4 | static_cast<uint32_t>(HexDigit(c));
  }
  return out;
}

bool OthersEitherWay(const BundleAddresses& addresses, std::optional<uint32_t> v4) {
  return v4 &&
         (addresses.IsOthers(Address::V4(*v4)) || addresses.IsOthers(Address::V4(ReversedV4(*v4))));
}

// A run of letters and digits that is a number, whole.
bool IsOthersNumber(const BundleAddresses& addresses, std::string_view run) {
  if (StartsWithIgnoreCase(run, "0x")) run.remove_prefix(2);
  if (run.size() == 8 && OthersEitherWay(addresses, HexNumber(run))) return true;
  if (run.size() == 32) {
    const std::optional<std::string> bytes = HexDecode(run);
    if (bytes && addresses.IsOthers(*Address::FromBytes(*bytes))) return true;
  }
  // Addresses have eight digits and more; backwards, every port number would be one.
  if (run.size() < 8 || run.size() > 10) return false;
  const std::optional<uint64_t> decimal = ParseUint(run);
  return decimal && *decimal <= UINT32_MAX &&
         addresses.IsOthers(Address::V4(static_cast<uint32_t>(*decimal)));
}

Found FindNumber(const BundleAddresses& addresses, std::string_view text) {
  for (size_t at = 0; at < text.size();) {
    size_t end = at;
    while (end < text.size() && IsAlnum(text[end])) ++end;
    if (end > at && IsOthersNumber(addresses, text.substr(at, end - at))) {
      return BundleAddresses::Found{at, "as one number"};
    }
    at = std::max(end, at + 1);
  }
  return std::nullopt;
}

// cb:00:71:05: four octets of two hex digits, in themselves or inside a longer row of them.
Found FindHexOctets(const BundleAddresses& addresses, std::string_view text) {
  constexpr size_t kLength = 11;
  for (size_t at = 0; at + kLength <= text.size(); ++at) {
    const char separator = text[at + 2];
    if (separator != ':' && separator != '.' && separator != '-') continue;
    if (text[at + 5] != separator || text[at + 8] != separator) continue;
    if ((at > 0 && IsAlnum(text[at - 1])) ||
        (at + kLength < text.size() && IsAlnum(text[at + kLength]))) {
      continue;
    }
    const std::optional<uint32_t> number =
        HexNumber(StrCat(text.substr(at, 2), text.substr(at + 3, 2), text.substr(at + 6, 2),
                         text.substr(at + 9, 2)));
    if (OthersEitherWay(addresses, number)) return BundleAddresses::Found{at, "in hex octets"};
  }
  return std::nullopt;
}

// The prefix of `bits` that the first nibbles of an IPv6 address make.
bool AnyOthersIn6(const BundleAddresses& addresses, std::string bytes, size_t bits) {
  std::string last = bytes;
  for (size_t bit = bits; bit < 128; ++bit) {
    const auto mask = static_cast<unsigned char>(0x80 >> (bit % 8));
    bytes[bit / 8] = static_cast<char>(static_cast<unsigned char>(bytes[bit / 8]) & ~mask);
    last[bit / 8] = static_cast<char>(static_cast<unsigned char>(last[bit / 8]) | mask);
  }
  return addresses.AnyOthers(*Address::FromBytes(bytes), *Address::FromBytes(last));
}

// IPv4 in IPv6: mapped, compatible or NAT64 (its last 32 bits), and 6to4.
bool IsOthersInDisguise(const BundleAddresses& addresses, const Address& v6) {
  const std::string_view bytes = v6.bytes();
  const bool holds_last = bytes.substr(0, 10) == std::string_view("\0\0\0\0\0\0\0\0\0\0", 10) ||
                          bytes.substr(0, 4) == std::string_view("\0\x64\xff\x9b", 4);
  if (holds_last && addresses.IsOthers(*Address::FromBytes(bytes.substr(12)))) return true;
  return bytes.substr(0, 2) == std::string_view("\x20\x02", 2) &&
         addresses.IsOthers(*Address::FromBytes(bytes.substr(2, 4)));
}

constexpr size_t kMaxText6 = 45;  // eight groups of four, or six and a dotted quad

// What the address that text[at, stop) is tells of others'.
const char* Look6(const BundleAddresses& addresses, std::string_view text, const Address& found,
                  size_t stop) {
  if (addresses.IsOthers(found)) return "of IPv6";
  if (stop < text.size() && text[stop] == '/') {
    size_t bits_at = stop + 1;
    const std::optional<uint64_t> bits = TakeNumber(text, bits_at, 3);
    if (bits && *bits <= 128 && AnyOthersIn6(addresses, std::string(found.bytes()), *bits)) {
      return "inside a prefix";
    }
  }
  const bool own = addresses.IsOwn(found);
  return !own && IsOthersInDisguise(addresses, found) ? "in IPv6" : nullptr;
}

// text[begin, end): characters an IPv6 address is written with. Whole groups of it may be one; but
// the part of an own address is no address.
Found FindIn6(const BundleAddresses& addresses, std::string_view text, size_t begin, size_t end) {
  for (size_t at = begin; at < end; ++at) {
    if (at > begin && HexDigit(text[at - 1]) >= 0 && text[at] != ':') continue;
    for (size_t stop = std::min(end, at + kMaxText6); stop > at + 1; --stop) {
      if (stop < end && HexDigit(text[stop]) >= 0) continue;
      const std::optional<Address> found = Address::Parse(text.substr(at, stop - at));
      if (!found || found->is_v4()) continue;
      if (const char* form = Look6(addresses, text, *found, stop)) {
        return BundleAddresses::Found{at, form};
      }
      if (!addresses.IsOwn(*found)) continue;
      at = stop - 1;
      break;
    }
  }
  return std::nullopt;
}

Found FindColons(const BundleAddresses& addresses, std::string_view text) {
  for (size_t at = 0; at < text.size();) {
    size_t end = at;
    int colons = 0;
    while (end < text.size() &&
           (HexDigit(text[end]) >= 0 || text[end] == ':' || text[end] == '.')) {
      colons += text[end++] == ':' ? 1 : 0;
    }
    if (colons >= 2) {
      if (const Found found = FindIn6(addresses, text, at, end)) return found;
    }
    at = std::max(end, at + 1);
  }
  return std::nullopt;
}

// Single hex digits with dots between: the last 32 of them as an address, either way round, and
// fewer as the part of ip6.arpa they name.
bool IsOthersNibbles(const BundleAddresses& addresses, std::string nibbles, bool arpa) {
  if (nibbles.size() > 32) nibbles.erase(0, nibbles.size() - 32);
  std::string backwards(nibbles.rbegin(), nibbles.rend());
  const size_t known = nibbles.size();
  backwards.resize(32, '0');
  if (known < 32) return arpa && AnyOthersIn6(addresses, *HexDecode(backwards), 4 * known);
  return addresses.IsOthers(*Address::FromBytes(*HexDecode(backwards))) ||
         addresses.IsOthers(*Address::FromBytes(*HexDecode(nibbles)));
}

Found FindNibbles(const BundleAddresses& addresses, std::string_view text) {
  for (size_t at = 0; at < text.size();) {
    std::string nibbles;
    size_t end = at;
    while (end < text.size() && HexDigit(text[end]) >= 0 &&
           (end + 1 == text.size() || !IsAlnum(text[end + 1]))) {
      nibbles += text[end++];
      if (end >= text.size() || text[end] != '.') break;
      ++end;
    }
    const bool arpa = StartsWithIgnoreCase(text.substr(end), "ip6.arpa");
    if (!nibbles.empty() && (arpa || nibbles.size() >= 32) &&
        IsOthersNibbles(addresses, nibbles, arpa)) {
      return BundleAddresses::Found{at, "of reverse DNS"};
    }
    at = std::max(end, at + 1);
    while (at < text.size() && at > 0 && IsAlnum(text[at - 1]) && IsAlnum(text[at])) ++at;
  }
  return std::nullopt;
}

}  // namespace

BundleAddresses::BundleAddresses(const HostTable& hosts, std::set<Address> own,
                                 const std::set<Address>& more)
    : hosts_(hosts), own_(std::move(own)) {
  std::set_difference(more.begin(), more.end(), own_.begin(), own_.end(),
                      std::inserter(more_, more_.end()));
}

bool BundleAddresses::AnyOthers(const Address& first, const Address& last) const {
  const auto at = more_.lower_bound(first);
  if (at != more_.end() && *at <= last) return true;
  uint32_t low = 0;
  for (uint32_t n = hosts_.size(); n > 0;) {  // the first host that is not before `first`
    const uint32_t half = n / 2;
    const bool before = hosts_.address(low + half) < first;
    low = before ? low + half + 1 : low;
    n = before ? n - half - 1 : half;
  }
  for (; low < hosts_.size() && hosts_.address(low) <= last; ++low) {
    if (!own_.contains(hosts_.address(low))) return true;
  }
  return false;
}

std::optional<BundleAddresses::Found> BundleAddresses::Find(std::string_view text) const {
  for (const auto find : {FindQuad, FindNumber, FindHexOctets, FindColons, FindNibbles}) {
    if (const std::optional<Found> found = find(*this, text)) return found;
  }
  return std::nullopt;
}

}  // namespace hark
