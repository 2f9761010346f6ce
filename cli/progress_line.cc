#include "cli/progress_line.h"

#include <cmath>
#include <cstdio>

#include "base/outcome.h"
#include "base/strings.h"

namespace hark {
namespace {

constexpr Duration kTerminalEvery = std::chrono::seconds(1);
constexpr Duration kPipeEvery = std::chrono::seconds(10);
constexpr size_t kMostPartsShown = 8;
constexpr char kClearLine[] = "\r\033[K";

double Seconds(Duration d) {
  return std::chrono::duration<double>(d).count();
}

std::string Fixed(double value, int digits) {
  char text[64];
  std::snprintf(text, sizeof text, "%.*f", digits, value);
  return text;
}

std::string RateText(double per_second) {
  if (per_second >= 10'000) return Fixed(per_second / 1000, 1) + "k/s";
  return Fixed(per_second, per_second < 10 ? 1 : 0) + "/s";
}

std::string PercentText(const RunState::Totals& totals) {
  const double planned = static_cast<double>(std::max<uint64_t>(totals.planned, 1));
  return Fixed(100 * static_cast<double>(totals.covered) / planned, 1) + "%";
}

// Connections that did not simply work, most frequent kinds in enum order.
std::string OutcomesText(const std::vector<Dispatcher::WorkerView>& workers) {
  std::vector<uint64_t> sums(kOutcomeCount);
  for (const Dispatcher::WorkerView& worker : workers) {
    for (int i = 0; i < worker.load.outcomes_size() && i < kOutcomeCount; ++i) {
      sums[static_cast<size_t>(i)] += worker.load.outcomes(i);
    }
  }
  std::string text;
  for (size_t i = 1; i < sums.size(); ++i) {
    if (sums[i] == 0) continue;
    text += StrCat(text.empty() ? "" : " ", OutcomeName(static_cast<Outcome>(i)), " ",
                   WithThousands(sums[i]));
  }
  return text;
}

}  // namespace

std::string DurationText(Duration d) {
  const auto total = static_cast<uint64_t>(std::llround(Seconds(d)));
  char text[64];
  if (total >= 3600) {
    std::snprintf(text, sizeof text, "%dh%02dm", static_cast<int>(total / 3600),
                  static_cast<int>(total / 60 % 60));
  } else if (total >= 60) {
    std::snprintf(text, sizeof text, "%dm%02ds", static_cast<int>(total / 60),
                  static_cast<int>(total % 60));
  } else {
    std::snprintf(text, sizeof text, "%ds", static_cast<int>(total));
  }
  return text;
}

RunState::Totals SumOf(const std::vector<RunPart>& parts) {
  RunState::Totals sum;
  for (const RunPart& part : parts) {
    sum.planned += part.totals.planned;
    sum.covered += part.totals.covered;
    sum.listeners += part.totals.listeners;
    sum.visited += part.totals.visited;
    sum.revisits_waiting += part.totals.revisits_waiting;
    sum.next_revisit = std::min(sum.next_revisit, part.totals.next_revisit);
  }
  return sum;
}

std::string PartsText(const std::vector<RunPart>& parts) {
  if (parts.size() < 2) return "";
  std::string text;
  size_t done = 0;
  for (const RunPart& part : parts) {
    done += part.done;
    text += StrCat(text.empty() ? "" : " ", part.name, " ",
                   part.done ? "done" : PercentText(part.totals));
  }
  if (parts.size() <= kMostPartsShown) return text;
  return StrCat(done, " of ", parts.size(), " runs done");
}

std::string RevisitsText(uint64_t hosts, Duration next) {
  const std::string when = next > std::chrono::hours(24)
                               ? ""
                               : StrCat(", next in ", DurationText(std::max(next, Duration(0))));
  return StrCat(WithThousands(hosts), hosts == 1 ? " throttled host" : " throttled hosts",
                " to be visited again", when);
}

ProgressLine::ProgressLine(bool terminal, const RunState::Totals& start, MonoTime now)
    : terminal_(terminal),
      started_(now),
      last_(now),
      first_covered_(start.covered),
      last_covered_(start.covered),
      last_visited_(start.visited) {}

bool ProgressLine::Due(MonoTime now) const {
  return now - last_ >= (terminal_ ? kTerminalEvery : kPipeEvery);
}

std::string ProgressLine::Update(const RunState::Totals& totals,
                                 const std::vector<Dispatcher::WorkerView>& workers, MonoTime now,
                                 const std::string& parts) {
  const Duration since = now - last_;
  if (!Due(now)) return "";
  const double pace =
      static_cast<double>(totals.covered - first_covered_) / Seconds(now - started_);
  const uint64_t left = totals.planned - std::min(totals.planned, totals.covered);
  uint64_t in_flight = 0, sent = 0;
  for (const Dispatcher::WorkerView& worker : workers) {
    in_flight += worker.load.in_flight();
    sent += worker.load.probes_sent();
  }

  std::string text = StrCat(DurationText(now - started_), " ", PercentText(totals));
  if (left > 0 && pace > 0) {
    text += StrCat(
        " (", DurationText(Duration(static_cast<int64_t>(static_cast<double>(left) / pace * 1e9))),
        " left)");
  }
  if (!parts.empty()) text += "; " + parts;
  text += StrCat(
      "; probed ", WithThousands(totals.covered), " ",
      RateText(static_cast<double>(totals.covered - last_covered_) / Seconds(since)), "; hits ",
      WithThousands(totals.listeners), "; grabbed ", WithThousands(totals.visited), " ",
      RateText(static_cast<double>(totals.visited - last_visited_) / Seconds(since)), "; sent ",
      WithThousands(sent), "; in flight ", in_flight, "; workers ", workers.size());
  if (totals.revisits_waiting > 0) {
    text += StrCat("; ", RevisitsText(totals.revisits_waiting, totals.next_revisit - now));
  }
  const std::string outcomes = OutcomesText(workers);
  if (!outcomes.empty()) text += "; " + outcomes;
  last_ = now;
  last_covered_ = totals.covered;
  last_visited_ = totals.visited;
  shown_ = true;
  return terminal_ ? kClearLine + text : text + "\n";
}

}  // namespace hark
