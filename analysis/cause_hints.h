#pragma once

// Why a cluster may be one: a table of rules over CauseFacts. A hint is a suspicion with what
// speaks for it, never a verdict; several can hold. docs/cause-hints.md has the table for people.

#include <optional>
#include <string>
#include <vector>

#include "analysis/cause_facts.h"

namespace hark {

enum class Cause {
  kOneMultihomedHost,
  kClonedImage,
  kOneOrganisation,
  kPanelDefault,
  kVendorDefault,
  kCdnFront,
  kOldAndNew,
};

enum class Confidence { kLow, kMedium, kHigh };

struct CauseHint {
  Cause cause;
  Confidence confidence;
  std::string evidence;  // printable ASCII, for people
};

struct CauseRule {
  Cause cause;
  std::optional<CauseHint> (*judge)(const CauseFacts& facts);
};

// Every rule once, in the order in which equals are listed.
const std::vector<CauseRule>& CauseRules();

// Most confident first.
std::vector<CauseHint> CauseHints(const CauseFacts& facts);

// "cloned-image", "high": stable, for JSON; a line for people.
std::string_view CauseName(Cause cause);
std::string_view ConfidenceName(Confidence confidence);
std::string_view CauseTitle(Cause cause);

// "cloned-image (high)" of the first hint, "" without any.
std::string SuspectedCause(const std::vector<CauseHint>& hints);

}  // namespace hark
