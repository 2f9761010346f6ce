#include "cli/fleet_list.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>

#include "base/strings.h"
#include "base/time.h"
#include "bus/curve.h"
#include "cli/progress_line.h"
#include "cli/status_json.h"

namespace hark {
namespace {

// A coordinator writes every five seconds; one that has not for so long is not there.
constexpr int64_t kStaleSeconds = 20;

// One worker as the registry and the coordinator know it. Workers of the scan's own (local ones,
// and those of --allow_workers) are not in the registry.
struct FleetLine {
  std::string key;
  std::string name;
  std::string state;
  int64_t since = 0;
  LiveWorker live;
  bool connected = false;
};

std::vector<FleetLine> LinesOf(const FleetRegistry& registry, const LiveFleet& live, int64_t now) {
  const bool fresh = now - live.written < kStaleSeconds;
  std::vector<FleetLine> lines;
  const auto add = [&](const std::string& key, FleetLine line) {
    line.key = CurveKeyText(key);
    if (const auto it = live.workers.find(key); it != live.workers.end()) line.live = it->second;
    line.connected = fresh && line.live.connected;
    lines.push_back(std::move(line));
  };
  for (const auto& [key, worker] : registry.workers()) {
    add(key, {"", worker.name, std::string(NameOf(worker.state)), worker.since, {}, false});
  }
  for (const auto& [key, seen] : live.workers) {
    if (!registry.workers().contains(key) && fresh && seen.connected) {
      add(key, {"", "", "by scan", 0, {}, false});
    }
  }
  return lines;
}

std::string_view InviteState(const FleetInvite& invite, int64_t now) {
  if (!invite.used_by.empty()) return "spent";
  return now >= invite.expires ? "expired" : "open";
}

std::string Ago(int64_t then, int64_t now) {
  return then == 0 ? "never" : DurationText(std::chrono::seconds(std::max<int64_t>(now - then, 0)));
}

}  // namespace

std::string FleetAsText(const FleetRegistry& registry, const LiveFleet& live, int64_t now,
                        const TextStyle& style) {
  Table workers{"workers", "Workers", {}, {}, false, {}};
  workers.columns = {{"name", false}, {"state", false},   {"since", false},
                     {"seen", false}, {"rate"},           {"in flight"},
                     {"jobs"},        {"version", false}, {"key", false}};
  for (const FleetLine& line : LinesOf(registry, live, now)) {
    const LiveWorker& seen = line.live;
    const auto count = [&](uint64_t n) { return line.connected ? CountCell(n) : TextCell(""); };
    workers.rows.push_back({TextCell(line.name), TextCell(line.state),
                            TextCell(FormatUtc(line.since * 1000)),
                            TextCell(line.connected        ? "connected"
                                     : seen.last_seen == 0 ? "never"
                                                           : Ago(seen.last_seen, now) + " ago"),
                            count(seen.pps), count(seen.in_flight), count(seen.jobs),
                            TextCell(seen.software), TextCell(line.key)});
  }
  Table invites{"invites", "Invites", {}, {}, false, {}};
  invites.columns = {{"name", false}, {"state", false}, {"expires", false}, {"key", false}};
  for (const auto& [key, invite] : registry.invites()) {
    invites.rows.push_back({TextCell(invite.name), TextCell(std::string(InviteState(invite, now))),
                            TextCell(FormatUtc(invite.expires * 1000)),
                            TextCell(CurveKeyText(key))});
  }
  std::string out = TableAsText(workers, style);
  if (!invites.rows.empty()) out += "\n" + TableAsText(invites, style);
  return out;
}

std::string FleetAsJson(const FleetRegistry& registry, const LiveFleet& live, int64_t now,
                        const proto::FleetStatus* status) {
  using Json = nlohmann::ordered_json;
  std::map<std::string, Json> told;  // by key
  if (status != nullptr) {
    for (const Json& worker : StatusJson(*status)["workers"]) told[worker["key"]] = worker;
  }
  Json out = {{"workers", Json::array()}, {"invites", Json::array()}};
  for (const FleetLine& line : LinesOf(registry, live, now)) {
    out["workers"].push_back({{"key", line.key},
                              {"name", line.name},
                              {"state", line.state},
                              {"since", FormatUtc(line.since * 1000)},
                              {"connected", line.connected},
                              {"last_seen", FormatUtc(line.live.last_seen * 1000)},
                              {"software", line.live.software},
                              {"probes_per_second", line.live.pps},
                              {"in_flight", line.live.in_flight},
                              {"jobs", line.live.jobs},
                              {"spool_bytes", line.live.spool_bytes}});
    if (told.contains(line.key)) out["workers"].back()["live"] = told[line.key];
  }
  for (const auto& [key, invite] : registry.invites()) {
    out["invites"].push_back(
        {{"key", CurveKeyText(key)},
         {"name", invite.name},
         {"state", InviteState(invite, now)},
         {"expires", FormatUtc(invite.expires * 1000)},
         {"used_by", invite.used_by.empty() ? "" : CurveKeyText(invite.used_by)}});
  }
  return out.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

void TakeLive(const proto::FleetStatus& status, LiveFleet* live) {
  live->written = status.unix_ms() / 1000;
  for (auto& [key, worker] : live->workers) worker.connected = false;
  for (const proto::WorkerStatus& row : status.workers()) {
    if (row.key().size() != 32) continue;
    LiveWorker& worker = live->workers[row.key()];
    worker.last_seen = (status.unix_ms() - row.last_heard_ms()) / 1000;
    worker.connected = row.connected();
    worker.pps = static_cast<uint64_t>(std::llround(std::max(0.0, row.rate_applied())));
    worker.in_flight = row.load().in_flight();
    worker.jobs = row.jobs();
    worker.spool_bytes = row.load().spool_bytes();
    worker.software = FleetName(row.software());
  }
}

}  // namespace hark
