// hark-lab: see docs/lab.md.

#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>

#include "base/file.h"
#include "base/strings.h"
#include "tests/lab/internet.h"
#include "tests/lab/key_store.h"
#include "tests/lab/lab_options.h"
#include "tests/lab/server.h"

namespace hark::lab {
namespace {

// A file the operator named and we cannot write is the operator's to mend.
Status WriteNamedFile(const std::string& path, std::string_view content) {
  const Status status = WriteFileAtomically(path, content);
  return status.code() == StatusCode::kIo ? InvalidInput(status.message()) : status;
}

Status WriteSurveyFiles(const Options& options, const Scenario& scenario, const KeyStore& keys) {
  const auto key_id = [&](const std::string& name) {
    return Sha256Hex(keys.Find(name, scenario.key_types.at(name))->spki_der);
  };
  const Truth truth = WorkOutTruth(scenario, options.truth, key_id);
  const Status made = MakeDirectories(options.out);
  if (!made.ok()) return InvalidInput(made.message());
  const std::pair<const char*, std::string> files[] = {
      {"geo.csv", GeoCsv(scenario)},
      {"targets.txt", TargetsText(scenario)},
      {"scenario", FormatScenario(scenario)},
      {"truth-report.json", truth.report.dump(2) + "\n"},
      {"truth-clusters.json", truth.clusters.dump(2) + "\n"}};
  for (const auto& [name, content] : files) {
    HARK_RETURN_IF_ERROR(WriteNamedFile(StrCat(options.out, "/", name), content));
  }
  const size_t differ = truth.report["differs"].size();
  if (differ != 0) {
    std::fprintf(stderr,
                 "hark-lab: %zu services had SSLv3, which today's OpenSSL cannot serve; they serve "
                 "TLS 1.0 and are listed under \"differs\" in truth-report.json\n",
                 differ);
  }
  return Status::Ok();
}

Result<UniqueFd> StopSignals() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGINT);
  sigaddset(&set, SIGTERM);
  const int failed = ::pthread_sigmask(SIG_BLOCK, &set, nullptr);
  if (failed != 0) return ErrnoStatus("pthread_sigmask", failed);
  UniqueFd fd(::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
  if (!fd.valid()) return ErrnoStatus("signalfd", errno);
  return fd;
}

Status WriteReadyFile(const Options& options, const Scenario& scenario, size_t listeners,
                      bool wildcard) {
  if (options.ready_file.empty()) return Status::Ok();
  const nlohmann::ordered_json ready = {{"pid", ::getpid()},
                                        {"hosts", scenario.hosts.size()},
                                        {"listeners", listeners},
                                        {"listen_mode", wildcard ? "wildcard" : "bound"}};
  return WriteNamedFile(options.ready_file, ready.dump() + "\n");
}

// Each line is written as it happens: whoever watches the file sees it at once.
Doorman::Log PenaltyLog(const Options& options, const std::shared_ptr<std::FILE>& file) {
  if (options.penalty_log.empty()) return {};
  return [file](const std::string& line) {
    std::fprintf(file.get(), "%s\n", line.c_str());
    std::fflush(file.get());
  };
}

Result<std::shared_ptr<std::FILE>> OpenPenaltyLog(const Options& options) {
  if (options.penalty_log.empty()) return std::shared_ptr<std::FILE>();
  std::FILE* file = std::fopen(options.penalty_log.c_str(), "we");
  if (file == nullptr) return InvalidInput(ErrnoStatus(options.penalty_log, errno).message());
  return std::shared_ptr<std::FILE>(file, std::fclose);
}

Status WriteStats(const Options& options, const Counters& counters) {
  if (options.stats_file.empty()) return Status::Ok();
  nlohmann::ordered_json stats;
  for (const auto& [name, n] : counters.All()) stats[std::string(name)] = n;
  return WriteNamedFile(options.stats_file, stats.dump(2) + "\n");
}

Status Serve(const Options& options, const Scenario& scenario, const KeyStore& keys) {
  HARK_ASSIGN_OR_RETURN(const UniqueFd stop, StopSignals());
  HARK_ASSIGN_OR_RETURN(const std::unique_ptr<TlsContext> tls, TlsContext::Make());
  HARK_ASSIGN_OR_RETURN(const auto log, OpenPenaltyLog(options));
  const SystemClock clock;
  const Internet internet(scenario, keys, *tls, clock, PenaltyLog(options, log));
  HARK_ASSIGN_OR_RETURN(
      Listeners listeners,
      OpenListeners(options.listen_mode, internet.endpoints(), Targets(scenario).ranges()));
  const bool wildcard = listeners.wildcard;
  std::fprintf(stderr, "hark-lab: %s hosts, %s services on %s %s sockets; SIGINT ends it\n",
               WithThousands(scenario.hosts.size()).c_str(),
               WithThousands(internet.endpoints().size()).c_str(),
               WithThousands(listeners.sockets.size()).c_str(), wildcard ? "wildcard" : "bound");
  ServerOptions server_options;
  server_options.threads = options.threads;
  Server server(internet, std::move(listeners), server_options, clock);
  HARK_RETURN_IF_ERROR(WriteReadyFile(options, scenario, internet.endpoints().size(), wildcard));
  HARK_RETURN_IF_ERROR(server.Run(stop.get()));
  return WriteStats(options, internet.counters());
}

Status Run(const Options& options) {
  HARK_ASSIGN_OR_RETURN(const Scenario scenario, MakeScenario(options));
  KeyStore keys(options.key_cache);
  HARK_RETURN_IF_ERROR(keys.Prepare(scenario));
  if (keys.made() != 0) {
    std::fprintf(stderr, "hark-lab: made %s keys\n", WithThousands(keys.made()).c_str());
  }
  if (!options.write_scenario.empty()) {
    HARK_RETURN_IF_ERROR(WriteNamedFile(options.write_scenario, FormatScenario(scenario)));
  }
  if (!options.out.empty()) HARK_RETURN_IF_ERROR(WriteSurveyFiles(options, scenario, keys));
  return options.serve ? Serve(options, scenario, keys) : Status::Ok();
}

int Main(int argc, char** argv) {
  const Result<Options> options = ParseCommandLine(argc, argv);
  if (options.ok() && options->help) {
    std::fputs(HelpText().c_str(), stdout);
    return 0;
  }
  const Status status = options.ok() ? Run(*options) : options.status();
  if (status.ok()) return 0;
  std::fprintf(stderr, "hark-lab: %s\n", status.message().c_str());
  return status.code() == StatusCode::kInvalidInput ? 2 : 1;
}

}  // namespace
}  // namespace hark::lab

int main(int argc, char** argv) {
  return hark::lab::Main(argc, argv);
}
