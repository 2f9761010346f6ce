#pragma once

#include <memory>

#include "tests/lab/conversation.h"
#include "tests/lab/scenario.h"

namespace hark::lab {

// Services whose manners need no protocol: silence, hanging up, garbage, tarpits, "not now".
// nullptr for behaviours that the protocol's own server has to show.
std::unique_ptr<Conversation> OddConversation(const Service& service);

}  // namespace hark::lab
