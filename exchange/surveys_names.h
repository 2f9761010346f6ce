#pragma once

// The names a host goes by, as the scripts collect them ("nameset"), without asking the DNS.

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "keys/certificate.h"

namespace hark {

class SurveyNames {
 public:
  // A mail server's greeting: the word behind its code.
  void AddBanner(std::string_view greeting);
  // tag: "p443". The first common name, and the DNS names, a hundred at most.
  void AddCertificate(const std::string& tag, const CertificateFacts& leaf);
  nlohmann::json Take() { return std::move(names_); }

 private:
  nlohmann::json names_ = nlohmann::json::object();
};

}  // namespace hark
