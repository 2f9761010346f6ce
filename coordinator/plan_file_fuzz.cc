// A plan from the inbox: no crash, and what is taken is a plan that holds together.

#include <cstddef>
#include <cstdint>

#include "base/log.h"
#include "coordinator/plan_file.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const hark::Result<hark::Plan> plan =
      hark::DecodePlan({reinterpret_cast<const char*>(data), size});
  if (!plan.ok()) return 0;
  HARK_CHECK(plan->targets.size() + plan->targets6.size() == plan->run.planned());
  HARK_CHECK(hark::DecodePlan(hark::EncodePlan(*plan)).ok());
  return 0;
}
