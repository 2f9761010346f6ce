// Any bytes as a scenario file: refused with one line, or read, and then what is written reads back
// as the same.

#include <cstdint>
#include <string_view>

#include "base/log.h"
#include "tests/lab/scenario.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto scenario =
      hark::lab::ParseScenario({reinterpret_cast<const char*>(data), size}, "fuzz");
  if (!scenario.ok()) return 0;
  const auto again = hark::lab::ParseScenario(hark::lab::FormatScenario(*scenario), "written");
  HARK_CHECK(again.ok() && *again == *scenario);
  return 0;
}
