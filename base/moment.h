#pragma once

// How an operator writes a moment, for every flag that takes one.
//
//   2018-04-30                      the day's first moment; with a Z, too
//   2018-04-30T08:00                also with a blank or a small t between
//   2018-04-30T08:00:00.25Z         seconds, a fraction of them; what is below a millisecond is cut
//   2018-04-30T10:00:00+02:00       an offset (RFC 3339 §5.6); Z is +00:00
//
// Without an offset it is UTC. A leap second (:60) is the first moment of the next minute.

#include <cstdint>
#include <string_view>

#include "base/status.h"

namespace hark {

// Milliseconds since 1970; before it they are negative. kInvalidInput names the forms.
Result<int64_t> ParseMoment(std::string_view text);

}  // namespace hark
