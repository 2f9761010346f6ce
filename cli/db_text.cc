#include "cli/db_text.h"

#include <nlohmann/json.hpp>

#include "base/strings.h"

namespace hark {
namespace {

using Json = nlohmann::ordered_json;

const char* StateOf(const proto::RunRow& run) {
  return run.state() == proto::RunRow::DONE ? "done" : "open";
}

Table FamiliesTable(const StoreStats& stats) {
  Table table{"families", "What the store holds, by family", {}, {}, false, {}};
  table.columns = {{"family", false}, {"entries"}, {"table bytes"}, {"body bytes"}, {"in memory"}};
  for (const FamilyStats& family : stats.families) {
    table.rows.push_back({TextCell(family.name), CountCell(family.entries),
                          CountCell(family.table_bytes), CountCell(family.blob_bytes),
                          CountCell(family.memory_bytes)});
  }
  table.notes.push_back(stats.counted ? "Every entry was counted."
                                      : "Entries are estimates; --count counts them.");
  return table;
}

Table RunsTable(const StoreStats& stats) {
  Table table{"runs", "Runs, oldest first", {}, {}, false, {}};
  table.columns = {{"run", false}, {"state", false}, {"finished", false},
                   {"planned"},    {"jobs"},         {"in the history", false}};
  for (const RunStats& run : stats.runs) {
    table.rows.push_back({TextCell(EscapeForDisplay(run.row.name())), TextCell(StateOf(run.row)),
                          TextCell(FormatUtc(run.row.finished_unix_ms())),
                          CountCell(run.row.planned()), CountCell(run.jobs),
                          TextCell(run.remembered ? "yes" : "no")});
  }
  return table;
}

}  // namespace

std::string StatsAsText(const StoreStats& stats, const TextStyle& style) {
  const HistoryCounts& history = stats.history;
  std::string text = StrCat("schema version ", EscapeForDisplay(stats.schema_version), "\n\n");
  text += TableAsText(FamiliesTable(stats), style) + "\n";
  text +=
      StrCat("History: ", WithThousands(history.ports), " host ports",
             stats.counted ? StrCat(" of ", WithThousands(stats.history_hosts), " hosts") : "",
             ", ", WithThousands(history.uses), " facts on them, ", WithThousands(history.bodies),
             " bodies, ", WithThousands(history.names), " names\n\n");
  return text + (stats.runs.empty() ? "No runs.\n" : TableAsText(RunsTable(stats), style));
}

std::string StatsAsJson(const StoreStats& stats) {
  Json families = Json::array(), runs = Json::array();
  for (const FamilyStats& family : stats.families) {
    families.push_back({{"name", family.name},
                        {"entries", family.entries},
                        {"table_bytes", family.table_bytes},
                        {"body_bytes", family.blob_bytes},
                        {"memory_bytes", family.memory_bytes}});
  }
  for (const RunStats& run : stats.runs) {
    runs.push_back({{"name", EscapeForDisplay(run.row.name())},
                    {"id", run.row.id()},
                    {"state", StateOf(run.row)},
                    {"finished", FormatUtc(run.row.finished_unix_ms())},
                    {"planned", run.row.planned()},
                    {"jobs", run.jobs},
                    {"in_history", run.remembered}});
  }
  const HistoryCounts& history = stats.history;
  const Json out = {{"schema_version", EscapeForDisplay(stats.schema_version)},
                    {"counted", stats.counted},
                    {"families", families},
                    {"history",
                     {{"ports", history.ports},
                      {"hosts", stats.counted ? Json(stats.history_hosts) : Json(nullptr)},
                      {"uses", history.uses},
                      {"bodies", history.bodies},
                      {"names", history.names}}},
                    {"runs", runs}};
  return out.dump(2) + "\n";
}

std::string CheckAsText(const CheckReport& report, bool repair) {
  std::string text;
  for (const CheckFinding& finding : report.findings) {
    text += StrCat(WithThousands(finding.count), " ", finding.what,
                   finding.repairable ? (repair ? "; repaired" : "; --repair mends that")
                                      : "; cannot be made again",
                   "\n");
    for (const std::string& example : finding.examples) text += "  " + example + "\n";
  }
  text += StrCat(WithThousands(report.entries), " entries looked at, ");
  text += report.findings.empty() ? "nothing is wrong\n"
                                  : StrCat(report.findings.size(), " kinds of faults\n");
  if (report.bodies_not_known > 0) {
    text += StrCat("of ", WithThousands(report.bodies_not_known),
                   " facts only the reference is known, which is no fault\n");
  }
  return text;
}

std::string CheckAsJson(const CheckReport& report, bool repair) {
  Json findings = Json::array();
  for (const CheckFinding& finding : report.findings) {
    findings.push_back({{"what", finding.what},
                        {"count", finding.count},
                        {"repairable", finding.repairable},
                        {"examples", finding.examples}});
  }
  const Json out = {{"good", report.findings.empty()},
                    {"repair", repair},
                    {"entries", report.entries},
                    {"repaired", report.repaired},
                    {"bodies_not_known", report.bodies_not_known},
                    {"findings", findings}};
  return out.dump(2) + "\n";
}

std::string BackupAsText(const StoreBackup& backup) {
  return StrCat("backup ", backup.id, " of ", FormatUtc(backup.unix_s * 1000), ", ",
                WithThousands(backup.bytes), " bytes in ", WithThousands(backup.files), " files\n");
}

std::string PruneAsText(const PruneDone& done) {
  return StrCat("removed ", WithThousands(done.visits), " visits, the last ones of ",
                WithThousands(done.places), " host ports; ", WithThousands(done.runs), " runs; ",
                WithThousands(done.bodies), " bodies and ", WithThousands(done.certificates),
                " certificates that nobody needs any more\n");
}

}  // namespace hark
