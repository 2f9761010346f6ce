#pragma once

// Runs: which there are, how far they came, and how many facts the store has of each kind.

#include <memory>
#include <mutex>
#include <string>

#include "api/api_context.h"
#include "api/fact_json.h"
#include "api/memory_view.h"
#include "api/v1_page.h"
#include "api/v1_query.h"

namespace hark {

// {"run", "country", "state", "created", "finished", "planned", "ports", "remembered"}, newest
// first.
Result<V1Page> RunList(const MemoryView& memory, const PageWish& wish);
Result<Json> RunListAnswer(const MemoryView& memory, const PageWish& wish);

// One of them, with its coverage ledger and, where the server offers it, its status as
// docs/formats/status.md has it. kNotFound if there is no such run. Reads the run's jobs.
Result<Json> RunAnswer(const MemoryView& memory, const ApiReports& reports,
                       const std::string& name);
// kNotFound if there is no such run.
Status RunExists(const MemoryView& memory, const std::string& name);

// Counts over all of the history. They take a pass over it, so they are kept, and made anew at most
// every kFreshSeconds. Threads: any; one counts, the others wait for it.
class V1Statistics {
 public:
  static constexpr int64_t kFreshSeconds = 600;

  Result<Json> Answer(const MemoryView& memory, int64_t now_unix_s);
  // nullopt: it has to be counted.
  std::optional<Json> Kept(uint64_t generation, int64_t now_unix_s);

 private:
  std::mutex counting_;
  std::mutex guard_;
  Json kept_;
  uint64_t generation_ = 0;
  int64_t as_of_ = INT64_MIN;
};

}  // namespace hark
