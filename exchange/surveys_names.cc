#include "exchange/surveys_names.h"

#include "base/strings.h"

namespace hark {
namespace {

constexpr size_t kMaxSans = 100;

}  // namespace

void SurveyNames::AddBanner(std::string_view greeting) {
  const std::string_view line = Trim(greeting.substr(0, greeting.find('\n')));
  const std::vector<std::string_view> words = Split(line, ' ');
  if (words[0] == "220") {
    names_["banner"] = words.size() > 1 ? std::string(words[1]) : "";
  } else if (words[0].starts_with("220-")) {
    names_["banner"] = std::string(words[0].substr(4));
  }
}

void SurveyNames::AddCertificate(const std::string& tag, const CertificateFacts& leaf) {
  if (!leaf.common_name.empty()) names_[tag + "dn"] = leaf.common_name;
  for (size_t i = 0; i < leaf.dns_names.size() && i < kMaxSans; ++i) {
    names_[StrCat(tag, "san", i)] = leaf.dns_names[i];
  }
  if (leaf.dns_names.size() > kMaxSans) {
    names_["san101"] = StrCat("too many names: ", leaf.dns_names.size());
  }
}

}  // namespace hark
