#pragma once

// Answers of a look-up for people: what it was taken for, and aligned tables with dates. Pure.

#include <string>

#include "api/lookup.h"
#include "cli/render_text.h"

namespace hark {

std::string LookupAsText(const LookupAnswer& answer, const TextStyle& style);

}  // namespace hark
