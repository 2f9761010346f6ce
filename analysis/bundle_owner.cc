#include "analysis/bundle_owner.h"

#include <regex.h>

#include <algorithm>
#include <array>

#include "base/strings.h"

namespace hark {
namespace {

// regcomp rather than std::regex: strangers' names are matched, and std::regex recurses over them.
struct CompiledExpression {
  regex_t compiled{};
  bool usable = false;
  CompiledExpression() = default;
  CompiledExpression(const CompiledExpression&) = delete;
  CompiledExpression& operator=(const CompiledExpression&) = delete;
  ~CompiledExpression() {
    if (usable) regfree(&compiled);
  }
};

}  // namespace

BundleOwner BundleOwner::OfAsn(uint32_t asn) {
  BundleOwner out("asn", StrCat("the hosts of AS", asn));
  out.asn_ = asn;
  return out;
}

BundleOwner BundleOwner::OfPrefixes(AddressSet prefixes) {
  BundleOwner out("prefixes", "the hosts inside the network prefixes you are responsible for");
  out.prefixes_ = std::move(prefixes);
  return out;
}

Result<BundleOwner> BundleOwner::OfNames(const std::string& expression) {
  const auto regex = std::make_shared<CompiledExpression>();
  const int error =
      regcomp(&regex->compiled, expression.c_str(), REG_EXTENDED | REG_ICASE | REG_NOSUB);
  if (error != 0) {
    std::array<char, 128> why{};
    regerror(error, &regex->compiled, why.data(), why.size());
    return InvalidInput(StrCat("'", EscapeForDisplay(expression),
                               "' is not an extended regular expression: ", why.data()));
  }
  regex->usable = true;
  BundleOwner out("names", "the hosts that showed one of your names");
  out.by_name_ = std::make_shared<const std::function<bool(const std::string&)>>(
      [regex](const std::string& name) {
        // A NUL would hide what comes after it from the expression.
        return name.find('\0') == name.npos &&
               regexec(&regex->compiled, name.c_str(), 0, nullptr, 0) == 0;
      });
  if ((*out.by_name_)("")) {
    return InvalidInput(StrCat("'", EscapeForDisplay(expression),
                               "' matches every name: everybody's hosts would be shown"));
  }
  return out;
}

bool BundleOwner::Owns(const Address& address, uint32_t asn,
                       const std::set<std::string>& names) const {
  if (asn_ != 0) return asn == asn_;
  if (by_name_ != nullptr) return std::any_of(names.begin(), names.end(), *by_name_);
  return prefixes_.Contains(address);
}

}  // namespace hark
