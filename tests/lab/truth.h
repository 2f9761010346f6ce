#pragma once

// What a survey of a scenario must find, worked out by other means than the survey's: straight from
// the scenario, with keys identified by the SHA-256 of the SPKI OpenSSL itself encodes, and a
// union-find of its own. Field names are those of `hark report --format=json`.

#include <functional>
#include <nlohmann/json.hpp>
#include <set>
#include <string>

#include "tests/lab/scenario.h"

namespace hark::lab {

struct TruthOptions {
  uint16_t gate_port = 25;  // 0: every host with an accepting service is a listener
  std::set<uint16_t> ports = {22, 25, 110, 143, 443, 587, 993};
};

// Key name to the hex SHA-256 of its SubjectPublicKeyInfo.
using KeyIdOf = std::function<std::string(const std::string& name)>;

struct Truth {
  nlohmann::ordered_json report;    // truth-report.json
  nlohmann::ordered_json clusters;  // truth-clusters.json: [{size, members[], keys[]}]
};

// Clusters are sorted by size, largest first, then by first member; members by address (as a
// number); keys, by hex, are those on two or more members. Percentages are truncated, means and
// medians are not rounded.
Truth WorkOutTruth(const Scenario& scenario, const TruthOptions& options, const KeyIdOf& key_id);

// geo.csv: "prefix,country,asn", a /32 line for every host that differs from its prefix.
std::string GeoCsv(const Scenario& scenario);
// targets.txt: one prefix a line.
std::string TargetsText(const Scenario& scenario);

}  // namespace hark::lab
