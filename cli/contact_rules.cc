#include "cli/contact_rules.h"

#include <algorithm>

#include "base/special_ranges.h"
#include "base/strings.h"
#include "cli/target_words.h"

namespace hark {
namespace {

Prefix6 Known(std::string_view text) {
  return *Prefix6::Parse(text);
}

// The special parts of global unicast space (IANA IPv6 special-purpose registry, 2025-10): protocol
// assignments with Teredo and ORCHID, documentation twice, 6to4.
bool IsGlobalUnicast(const Address& address) {
  static const Prefix6 all = Known("2000::/3");
  static const std::vector<Prefix6> special = {Known("2001::/23"), Known("2001:db8::/32"),
                                               Known("2002::/16"), Known("3fff::/20")};
  return all.Contains(address) &&
         std::none_of(special.begin(), special.end(),
                      [&](const Prefix6& p) { return p.Contains(address); });
}

// Multicast; unspecified and IPv4-compatible; IPv4-mapped; translated (RFC 6052, RFC 8215); 6to4
// and Teredo, which hold an IPv4 address too.
bool CanNeverBeOpened(const Address& address) {
  static const Address loopback = *Address::Parse("::1");
  static const std::vector<Prefix6> never = {
      Known("ff00::/8"),       Known("::/96"),     Known("::ffff:0:0/96"), Known("64:ff9b::/96"),
      Known("64:ff9b:1::/48"), Known("2002::/16"), Known("2001::/32")};
  return address != loopback && std::any_of(never.begin(), never.end(),
                                            [&](const Prefix6& p) { return p.Contains(address); });
}

bool AnyContains(const std::vector<Prefix6>& prefixes, const Address& address) {
  return std::any_of(prefixes.begin(), prefixes.end(),
                     [&](const Prefix6& p) { return p.Contains(address); });
}

// One flag's pieces, each family to its own list.
Status TakePieces(const std::vector<std::string>& pieces, RangeSet& v4, std::vector<Prefix6>& v6) {
  std::vector<Range> ranges;
  for (const std::string& piece : pieces) {
    HARK_RETURN_IF_ERROR(TakeWordOrFile(piece, [&](std::string_view word) -> Status {
      if (word.find(':') == word.npos) {
        HARK_ASSIGN_OR_RETURN(const Range range, ParseRange(word));
        ranges.push_back(range);
      } else {
        HARK_ASSIGN_OR_RETURN(const Prefix6 prefix, Prefix6::Parse(word));
        v6.push_back(prefix);
      }
      return Status::Ok();
    }));
  }
  v4 = RangeSet(std::move(ranges));
  return Status::Ok();
}

}  // namespace

bool Prefix6::Contains(const Address& address) const {
  if (address.is_v4() || first.is_v4()) return false;
  for (uint32_t bit = 0; bit < length; bit += 8) {
    const uint32_t used = std::min<uint32_t>(8, length - bit);
    const uint8_t mask = static_cast<uint8_t>(0xff << (8 - used));
    const size_t at = bit / 8;
    if (((static_cast<uint8_t>(address.bytes()[at]) ^ static_cast<uint8_t>(first.bytes()[at])) &
         mask) != 0) {
      return false;
    }
  }
  return true;
}

Result<Prefix6> Prefix6::Parse(std::string_view text) {
  const size_t slash = text.find('/');
  const std::optional<Address> first = Address::Parse(text.substr(0, slash));
  if (!first || first->is_v4()) return InvalidInput("not an IP address, prefix or range");
  if (slash == text.npos) return Prefix6{*first, 128};
  const std::optional<uint64_t> length = ParseUint(text.substr(slash + 1));
  if (!length || *length > 128) return InvalidInput("prefix length must be 0 to 128");
  return Prefix6{*first, static_cast<uint32_t>(*length)};
}

Result<ContactRules> ContactRules::Make(const std::vector<std::string>& allow_special,
                                        const std::vector<std::string>& exclude) {
  ContactRules rules;
  RangeSet opened, excluded;
  HARK_RETURN_IF_ERROR(
      TakePieces(allow_special, opened, rules.opened_v6_).Prepend("--allow_special"));
  HARK_RETURN_IF_ERROR(TakePieces(exclude, excluded, rules.excluded_v6_).Prepend("--exclude"));
  const Result<RangeSet> special = SpecialExclusions(opened);
  if (!special.ok()) return special.status().Prepend("--allow_special");
  rules.closed_v4_ = special->Union(excluded);
  return rules;
}

bool ContactRules::MayContact(const Address& address) const {
  if (address.is_v4()) return !closed_v4_.Contains(address.v4());
  if (AnyContains(excluded_v6_, address) || CanNeverBeOpened(address)) return false;
  return IsGlobalUnicast(address) || AnyContains(opened_v6_, address);
}

bool ContactRules::IsPublic(const Address& address) {
  if (!address.is_v4()) return IsGlobalUnicast(address);
  static const RangeSet special = *SpecialExclusions(RangeSet());
  return !special.Contains(address.v4());
}

}  // namespace hark
