#pragma once

// One run as the numbers of the paper's result section: values only, rendering is elsewhere. Every
// number is defined here; docs/formats/report.md says the same for readers of the JSON.
//
// A *host* is an address that was grabbed. Hosts known to be outside the run's country are counted
// in out_of_country and in outcomes, and nowhere else. Works on a run that is still going on: what
// is there is what counts.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "analysis/cluster_sizes.h"
#include "analysis/clusters.h"
#include "analysis/coverage.h"
#include "analysis/host_table.h"
#include "analysis/key_reuse.h"
#include "analysis/multihomed.h"
#include "analysis/run_facts.h"
#include "base/outcome.h"
#include "base/status.h"
#include "storage/run_reader.h"

namespace hark {

// A part of a whole. The paper prints truncated integer percentages.
struct Share {
  uint64_t part = 0;
  uint64_t whole = 0;

  uint64_t percent_truncated() const { return whole == 0 ? 0 : 100 * part / whole; }
  double ratio() const {
    return whole == 0 ? 0 : static_cast<double>(part) / static_cast<double>(whole);
  }
};

// What was seen on one port, over the hosts that take part (outcomes: over all).
struct PortCounts {
  uint64_t host_ports = 0;                       // hosts with a key on it
  std::map<std::string, uint64_t> tls_versions;  // "SSLv3", "TLSv1.0" … of those with a key
  std::map<Outcome, uint64_t> outcomes;
};

struct RunReport {
  std::string run;
  std::string country;  // "" for a list
  bool done = false;
  int64_t started_unix_ms = 0;
  int64_t finished_unix_ms = 0;  // 0 while it goes on
  uint32_t gate_port = 0;
  uint64_t exclusions_version = 0;            // of the opt-outs it was planned with
  std::vector<proto::GeoSource> geo_sources;  // what the countries and ASes come from

  uint64_t listeners = 0;  // grabbed hosts; without a gate, those that accepted a connection
  uint64_t out_of_country = 0;
  uint64_t country_unknown = 0;       // part of in_country
  uint64_t answers_all = 0;           // in country, tagged so: apart from the rest
  bool answers_all_included = false;  // they are part of in_country all the same
  uint64_t in_country = 0;            // listeners - out_of_country - answers_all
  uint64_t known_in_country() const { return in_country - country_unknown; }
  uint64_t no_crypto = 0;   // in country, no key on any port
  uint64_t crypto = 0;      // in country, a key on some port
  uint64_t host_ports = 0;  // (host, port) with a key
  uint64_t unique_keys = 0;
  uint64_t local_only = 0;  // crypto hosts in no cluster
  uint64_t clustered = 0;
  ClusterSizes sizes;
  MultihomedCounts multihomed;
  KeyCount most_reused;
  KeyReuse reuse;

  std::map<uint16_t, PortCounts> ports;          // the run's ports, and any other seen
  std::map<std::string, uint64_t> ssh_versions;  // "2.0", "1.99" … of host/ports with a key
  Coverage coverage;
  // What part of the run this is (ScopeWords), none = all of it; set by whoever chose it. The
  // coverage is that of the whole run all the same.
  std::vector<std::string> scope;
  std::optional<RunFacts> facts;  // if asked for
  // Everything that does not add up: the report is shown, and the command fails.
  std::vector<std::string> errors;

  Share crypto_share() const { return {crypto, in_country}; }
  Share keys_share() const { return {unique_keys, host_ports}; }
  Share hark() const { return {clustered, crypto}; }
};

// A run with what its report was made of.
struct RunAnalysis {
  HostTable hosts;
  Clustering clustering;
  RunReport report;
};

// include_answers_all: hosts that answer on every port take part like others. facts: what to read
// certificates with; nullptr = they are not read.
Result<RunAnalysis> AnalyseRun(const RunReader& reader, bool include_answers_all = false,
                               const FactsOptions* facts = nullptr);

// "TLSv1.2" for 0x0303; "other" for what no RFC names.
std::string TlsVersionName(uint32_t wire_version);
// "2.0" of "SSH-2.0-x" (RFC 4253 §4.2). A stranger wrote it, so what is not a short number is
// "other": no table grows with what peers invent.
std::string SshVersionName(std::string_view identification);

}  // namespace hark
