#pragma once

// Whose a host is: the asset-holder's a bundle is made for, or somebody else's. Asked of every
// member by itself; what other records say of it plays no part.

#include <cstdint>
#include <functional>
#include <memory>
#include <set>
#include <string>

#include "base/address.h"
#include "base/address_set.h"
#include "base/status.h"

namespace hark {

class BundleOwner {
 public:
  // Hosts of an AS. Of an unknown AS (0) nobody knows whose they are: never the holder's.
  static BundleOwner OfAsn(uint32_t asn);
  // Hosts inside these prefixes.
  static BundleOwner OfPrefixes(AddressSet prefixes);
  // Hosts one of whose names (BundleNames::names, lower case) a POSIX extended regular expression
  // matches, in any case. kInvalidInput for one that is none, with the reason.
  static Result<BundleOwner> OfNames(const std::string& expression);

  bool needs_names() const { return by_name_ != nullptr; }
  bool Owns(const Address& address, uint32_t asn, const std::set<std::string>& names) const;

  // For the covering text: "AS64500", "the prefixes agreed on"; says nothing of anybody else.
  const std::string& description() const { return description_; }
  // "asn", "prefixes", "names"
  const std::string& kind() const { return kind_; }

 private:
  BundleOwner(std::string kind, std::string description)
      : kind_(std::move(kind)), description_(std::move(description)) {}

  std::string kind_;
  std::string description_;
  uint32_t asn_ = 0;
  AddressSet prefixes_;
  std::shared_ptr<const std::function<bool(const std::string&)>> by_name_;
};

}  // namespace hark
