#pragma once

#include <cstdint>
#include <string_view>

namespace hark {

// No moment outside of 1970 to 2096 is believed: times are merged by minimum and maximum for ever.
inline constexpr int64_t kLastForeignMillis = 4'000'000'000'000;

// Milliseconds of a text as base/moment.h reads it ("2018-03-16T12:00:00Z"), 0 if it is none.
int64_t ForeignMoment(std::string_view text);

}  // namespace hark
