#pragma once

// --wait of the commands that change something for the whole fleet.

#include <string>
#include <vector>

#include "cli/control_client.h"
#include "cli/flags.h"

namespace hark {

struct WaitWish {
  double seconds = 10;
};
std::vector<Flag> WaitFlags(WaitWish& wish);

// Waits for the workers and prints "WHAT: applied by 6 of 6 workers in 0.3 s". Not all of them in
// time is no failure: the change is durable, and they obey it when they can be heard again.
Status TellObedience(ControlClient& client, const std::string& what, uint64_t orders_version,
                     uint64_t exclusions_version, const WaitWish& wish);

}  // namespace hark
