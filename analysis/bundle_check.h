#pragma once

// What must not be in a bundle, and whether a text has it. The names, addresses and fingerprints
// come from the store as they are, on another way than what is written: a mistake of the writer is
// not repeated here.
//
// A text is looked at as it is, and once more with the escapes of JSON, XML and CSV undone.
// Threads: const after it is filled.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "analysis/bundle_addresses.h"
#include "analysis/bundle_fingerprints.h"
#include "analysis/bundle_name_finder.h"

namespace hark {

struct BundleOffence {
  size_t line = 1;
  std::string what;  // "an address of others (written backwards)": what kind, never which one
};

struct BundleCheck {
  BundleAddresses addresses;
  BundleNameFinder names;
  BundleFingerprints fingerprints;

  std::optional<BundleOffence> Look(std::string_view text) const;
  // Whether a name may be shown: it has nothing of the others in it.
  bool MayShow(std::string_view name) const { return !Look(name).has_value(); }
};

// JSON's backslashes, XML's entities and CSV's doubled quotes undone; line breaks stay where they
// are.
std::string BundleTextUnescaped(std::string_view text);

}  // namespace hark
