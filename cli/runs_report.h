#pragma once

// hark report of several runs side by side, in every format a report has.

#include <string>
#include <vector>

#include "analysis/report.h"
#include "analysis/scope.h"
#include "base/status.h"
#include "storage/run_reader.h"

namespace hark {

// "A,B,C" -> its names; an empty one or one twice is kInvalidInput. One name or none: {that}.
Result<std::vector<std::string>> RunNames(const std::string& text);

// The whole reports of the named runs in a store, in that order, of the same part of each. Only one
// run's clusters are held at once.
Result<std::vector<RunReport>> AnalyseRuns(const std::string& db,
                                           const std::vector<std::string>& names,
                                           bool include_answers_all, const Scope& scope,
                                           const FactsOptions& facts);

// format: text, json, csv, markdown, latex or html. JSON: {"runs": [as hark report], "tables":
// [{name, title, columns, rows, total, notes}]}; CSV: run,table,row,column,value of each run's own
// tables. colour: for text on a terminal.
std::string RunsReport(const std::vector<RunReport>& runs, const std::string& format, bool colour);

// What the runs have found wrong, each with its run's name.
std::vector<std::string> ErrorsOf(const std::vector<RunReport>& runs);

}  // namespace hark
