#pragma once

// Records of surveys of the paper's kind, a host each, members "p22", "p25" and so on:
//
//   local     "p25": {"data": {...}} in zgrab's layout (FreshGrab.py), also of zgrab2 translated
//   into
//             it, or left as zgrab2 wrote it; or a text: why there is nothing
//   censys    "p25": {"smtp": {"starttls": {"banner", "tls"}}} of 2017, "autonomous_system",
//   "location" prints    "fprints": {"p25": 64 hex digits}: fingerprints.json and the cluster
//   files, without keys
//
// Every record is looked at by itself; a file may mix them. One a line, pretty-printed, with commas
// between, in an array: all the same.

#include <memory>
#include <string_view>
#include <vector>

#include "exchange/importer.h"

namespace hark {

int GuessSurveys(const std::vector<std::string_view>& first_lines);
int GuessCensys(const std::vector<std::string_view>& first_lines);
std::unique_ptr<LineImporter> MakeSurveysImporter(const ImportOptions& options);

}  // namespace hark
