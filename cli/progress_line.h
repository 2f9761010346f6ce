#pragma once

// What a running scan says about itself, once a second: percent, time left, rates, what is in
// flight, how connections ended.

#include <cstdint>
#include <string>
#include <vector>

#include "base/time.h"
#include "coordinator/dispatcher.h"

namespace hark {

class ProgressLine {
 public:
  // On a terminal the line is rewritten in place every second; elsewhere a line every ten.
  // start: where the run stands now, e.g. after an interruption. Of several runs: their sum.
  ProgressLine(bool terminal, const RunState::Totals& start, MonoTime now);

  bool Due(MonoTime now) const;
  // The text to write to stderr now, "" if it is not time.
  // parts: PartsText of several runs, else "".
  std::string Update(const RunState::Totals& totals,
                     const std::vector<Dispatcher::WorkerView>& workers, MonoTime now,
                     const std::string& parts = {});
  // What ends the last line.
  std::string End() const { return terminal_ && shown_ ? "\n" : ""; }

 private:
  const bool terminal_;
  const MonoTime started_;
  MonoTime last_;
  const uint64_t first_covered_;
  uint64_t last_covered_;
  uint64_t last_visited_;
  bool shown_ = false;
};

// How far several runs are.
struct RunPart {
  std::string name;
  RunState::Totals totals;
  bool done = false;
};
// What of them is told in one line: their sum, the earliest revisit.
RunState::Totals SumOf(const std::vector<RunPart>& parts);
// "IE 43.0% EE done"; of many runs only how many are done.
std::string PartsText(const std::vector<RunPart>& parts);

// "12 throttled hosts to be visited again, next in 43s"; without the last part if next is more than
// a day off, which is to say unknown.
std::string RevisitsText(uint64_t hosts, Duration next);
// 75 s -> "1m15s".
std::string DurationText(Duration d);

}  // namespace hark
