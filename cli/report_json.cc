#include "cli/report_json.h"

#include <cmath>
#include <nlohmann/json.hpp>

#include "base/ssh_port.h"
#include "cli/facts_json.h"
#include "cli/geo_json.h"
#include "cli/render_text.h"
#include "cli/risk_json.h"
#include "cli/stats_json.h"

namespace hark {
namespace {

using Json = nlohmann::ordered_json;

// null for a time that has not come.
Json Time(int64_t unix_ms) {
  return unix_ms == 0 ? Json(nullptr) : Json(FormatUtc(unix_ms));
}

// 4, not 4.0: medians of whole sizes are whole or a half.
Json Decimal(double value) {
  const auto whole = static_cast<int64_t>(value);
  return static_cast<double>(whole) == value ? Json(whole) : Json(value);
}

Json LedgerJson(const Ledger& ledger) {
  return {{"planned", ledger.planned},
          {"probed", ledger.probed()},
          {"silent", ledger.silent},
          {"refused", ledger.refused},
          {"unreachable", ledger.unreachable},
          {"answered", ledger.answered},
          {"throttled", ledger.throttled},
          {"failed", ledger.failed},
          {"excluded_late", ledger.excluded_late},
          {"pending", ledger.pending}};
}

Json CoverageJson(const Coverage& coverage) {
  Json out = LedgerJson(coverage.plan);
  out["excluded"] = coverage.excluded;
  out["sums_to_plan"] = coverage.sums_to_plan;
  if (coverage.rechecked > 0) {
    out["rechecked"] = coverage.rechecked;
    out["found_again"] = coverage.found_again;
    out["lost_estimate"] = std::round(coverage.lost());
  }
  out["grabs"] = LedgerJson(coverage.grabs);
  out["grabs"]["purged"] = coverage.grabs.purged;
  out["purged"] = coverage.plan.purged;
  out["excluded_by"] = {{"special", coverage.excluded_special},
                        {"listed", coverage.excluded_listed},
                        {"opted_out", coverage.excluded_opted_out}};
  return out;
}

Json MultihomedJson(const MultihomedCounts& counts, uint64_t clusters) {
  const auto percent = [&](uint64_t n) { return Share{n, clusters}.percent_truncated(); };
  return {{"mixed", counts.mixed},
          {"as", counts.several_as},
          {"multikey", counts.multikey},
          {"non_mh", counts.not_multihomed},
          {"possible_mh", counts.possible},
          {"no_info", counts.no_info},
          {"non_mh_pct", percent(counts.not_multihomed)},
          {"possible_mh_pct", percent(counts.possible)},
          {"no_info_pct", percent(counts.no_info)}};
}

void AddShare(Json& out, const std::string& name, const Share& share) {
  out[name + "_pct"] = share.percent_truncated();
  out[name + "_ratio"] = share.ratio();
}

void AddRun(Json& out, const RunReport& report) {
  out["run"] = report.run;
  out["country"] = report.country;
  out["state"] = report.done ? "done" : "open";
  out["started"] = Time(report.started_unix_ms);
  out["finished"] = Time(report.finished_unix_ms);
  out["targets"] = report.coverage.plan.planned;
  out["probed"] = report.coverage.plan.probed();
}

void AddMeasures(Json& out, const RunReport& report) {
  out["listeners"] = report.listeners;
  out["out_of_country"] = report.out_of_country;
  if (report.answers_all > 0) {
    out["answers_all"] = report.answers_all;
    out["answers_all_included"] = report.answers_all_included;
  }
  out["in_country"] = report.in_country;
  out["country_unknown"] = report.country_unknown;
  out["no_crypto"] = report.no_crypto;
  out["crypto"] = report.crypto;
  AddShare(out, "crypto", report.crypto_share());
  out["host_ports"] = report.host_ports;
  out["unique_keys"] = report.unique_keys;
  AddShare(out, "keys", report.keys_share());
  out["local_only"] = report.local_only;
  out["clustered"] = report.clustered;
  AddShare(out, "hark", report.hark());
}

void AddSizes(Json& out, const ClusterSizes& sizes) {
  out["clusters"] = sizes.clusters;
  out["max_cluster"] = sizes.largest;
  out["paper_median"] = Decimal(sizes.paper_median);
  out["paper_average"] = Decimal(sizes.paper_average);
  out["median_cluster"] = Decimal(sizes.median);
  out["mean_cluster"] = Decimal(sizes.mean);
  Json& histogram = out["cluster_sizes"] = Json::object();
  for (const auto& [size, clusters] : sizes.clusters_of_size) {
    histogram[std::to_string(size)] = clusters;
  }
}

void AddPorts(Json& out, const RunReport& report) {
  Json ports = Json::object();
  Json tls_versions = Json::object();
  Json outcomes = Json::object();
  for (const auto& [number, counts] : report.ports) {
    const std::string port = std::to_string(number);
    ports[port] = counts.host_ports;
    if (!IsSshPort(number)) tls_versions[port] = Json(counts.tls_versions);
    Json& of_port = outcomes[port] = Json::object();
    for (const auto& [outcome, n] : counts.outcomes) of_port[std::string(OutcomeName(outcome))] = n;
  }
  out["ports"] = std::move(ports);
  out["tls_versions"] = std::move(tls_versions);
  out["ssh_versions"] = Json(report.ssh_versions);
  out["multihomed"] = MultihomedJson(report.multihomed, report.sizes.clusters);
  out["outcomes"] = std::move(outcomes);
}

}  // namespace

std::string ReportAsJson(const RunReport& report) {
  Json out = Json::object();
  AddRun(out, report);
  AddMeasures(out, report);
  AddSizes(out, report.sizes);
  AddPorts(out, report);
  out["coverage"] = CoverageJson(report.coverage);
  out["most_reused"] = nullptr;
  if (report.most_reused.hosts > 0) {
    out["most_reused"] = {{"key", report.most_reused.key.ToHex()},
                          {"host_ports", report.most_reused.host_ports},
                          {"hosts", report.most_reused.hosts}};
  }
  out["errors"] = report.errors;
  out["exclusions_version"] = report.exclusions_version;
  out["country_check"] = {{"in", report.known_in_country()},
                          {"out", report.out_of_country},
                          {"unknown", report.country_unknown}};
  out["geo_sources"] = GeoSourcesJson(report.geo_sources);
  AddKeyReuse(out, report.reuse);
  if (report.facts) AddFactsJson(*report.facts, &out);
  out["hark_variants"] = HarkVariantsJson(report.reuse.risk);
  out["risk"] = RiskJson(report);
  out["scope"] = report.scope;
  if (report.facts) AddHarkKindsJson(report.facts->kind_reuse, &out);
  // Names of runs are the operator's, and may hold any byte.
  return out.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace hark
