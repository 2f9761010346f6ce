#include "cli/status_text.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <vector>

#include "base/outcome.h"
#include "base/strings.h"
#include "cli/progress_line.h"
#include "coordinator/run_settings.h"
#include "coordinator/status_words.h"

namespace hark {
namespace {

using proto::FleetStatus;
using proto::JobStatus;
using proto::RunStatus;

constexpr int kBarWidth = 32;
// Of an error's text or a job's reason: about what is left of a terminal's line.
constexpr size_t kLongestSentence = 160;

std::string Sentence(const std::string& text) {
  std::string out = EscapeForDisplay(text);
  if (out.size() > kLongestSentence) out = out.substr(0, kLongestSentence) + "…";
  return out;
}

std::string Rate(double per_second) {
  char text[64];
  std::snprintf(text, sizeof text, per_second > 0 && per_second < 10 ? "%.1f/s" : "%.0f/s",
                per_second);
  return text;
}

std::string Percent(uint64_t part, uint64_t whole) {
  if (whole == 0) return "0.0 %";
  // Rounded down: 100.0 % means all of it.
  const double tenths = std::floor(1000 * static_cast<double>(part) / static_cast<double>(whole));
  char text[32];
  std::snprintf(text, sizeof text, "%.1f %%", tenths / 10);
  return text;
}

std::string Bar(uint64_t part, uint64_t whole) {
  const double share =
      whole == 0 ? 0 : std::min(1.0, static_cast<double>(part) / static_cast<double>(whole));
  const auto full = static_cast<size_t>(share * kBarWidth);
  return "[" + std::string(full, '=') + std::string(kBarWidth - full, '.') + "]";
}

std::string LastError(const std::string& text, int64_t then, int64_t now) {
  return StrCat("last error ", MillisText(now - then), " ago: ", Sentence(text));
}

// "  label      text", the text in one column over all blocks.
std::string Fact(std::string label, const std::string& text) {
  label.resize(11, ' ');
  return StrCat("  ", label, text, "\n");
}

// The same with pieces, broken where a line would be too long for a terminal.
std::string FactOf(const std::string& label, const std::vector<std::string>& pieces) {
  constexpr size_t kTextWidth = 85;
  std::string text;
  size_t width = 0;
  for (const std::string& piece : pieces) {
    if (width > 0 && width + piece.size() > kTextWidth) {
      text += ",\n             ";
      width = 0;
    } else if (width > 0) {
      text += ", ";
    }
    text += piece;
    width += piece.size() + 2;
  }
  return pieces.empty() ? "" : Fact(label, text);
}

std::string FleetText(const FleetStatus& status, const TextStyle& style) {
  const auto connected = std::count_if(status.workers().begin(), status.workers().end(),
                                       [](const auto& worker) { return worker.connected(); });
  std::string out =
      StrCat(style.Heading(FormatUtc(status.unix_ms())), "  up ", MillisText(status.uptime_ms()),
             ", ", Rate(status.probes_per_second()), " at most, ", connected, " of ",
             status.workers_size(), " workers connected, orders ",
             OrdersText(status.orders_version()), ", opt-outs ", status.exclusions_version(), "\n");
  if (status.commits_waiting() > 0) {
    out += StrCat(WithThousands(status.commits_waiting()), " batches wait to be written, ",
                  BytesText(status.unacked_bytes()), "\n");
  }
  if (!status.pressure().empty()) {
    out += style.Error("no credit is given: " + Sentence(status.pressure())) + "\n";
  }
  if (status.last_error_unix_ms() != 0) {
    out +=
        style.Error(LastError(status.last_error(), status.last_error_unix_ms(), status.unix_ms())) +
        "\n";
  }
  return out;
}

std::string Headline(const RunStatus& run, const TextStyle& style) {
  std::string state(RunStateName(run.state()));
  if (run.state() == RunStatus::OUTSIDE_WINDOW) {
    state += ", opens in " + MillisText(run.window_opens_ms());
  }
  if (run.settings().weight() > 1) state += StrCat(", weight ", run.settings().weight());
  return StrCat(style.Heading(Sentence(run.name())), "  ", state, "\n");
}

std::string Progress(const RunStatus& run) {
  const std::string left = run.eta_ms() < 0 ? "" : ", " + MillisText(run.eta_ms()) + " left";
  return StrCat("  ", Bar(run.covered(), run.planned()), "  ",
                Percent(run.covered(), run.planned()), "  ", WithThousands(run.covered()), " of ",
                WithThousands(run.planned()), " targets", left, "\n");
}

void AddCount(std::string_view name, uint64_t count, std::vector<std::string>& out) {
  if (count > 0) out.push_back(StrCat(name, " ", WithThousands(count)));
}

// Verdicts of the sweep, outcomes of the ports.
std::string Ends(const RunStatus& run) {
  const proto::Tally& tally = run.sweep();
  std::vector<std::string> sweep, ports;
  AddCount("silent", tally.silent(), sweep);
  AddCount("refused", tally.refused(), sweep);
  AddCount("unreachable", tally.unreachable(), sweep);
  AddCount("answered", tally.answered(), sweep);
  AddCount("throttled", tally.throttled(), sweep);
  AddCount("failed", tally.failed(), sweep);
  AddCount("excluded", tally.excluded(), sweep);
  for (int i = 0; i < run.outcomes_size() && i < kOutcomeCount; ++i) {
    AddCount(OutcomeName(static_cast<Outcome>(i)), run.outcomes(i), ports);
  }
  return FactOf("sweep", sweep) + FactOf("ports", ports);
}

std::string Limits(const proto::RunSettings& settings) {
  std::vector<std::string> limits;
  if (settings.per_prefix() > 0) limits.push_back(Rate(settings.per_prefix()) + " to a /24");
  if (settings.per_as() > 0) limits.push_back(Rate(settings.per_as()) + " to an AS");
  for (const std::string& one : settings.only()) limits.push_back("only " + Sentence(one));
  for (const std::string& one : settings.except()) limits.push_back("not " + Sentence(one));
  for (const proto::Window& window : settings.windows()) limits.push_back(WindowText(window));
  return FactOf("limits", limits);
}

std::string JobsText(const RunStatus& run, const TextStyle& style, size_t at_most) {
  if (run.jobs().empty() || at_most == 0) return "";
  Table table{"jobs", "  open jobs", {}, {}, false, {}};
  table.columns = {{"job"},           {"kind", false}, {"range"}, {"done"},
                   {"holder", false}, {"lease"},       {"left"},  {"why it is open", false}};
  for (const JobStatus& job : run.jobs()) {
    if (table.rows.size() == at_most) break;
    const bool held = !job.worker().empty();
    const uint64_t done = job.cursor() - std::min(job.cursor(), job.base());
    std::string why = job.why();
    if (job.suspect()) why += " (suspect: leased alone)";
    if (job.no_progress() > 0) why += StrCat(" (came back ", job.no_progress(), "x)");
    table.rows.push_back({CountCell(job.id()), TextCell(std::string(JobKindName(job.kind()))),
                          TextCell(StrCat(job.base(), "-", job.end())),
                          TextCell(Percent(done, job.end() - std::min(job.end(), job.base()))),
                          TextCell(held ? Sentence(job.worker()) : ""),
                          TextCell(held ? MillisText(job.lease_age_ms()) : ""),
                          TextCell(held ? MillisText(job.lease_left_ms()) : ""),
                          TextCell(Sentence(why))});
  }
  const uint64_t open = std::max<uint64_t>(uint64_t{run.jobs_pending()} + run.jobs_leased(),
                                           static_cast<uint64_t>(run.jobs_size()));
  if (open > table.rows.size()) {
    table.notes.push_back(StrCat("… and ", WithThousands(open - table.rows.size()), " more"));
  }
  return TableAsText(table, style);
}

std::string JobCounts(const RunStatus& run) {
  std::string text =
      StrCat(WithThousands(run.jobs_pending()), " pending, ", WithThousands(run.jobs_leased()),
             " leased, ", WithThousands(run.jobs_done()), " done");
  if (run.oldest_lease_ms() >= 0) text += "; oldest lease " + MillisText(run.oldest_lease_ms());
  return Fact("jobs", text);
}

std::string AdaptText(const RunStatus& run) {
  if (!run.adapts()) return "";
  if (run.loss() < 0) return Fact("adapt", "too few rechecks so far to tell what gets lost");
  const auto tenths = static_cast<uint64_t>(std::lround(run.loss() * 1000));
  return Fact("adapt", StrCat(run.rate_adapted() > 0 ? "slowed to " + Rate(run.rate_adapted())
                                                     : std::string("not slowed"),
                              "; ", Percent(tenths, 1000), " of the listeners missed at first"));
}

std::string RunText(const RunStatus& run, int64_t now, const TextStyle& style,
                    const StatusLimits& limits) {
  std::string out = Headline(run, style) + Progress(run);
  out += Fact("rate",
              StrCat(Rate(run.rate_granted()), " of ", Rate(run.rate_ceiling()), " at most, by ",
                     run.workers(), run.workers() == 1 ? " worker" : " workers"));
  out += AdaptText(run);
  out += Fact("listeners", StrCat(WithThousands(run.listeners()), " found, ",
                                  WithThousands(run.visited()), " visited"));
  out += Ends(run) + JobCounts(run) + Limits(run.settings());
  if (run.audited() > 0) {
    out += Fact("audit",
                StrCat(WithThousands(run.audited()), " repeated, ", WithThousands(run.disagreed()),
                       " with another result (", Percent(run.disagreed(), run.audited()), ")"));
  }
  if (run.revisits_waiting() > 0) {
    const auto next = run.next_revisit_ms() < 0
                          ? std::chrono::hours(1'000)
                          : Duration(std::chrono::milliseconds(run.next_revisit_ms()));
    out += Fact("revisits", RevisitsText(run.revisits_waiting(), next));
  }
  if (run.quarantined() > 0) {
    out += Fact("left out",
                WithThousands(run.quarantined()) +
                    (run.quarantined() == 1 ? " target that stops" : " targets that stop") +
                    " every worker");
  }
  if (!run.ledger_error().empty()) {
    out += "  " + style.Error("does not add up: " + EscapeForDisplay(run.ledger_error())) + "\n";
  }
  if (run.last_error_unix_ms() != 0) {
    out += "  " + style.Error(LastError(run.last_error(), run.last_error_unix_ms(), now)) + "\n";
  }
  return out + JobsText(run, style, limits.jobs);
}

}  // namespace

std::string MillisText(int64_t ms) {
  // In nanoseconds, three centuries are too many.
  constexpr int64_t kTenYears = int64_t{10} * 366 * 24 * 3600 * 1000;
  return DurationText(std::chrono::milliseconds(std::clamp<int64_t>(ms, 0, kTenYears)));
}

std::string BytesText(uint64_t bytes) {
  constexpr const char* kUnits[] = {"B", "KB", "MB", "GB", "TB"};
  auto value = static_cast<double>(bytes);
  size_t unit = 0;
  while (value >= 999.5 && unit + 1 < std::size(kUnits)) {
    value /= 1000;
    ++unit;
  }
  char text[64];
  std::snprintf(text, sizeof text, unit > 0 && value < 9.95 ? "%.1f %s" : "%.0f %s", value,
                kUnits[unit]);
  return text;
}

std::string StatusText(const FleetStatus& status, const TextStyle& style,
                       const StatusLimits& limits) {
  std::string out = FleetText(status, style) + "\n";
  for (const RunStatus& run : status.runs()) {
    out += RunText(run, status.unix_ms(), style, limits) + "\n";
  }
  if (status.runs().empty()) out += "no run is open\n\n";
  return out + WorkersText(status, style, limits.workers);
}

}  // namespace hark
