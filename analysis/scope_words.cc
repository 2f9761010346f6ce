#include "analysis/json_text.h"
#include "analysis/scope.h"
#include "base/strings.h"

namespace hark {
namespace {

// More prefixes than these are only counted: a heading is a line.
constexpr size_t kPrefixesShown = 4;

template <typename T>
std::string Words(std::string_view before, const std::vector<T>& values) {
  std::string out;
  for (const T& value : values) {
    out += StrCat(out.empty() ? std::string_view() : std::string_view(", "), before, value);
  }
  return out;
}

std::string Listed(std::string_view what, const KeyList& list) {
  return StrCat(what, " the ", WithThousands(list.size()), list.size() == 1 ? " key" : " keys",
                " on the list");
}

std::string SpanText(const Address& first, const Address& last) {
  return first == last ? first.ToString() : StrCat(first.ToString(), "-", last.ToString());
}

std::string PrefixText(const AddressSet& set) {
  if (set.spans() > kPrefixesShown) return StrCat(WithThousands(set.spans()), " address ranges");
  std::vector<std::string> out;
  for (const Range& range : set.v4().ranges()) {
    out.push_back(SpanText(Address::V4(range.first), Address::V4(range.last)));
  }
  for (const AddressSpan& span : set.v6()) out.push_back(SpanText(span.first, span.last));
  return out.empty() ? "no address" : "addresses " + Join(out, ", ");
}

}  // namespace

std::vector<std::string> ScopeWords(const Scope& scope) {
  std::vector<std::string> out;
  if (!scope.asns.empty()) out.push_back(Words("AS", scope.asns));
  if (!scope.countries.empty()) out.push_back("in " + Words("", scope.countries));
  if (scope.prefixes) out.push_back(PrefixText(*scope.prefixes));
  if (!scope.ports.empty()) {
    out.push_back((scope.ports.size() == 1 ? "port " : "ports ") + Words("", scope.ports));
  }
  if (scope.since_unix_ms) {
    out.push_back("visited since " + UtcText(*scope.since_unix_ms / 1000));
  }
  if (scope.until_unix_ms) {
    out.push_back("visited before " + UtcText(*scope.until_unix_ms / 1000));
  }
  if (scope.first_ssh_key) out.push_back("one SSH key a host");
  if (scope.only_keys) out.push_back(Listed("only", *scope.only_keys));
  if (scope.without_keys) out.push_back(Listed("without", *scope.without_keys));
  return out;
}

}  // namespace hark
