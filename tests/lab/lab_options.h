#pragma once

// The command line as a value, and the scenario it asks for.

#include <string>

#include "base/status.h"
#include "tests/lab/listeners.h"
#include "tests/lab/scenario.h"
#include "tests/lab/truth.h"

namespace hark::lab {

struct Options {
  bool help = false;
  std::string scenario_file;
  std::string paper;
  std::string sizes;
  uint64_t hosts = 0;
  uint64_t seed = 1;
  uint64_t addresses = 0;
  uint64_t local_only = 0;
  uint64_t no_crypto = 0;
  std::string country = "XX";
  std::string out;             // directory for geo.csv, targets.txt, scenario and the truth
  std::string write_scenario;  // file
  std::string key_cache;
  ListenMode listen_mode = ListenMode::kAuto;
  std::string ready_file;
  std::string penalty_log;  // file
  std::string stats_file;
  uint32_t threads = 1;
  bool serve = true;
  TruthOptions truth;
};

// argv without the program's name. One line for a mistake, kInvalidInput.
Result<Options> ParseCommandLine(int argc, char** argv);
std::string HelpText();

// Exactly one of --scenario, --paper, --sizes and --hosts makes it.
Result<Scenario> MakeScenario(const Options& options);

}  // namespace hark::lab
