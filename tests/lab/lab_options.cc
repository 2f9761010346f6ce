#include "tests/lab/lab_options.h"

#include <gflags/gflags.h>

#include "base/file.h"
#include "base/strings.h"
#include "tests/lab/generators.h"
#include "tests/lab/key_store.h"

DEFINE_string(scenario, "", "serve the scenario in this file (- is stdin)");
DEFINE_string(paper, "", "serve a run of the paper: NA-20180430");
DEFINE_string(sizes, "", "serve clusters of these sizes: '2*18 3*9 4 5 8'");
DEFINE_uint64(hosts, 0, "serve a random country of so many hosts");
DEFINE_uint64(seed, 1, "of --hosts and --sizes: another seed, another country");
DEFINE_uint64(addresses, 0, "of --hosts and --sizes: target addresses in all; 0: four per host");
DEFINE_uint64(local_only, 0, "with --sizes: hosts whose keys nobody else has");
DEFINE_uint64(no_crypto, 0, "with --sizes: hosts without any key");
DEFINE_string(country, "XX", "of --hosts and --sizes: two capital letters");
DEFINE_string(out, "", "write geo.csv, targets.txt, scenario and the truth into this directory");
DEFINE_string(write_scenario, "", "write the scenario to this file");
DEFINE_string(key_cache, "", "where keys are kept; default ~/.cache/hark-lab, \"none\": nowhere");
DEFINE_string(listen_mode, "auto", "wildcard, bound or auto (docs/lab.md)");
DEFINE_string(ready_file, "", "written (JSON) once every listener is up");
DEFINE_string(penalty_log, "", "one line for every penalty given and every client refused");
DEFINE_string(stats_file, "", "written (JSON) at the end: what was accepted, shaken, refused");
DEFINE_uint32(threads, 1, "threads that serve, 1 to 64");
DEFINE_bool(serve, true, "--noserve: write the files and end");
DEFINE_uint32(gate_port, 25, "the truth's gate port; 0: any of --ports");
DEFINE_string(ports, "22,25,110,143,443,587,993", "ports the truth looks at");

