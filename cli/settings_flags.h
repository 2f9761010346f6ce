#pragma once

// The flags that say how a run is treated while it goes on (hark run create, hark run set).

#include <string>
#include <vector>

#include "cli/flags.h"
#include "proto/control.pb.h"

namespace hark {

struct SettingsWishes {
  uint32_t weight = 1;
  double rate = 0;
  double rate_per_24 = 0;
  double rate_per_as = 0;
  std::vector<std::string> only;
  std::vector<std::string> except;
  std::vector<std::string> windows;
};
std::vector<Flag> SettingsFlags(SettingsWishes& wishes);

Result<proto::RunSettings> SettingsOf(const SettingsWishes& wishes);
// What was given of them, on top of the settings there are; "any", "none" and "always" take the
// limits of only, except and window away.
Result<proto::ChangeRun> ChangeOf(const SettingsWishes& wishes, const ParsedFlags& parsed,
                                  const proto::RunSettings& now);

}  // namespace hark
