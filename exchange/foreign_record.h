#pragma once

// What a line of a foreign format comes to. Formats that say one thing a line (Passive SSH,
// known_hosts, Zeek) are read line by line into these; nothing but the line decides.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "storage/sighting.h"

namespace hark {

struct ForeignRecord {
  // What was seen, a host and port each; empty if the line tells of nobody.
  std::vector<Sighting> sightings;
  // What of the line was left out, and why: for the reject file. A line that cannot be used at all
  // has a fault and no sightings.
  std::vector<std::string> faults;
};

// No instant outside of these is believed: 1970 to the end of 9999.
inline constexpr int64_t kMaxForeignUnixSeconds = 253'402'300'799;

// Whole seconds of a number or of its text ("1735689602.5" gives 1735689602); nullopt for what is
// none, or is out of bounds.
std::optional<int64_t> ForeignSeconds(double unix_s);
std::optional<int64_t> ForeignSecondsOf(std::string_view text);
// All of the text is a number.
std::optional<double> ForeignNumber(std::string_view text);

}  // namespace hark
