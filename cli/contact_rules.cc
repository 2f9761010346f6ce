#include "cli/contact_rules.h"

#include <algorithm>

#include "base/strings.h"
#include "cli/target_words.h"

namespace hark {
namespace {

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
  if (AnyContains(excluded_v6_, address) || IsNeverOpenable6(address)) return false;
  return IsGlobalAddress(address) || AnyContains(opened_v6_, address);
}

}  // namespace hark
