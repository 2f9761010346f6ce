#pragma once

#include <memory>

#include "tests/lab/conversation.h"

namespace hark::lab {

// Says what the inner conversation says, `delay` later. What comes up while something waits goes
// out together with it.
std::unique_ptr<Conversation> Slowly(Duration delay, std::unique_ptr<Conversation> inner);

}  // namespace hark::lab
