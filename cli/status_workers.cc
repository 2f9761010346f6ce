#include <algorithm>
#include <cmath>
#include <cstdio>
#include <vector>

#include "base/strings.h"
#include "cli/status_text.h"
#include "coordinator/status_words.h"

namespace hark {
namespace {

using proto::FleetStatus;
using proto::WorkerStatus;

// What is said below the table: enough to see who and what, the rest is in the JSON.
constexpr size_t kMostNotes = 10;
constexpr size_t kLongestName = 40;
constexpr size_t kLongestNote = 160;
// A clock so far off is worth an operator's look; leases do not depend on it.
constexpr int64_t kOddClockMillis = 5'000;

std::string Short(const std::string& text, size_t longest) {
  const std::string out = EscapeForDisplay(text);
  return out.size() <= longest ? out : out.substr(0, longest) + "…";
}

// Columns of numbers of a worker that is not there stay empty: what it last said is not so now.
Cell Live(const WorkerStatus& worker, const std::string& text) {
  return TextCell(worker.connected() ? text : "");
}

std::string_view StateOf(const WorkerStatus& worker) {
  if (worker.quarantined()) return "quarantined";
  if (!worker.connected()) return "away";
  return worker.draining() ? "draining" : "connected";
}

std::string RateText(double rate) {
  char text[64];
  std::snprintf(text, sizeof text, rate > 0 && rate < 10 ? "%.1f" : "%.0f", rate);
  return text;
}

bool OddClock(int64_t offset_ms) {
  return offset_ms <= -kOddClockMillis || offset_ms >= kOddClockMillis;
}

std::string ClockText(int64_t offset_ms) {
  if (offset_ms > -1'000 && offset_ms < 1'000) return StrCat(offset_ms, "ms");
  // The least number has no opposite, so its neighbour stands for it.
  const int64_t offset = std::max(offset_ms, -INT64_MAX);
  return offset < 0 ? "-" + MillisText(-offset) : MillisText(offset);
}

std::string DisagreementText(const WorkerStatus& worker) {
  if (worker.audited() == 0) return "";
  char text[32];
  std::snprintf(
      text, sizeof text, "%.1f %%",
      100 * static_cast<double>(worker.disagreed()) / static_cast<double>(worker.audited()));
  return text;
}

bool Behind(const WorkerStatus& worker, const FleetStatus& fleet) {
  return worker.connected() && (worker.orders_version() < fleet.orders_version() ||
                                worker.exclusions_version() < fleet.exclusions_version());
}

std::string CannotText(const WorkerStatus& worker) {
  const proto::Capabilities& can = worker.capabilities();
  const std::pair<const char*, proto::Capabilities::Check> checks[] = {
      {"raw sockets", can.raw_sockets()}, {"IPv4", can.ipv4()},   {"IPv6", can.ipv6()},
      {"port 25", can.outbound_25()},     {"clock", can.clock()},
  };
  std::vector<std::string> failing;
  for (const auto& [name, check] : checks) {
    if (check == proto::Capabilities::FAILS) failing.emplace_back(name);
  }
  return Join(failing, ", ");
}

bool InTrouble(const WorkerStatus& worker, const FleetStatus& fleet) {
  return worker.quarantined() || !worker.connected() || worker.strikes() > 0 ||
         Behind(worker, fleet) || OddClock(worker.clock_offset_ms());
}

std::vector<const WorkerStatus*> Sorted(const FleetStatus& status, size_t at_most) {
  std::vector<const WorkerStatus*> out;
  out.reserve(static_cast<size_t>(status.workers_size()));
  for (const WorkerStatus& worker : status.workers()) out.push_back(&worker);
  const bool trouble_first = out.size() > at_most;
  std::sort(out.begin(), out.end(), [&](const WorkerStatus* a, const WorkerStatus* b) {
    const bool first_a = trouble_first && InTrouble(*a, status);
    const bool first_b = trouble_first && InTrouble(*b, status);
    if (first_a != first_b) return first_a;
    return std::pair(a->name(), a->key()) < std::pair(b->name(), b->key());
  });
  return out;
}

std::vector<Cell> RowOf(const WorkerStatus& worker, const FleetStatus& fleet) {
  const std::string where =
      StrCat(worker.region(), worker.provider().empty() ? "" : "/", worker.provider());
  return {
      TextCell(Short(worker.name(), kLongestName)),
      TextCell(std::string(StateOf(worker))),
      TextCell(Short(where, kLongestName)),
      TextCell(Short(worker.software(), kLongestName)),
      Live(worker, RateText(worker.rate_applied()) + "/" + RateText(worker.rate_granted())),
      Live(worker, WithThousands(worker.load().in_flight())),
      Live(worker, WithThousands(worker.jobs())),
      Live(worker, BytesText(worker.load().spool_bytes())),
      Live(worker, ClockText(worker.clock_offset_ms())),
      TextCell(worker.strikes() == 0 ? "" : std::to_string(worker.strikes())),
      TextCell(DisagreementText(worker)),
      Live(worker, OrdersText(worker.orders_version()) + (Behind(worker, fleet) ? " (old)" : "")),
      TextCell(MillisText(worker.last_heard_ms()) + " ago"),
      TextCell(CannotText(worker))};
}

void AddNotes(const WorkerStatus& worker, std::vector<std::string>& notes) {
  const std::string name = Short(worker.name(), kLongestName);
  if (worker.strikes() > 0) {
    notes.push_back(StrCat(name, ": strike ", worker.strikes(), ": ",
                           Short(worker.last_strike(), kLongestNote)));
  }
  for (const proto::Preflight& test : worker.capabilities().preflight()) {
    if (test.result() == proto::Preflight::PASS) continue;
    notes.push_back(StrCat(name, ": ", Short(test.name(), kLongestName), ": ",
                           PreflightName(test.result()), ": ", Short(test.detail(), kLongestNote)));
  }
}

}  // namespace

std::string WorkersText(const FleetStatus& status, const TextStyle& style, size_t at_most) {
  if (status.workers().empty()) return "no worker has come yet\n";
  Table table{"workers", "Workers", {}, {}, false, {}};
  table.columns = {{"name", false},    {"state", false}, {"region/provider", false},
                   {"version", false}, {"rate/share"},   {"in flight"},
                   {"jobs"},           {"spool"},        {"clock"},
                   {"strikes"},        {"disagree"},     {"orders", false},
                   {"heard"},          {"cannot", false}};
  const std::vector<const WorkerStatus*> sorted = Sorted(status, at_most);
  std::vector<std::string> notes;
  for (const WorkerStatus* worker : sorted) {
    AddNotes(*worker, notes);
    if (table.rows.size() < at_most) table.rows.push_back(RowOf(*worker, status));
  }
  if (sorted.size() > table.rows.size()) {
    table.notes.push_back(
        StrCat("… and ", WithThousands(sorted.size() - table.rows.size()), " more workers"));
  }
  const size_t shown = std::min(notes.size(), kMostNotes);
  table.notes.insert(table.notes.end(), notes.begin(),
                     notes.begin() + static_cast<std::ptrdiff_t>(shown));
  if (notes.size() > shown) {
    table.notes.push_back(StrCat("… and ", WithThousands(notes.size() - shown), " more remarks"));
  }
  return TableAsText(table, style);
}

}  // namespace hark
