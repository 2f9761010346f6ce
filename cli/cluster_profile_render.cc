#include "cli/cluster_profile_render.h"

#include <nlohmann/json.hpp>

#include "analysis/cause_hints.h"
#include "analysis/cluster_profile.h"
#include "analysis/cluster_stats.h"
#include "analysis/facts_tables.h"
#include "analysis/leaf_judge.h"
#include "analysis/stats_tables.h"
#include "base/file.h"
#include "base/strings.h"
#include "cli/cluster_render.h"
#include "cli/facts_json.h"
#include "cli/render_text.h"
#include "cli/report_latex.h"
#include "cli/stats_json.h"

namespace hark {
namespace {

using Json = nlohmann::ordered_json;

// A certificate can name thousands; JSON has them all.
constexpr size_t kNamesShown = 20;

Result<KnownKeys> ReadKnownKeys(const std::string& path) {
  if (path.empty()) return KnownKeys();
  HARK_ASSIGN_OR_RETURN(const std::string text, ReadFile(path));
  Result<KnownKeys> keys = ParseKnownKeys(text);
  if (keys.ok()) return keys;
  return InvalidInput(StrCat("--known_keys: ", path, ": ", keys.status().message()));
}

Json HintsJson(const std::vector<CauseHint>& hints) {
  Json out = Json::array();
  for (const CauseHint& hint : hints) {
    out.push_back({{"cause", CauseName(hint.cause)},
                   {"confidence", ConfidenceName(hint.confidence)},
                   {"evidence", hint.evidence}});
  }
  return out;
}

Json LinksJson(const PortPairLinks& links) {
  Json out = Json::array();
  for (const auto& [pair, n] : links) {
    out.push_back({{"ports", {pair.first, pair.second}}, {"links", n}});
  }
  return out;
}

void AddProfile(Json& out, const ClusterProfile& profile) {
  for (size_t i = 0; i < profile.keys.size(); ++i) {
    Json& key = out["keys"][i];
    Json& ports = key["hosts_on_port"] = Json::object();
    for (const auto& [port, n] : profile.keys[i].hosts_on_port) ports[std::to_string(port)] = n;
    key["links"] = LinksJson(profile.keys[i].links);
  }
  out["links"] = LinksJson(profile.links);
  Json& ases = out["as_split"] = Json::array();
  for (const AsShare& as : profile.ases) ases.push_back({{"asn", as.asn}, {"hosts", as.hosts}});
  Json& names = out["names"] = Json::array();
  for (const NameCount& name : profile.names) {
    names.push_back(
        {{"name", EscapeForDisplay(name.name)}, {"source", name.source}, {"hosts", name.hosts}});
  }
  out["names_left_out"] = profile.names_left_out;
}

Table HintsTable(const std::vector<CauseHint>& hints) {
  Table table{"causes", "Suspected causes", {}, {}, false, {}};
  table.columns = {{"cause", false}, {"confidence", false}, {"evidence", false}};
  for (const CauseHint& hint : hints) {
    table.rows.push_back({TextCell(std::string(CauseTitle(hint.cause))),
                          TextCell(std::string(ConfidenceName(hint.confidence))),
                          TextCell(hint.evidence)});
  }
  if (hints.empty()) table.notes = {"no rule of docs/cause-hints.md speaks"};
  return table;
}

Table LinksTable(const ClusterProfile& profile) {
  Table table{"links", "Equal keys by port pair", {}, {}, false, {}};
  table.columns = {{"key", false}, {"ports", false}, {"pairs of host/ports"}};
  for (const auto& [pair, n] : profile.links) {
    table.rows.push_back(
        {TextCell("all"), TextCell(StrCat(pair.first, "=", pair.second)), CountCell(n)});
  }
  for (const KeyProfile& key : profile.keys) {
    const std::string hex = key.count.key.ToHex();
    for (const auto& [pair, n] : key.links) {
      table.rows.push_back(
          {{hex.substr(0, 12), hex}, TextCell(StrCat(pair.first, "=", pair.second)), CountCell(n)});
    }
  }
  return table;
}

Table AsTable(const ClusterProfile& profile) {
  Table table{"as_split", "Members by AS", {{"AS", false}, {"hosts"}}, {}, false, {}};
  for (const AsShare& as : profile.ases) {
    table.rows.push_back(
        {TextCell(as.asn == 0 ? "unknown" : std::to_string(as.asn)), CountCell(as.hosts)});
  }
  return table;
}

Table NamesTable(const ClusterProfile& profile, size_t shown) {
  Table table{"names", "Names of members", {}, {}, false, {}};
  table.columns = {{"name", false}, {"said by", false}, {"hosts"}};
  for (const NameCount& name : profile.names) {
    if (table.rows.size() == shown) break;
    table.rows.push_back(
        {TextCell(EscapeForDisplay(name.name)), TextCell(name.source), CountCell(name.hosts)});
  }
  const uint64_t rest = profile.names.size() - table.rows.size() + profile.names_left_out;
  if (rest > 0) table.notes = {StrCat("and ", WithThousands(rest), " more")};
  return table;
}

// The statistics of a clustering's clusters, their certificates judged as the view says.
Result<std::vector<ClusterStats>> Stats(const RunReader& reader, const HostTable& hosts,
                                        const Clustering& clustering, const ClusterView& view) {
  if (view.facts == nullptr) return ReadClusterStats(reader, hosts, clustering);
  BrowserJudge judge(reader, hosts, *view.facts);
  HARK_RETURN_IF_ERROR(judge.ReadAhead(
      [&](uint32_t host) { return clustering.cluster_of[host] != Clustering::kNone; }));
  return ReadClusterStats(reader, hosts, clustering, judge.AsJudge());
}

Table StatsTable(const std::vector<ClusterStats>& stats, const std::vector<std::string>& causes,
                 const StatsTotals* totals, const ClusterView& view) {
  Table table = ClusterStatsTable(stats, causes, totals);
  if (view.facts != nullptr) table.notes.push_back(TrustNote(TrustBasis::Of(*view.facts)));
  return table;
}

Json ViewTrustJson(const ClusterView& view) {
  return TrustJson(view.facts == nullptr ? TrustBasis() : TrustBasis::Of(*view.facts));
}

std::string TableAs(const Table& table, const ClusterView& view) {
  if (view.format == "csv") return TableAsCsv(table);
  if (view.format == "markdown") return TableAsMarkdown(table) + "\n";
  if (view.format == "latex") return TableAsLatex(table) + "\n";
  return TableAsText(table, TextStyle{view.colour}) + "\n";
}

Json ListJson(const RunAnalysis& analysis, const std::vector<ClusterStats>& stats,
              const std::vector<std::vector<CauseHint>>& hints, const StatsTotals& totals,
              const ClusterView& view) {
  Json clusters = Json::array();
  for (size_t i = 0; i < stats.size(); ++i) {
    Json& row = clusters.emplace_back(Json{{"id", stats[i].id}});
    row.update(ClusterStatsJson(stats[i]));
    row["asns"] = analysis.clustering.clusters[i].asns;
    row["causes"] = HintsJson(hints[i]);
  }
  return {{"clusters", std::move(clusters)},
          {"total_sum", ClusterStatsJson(totals.sum)},
          {"total_distinct", ClusterStatsJson(totals.distinct)},
          {"scope", view.scope},
          {"trust", ViewTrustJson(view)}};
}

}  // namespace

Result<std::string> ClusterStatsList(const RunReader& reader, const RunAnalysis& analysis,
                                     uint64_t min_size, const ClusterView& view) {
  HARK_ASSIGN_OR_RETURN(const KnownKeys known, ReadKnownKeys(view.known_keys));
  const Clustering& clustering = analysis.clustering;
  HARK_ASSIGN_OR_RETURN(std::vector<ClusterStats> stats,
                        Stats(reader, analysis.hosts, clustering, view));
  HARK_ASSIGN_OR_RETURN(const std::vector<CauseFacts> facts,
                        ReadCauseFacts(reader, analysis.hosts, clustering, known));
  const StatsTotals totals = TotalOfRun(clustering, stats, min_size);
  while (!stats.empty() && stats.back().hosts < min_size) stats.pop_back();
  std::vector<std::vector<CauseHint>> hints;
  std::vector<std::string> causes;
  for (size_t i = 0; i < stats.size(); ++i) {
    hints.push_back(CauseHints(facts[i]));
    causes.push_back(SuspectedCause(hints.back()));
  }
  if (view.format == "json") return ListJson(analysis, stats, hints, totals, view).dump(2) + "\n";
  const std::string heading = view.format == "csv" ? "table,row,column,value\n" : "";
  return StrCat(heading, ScopeHeading(reader.run().name(), view.scope, view.format),
                TableAs(StatsTable(stats, causes, &totals, view), view));
}

Result<std::string> ClusterProfileReport(const RunReader& reader, const HostTable& hosts,
                                         const Clustering& clustering, uint32_t cluster,
                                         const ClusterView& view) {
  HARK_ASSIGN_OR_RETURN(const KnownKeys known, ReadKnownKeys(view.known_keys));
  const Clustering only = OnlyCluster(clustering, cluster);
  HARK_ASSIGN_OR_RETURN(const ClusterDetail detail, ReadClusterDetail(reader, hosts, only, 0));
  HARK_ASSIGN_OR_RETURN(const ClusterProfile profile,
                        ReadClusterProfile(reader, hosts, only, 0, detail));
  HARK_ASSIGN_OR_RETURN(const std::vector<ClusterStats> stats, Stats(reader, hosts, only, view));
  HARK_ASSIGN_OR_RETURN(const std::vector<CauseFacts> facts,
                        ReadCauseFacts(reader, hosts, only, known));
  const std::vector<CauseHint> hints = CauseHints(facts[0]);
  if (view.format == "json") {
    Json out = Json::parse(ClusterAsJson(only.clusters[0], detail));
    AddProfile(out, profile);
    out["stats"] = ClusterStatsJson(stats[0]);
    out["causes"] = HintsJson(hints);
    out["scope"] = view.scope;
    out["trust"] = ViewTrustJson(view);
    return out.dump(2) + "\n";
  }
  std::string out = view.format == "csv" ? "table,row,column,value\n" : "";
  if (view.format == "markdown") out = StrCat("# cluster ", only.clusters[0].id, "\n\n");
  out += ScopeHeading(reader.run().name(), view.scope, view.format);
  if (view.format == "text") out += ClusterAsText(only.clusters[0], detail, view.colour) + "\n";
  const size_t names = view.format == "csv" ? profile.names.size() : kNamesShown;
  std::vector<Table> tables = {HintsTable(hints), StatsTable(stats, {}, nullptr, view),
                               LinksTable(profile), AsTable(profile), NamesTable(profile, names)};
  if (view.format != "text") {
    tables.push_back(ClusterKeysTable(detail));
    tables.push_back(ClusterMembersTable(detail));
  }
  for (const Table& table : tables) {
    // The hints say so when there are none; other tables without rows say nothing.
    if (!table.rows.empty() || table.name == "causes") out += TableAs(table, view);
  }
  return out;
}

}  // namespace hark