namespace hark::lab {
namespace {

constexpr uint32_t kMaxThreads = 64;

constexpr const char* kFlags[] = {"scenario",    "paper",      "sizes",          "hosts",
                                  "seed",        "addresses",  "local_only",     "no_crypto",
                                  "country",     "out",        "write_scenario", "key_cache",
                                  "listen_mode", "ready_file", "penalty_log",    "stats_file",
                                  "threads",     "serve",      "gate_port",      "ports"};

bool IsOurs(const std::string& name) {
  for (const char* flag : kFlags) {
    if (name == flag) return true;
  }
  return false;
}

// gflags' own parser ends the program with status 1 and several lines; a mistake here is one line.
Status SetFlag(const std::string& name, const std::string& value) {
  if (!IsOurs(name)) return InvalidInput(StrCat("unknown flag --", name, "; see --help"));
  if (!gflags::SetCommandLineOption(name.c_str(), value.c_str()).empty()) return Status::Ok();
  return InvalidInput(StrCat("--", name, "=", value, ": not a ",
                             gflags::GetCommandLineFlagInfoOrDie(name.c_str()).type));
}

// Sets --name=value, --name value, --name and --noname of a boolean. i moves past what it used.
Status ReadFlag(int argc, char** argv, int* i) {
  std::string name = argv[*i];
  if (name.size() < 2 || name[0] != '-') {
    return InvalidInput(StrCat("\"", name, "\" is not a flag; see --help"));
  }
  name.erase(0, name[1] == '-' ? 2 : 1);
  const size_t equals = name.find('=');
  if (equals != std::string::npos) {
    return SetFlag(name.substr(0, equals), name.substr(equals + 1));
  }
  if (name == "serve" || name == "noserve") return SetFlag("serve", name == "serve" ? "1" : "0");
  if (!IsOurs(name)) return SetFlag(name, "");
  if (*i + 1 == argc) return InvalidInput(StrCat("--", name, " wants a value"));
  return SetFlag(name, argv[++*i]);
}

Status ReadPorts(TruthOptions& truth) {
  truth.ports.clear();
  if (FLAGS_gate_port > 65535) {
    return InvalidInput(StrCat("--gate_port=", FLAGS_gate_port, " is not from 0 to 65535"));
  }
  truth.gate_port = static_cast<uint16_t>(FLAGS_gate_port);
  for (std::string_view word : Split(FLAGS_ports, ',')) {
    const auto port = ParseUint(Trim(word));
    if (!port.has_value() || *port < 1 || *port > 65535) {
      return InvalidInput(StrCat("--ports: \"", word, "\" is not a port from 1 to 65535"));
    }
    truth.ports.insert(static_cast<uint16_t>(*port));
  }
  return Status::Ok();
}

Status FillIn(Options& options) {
  options.scenario_file = FLAGS_scenario;
  options.paper = FLAGS_paper;
  options.sizes = FLAGS_sizes;
  options.hosts = FLAGS_hosts;
  options.seed = FLAGS_seed;
  options.addresses = FLAGS_addresses;
  options.local_only = FLAGS_local_only;
  options.no_crypto = FLAGS_no_crypto;
  options.country = FLAGS_country;
  options.out = FLAGS_out;
  options.write_scenario = FLAGS_write_scenario;
  options.key_cache = FLAGS_key_cache.empty() ? DefaultKeyCache() : FLAGS_key_cache;
  if (options.key_cache == "none") options.key_cache.clear();
  options.ready_file = FLAGS_ready_file;
  options.serve = FLAGS_serve;
  options.penalty_log = FLAGS_penalty_log;
  options.stats_file = FLAGS_stats_file;
  options.threads = FLAGS_threads;
  if (options.threads < 1 || options.threads > kMaxThreads) {
    return InvalidInput(StrCat("--threads=", options.threads, " is not from 1 to ", kMaxThreads));
  }
  const auto mode = ParseListenMode(FLAGS_listen_mode);
  if (!mode.has_value()) {
    return InvalidInput(
        StrCat("--listen_mode=", FLAGS_listen_mode, " is none of auto, wildcard, bound"));
  }
  options.listen_mode = *mode;
  const std::string& cc = options.country;
  if (cc.size() != 2 || cc[0] < 'A' || cc[0] > 'Z' || cc[1] < 'A' || cc[1] > 'Z') {
    return InvalidInput(StrCat("--country=", cc, " is not two capital letters"));
  }
  const int sources = (options.scenario_file.empty() ? 0 : 1) + (options.paper.empty() ? 0 : 1) +
                      (options.sizes.empty() ? 0 : 1) + (options.hosts == 0 ? 0 : 1);
  if (sources != 1) {
    return InvalidInput(
        "say one of --scenario=FILE, --paper=NA-20180430, --sizes=..., --hosts=N; "
        "see --help");
  }
  return ReadPorts(options.truth);
}

}  // namespace

Result<Options> ParseCommandLine(int argc, char** argv) {
  Options options;
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    if (word == "--help" || word == "-h" || word == "-help") {
      options.help = true;
      return options;
    }
    HARK_RETURN_IF_ERROR(ReadFlag(argc, argv, &i));
  }
  HARK_RETURN_IF_ERROR(FillIn(options));
  return options;
}

std::string HelpText() {
  std::string out =
      "hark-lab: an Internet in a box. One process plays tens of thousands of SSH, mail and web\n"
      "hosts on addresses of this machine, and writes down what a survey of them must find.\n\n"
      "  hark-lab --paper=NA-20180430 --out=out/lab        Namibia as the paper saw it\n"
      "  hark-lab --hosts=20000 --seed=7 --out=out/lab     a random country\n"
      "  hark-lab --sizes='2*18 3*9 4 5 8' --local_only=299 --no_crypto=172 --out=out/lab\n"
      "  hark-lab --scenario=tests/lab/scenarios/five-hosts.scenario --out=out/lab\n"
      "  tests/lab/in-namespace.sh hark-lab ...            in a network of its own, no root\n\n"
      "Ends with status 0 on SIGINT or SIGTERM, 2 when asked for something that cannot be.\n\n";
  for (const char* flag : kFlags) {
    const gflags::CommandLineFlagInfo info = gflags::GetCommandLineFlagInfoOrDie(flag);
    out += StrCat("  --", info.name, std::string(16 - std::min<size_t>(15, info.name.size()), ' '),
                  info.description);
    if (!info.default_value.empty()) out += StrCat(" (", info.default_value, ")");
    out += '\n';
  }
  return out;
}

Result<Scenario> MakeScenario(const Options& options) {
  if (!options.paper.empty()) return PaperScenario(options.paper);
  if (!options.sizes.empty()) {
    return SizesScenario({options.sizes, options.country, options.local_only, options.no_crypto,
                          options.addresses, options.seed});
  }
  if (options.hosts != 0) {
    return CountryScenario({options.hosts, options.seed, options.country, options.addresses});
  }
  HARK_ASSIGN_OR_RETURN(const std::string text, ReadFile(options.scenario_file));
  return ParseScenario(text, options.scenario_file);
}

}  // namespace hark::lab
