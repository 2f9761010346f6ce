// hark-worker: takes jobs from a coordinator, probes, reports. No database; everything it keeps is
// in --state_dir.

#include <gflags/gflags.h>
#include <malloc.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/log.h"
#include "base/strings.h"
#include "worker/discovery.h"
#include "worker/enrolment.h"
#include "worker/outbound_mail.h"
#include "worker/preflight.h"
#include "worker/survey_policy.h"
#include "worker/worker.h"

DEFINE_string(config, "", "file of 'key = value' lines; flags of the same names win");
DEFINE_string(keygen, "", "write a new key pair to this file, print the public key, and leave");
DEFINE_int32(die_with_parent, 0, "be killed when this process, the parent, goes away");
DEFINE_string(coordinator, "", "tcp://host:port or ipc://path");
DEFINE_string(server_public_key, "", "the coordinator's public key (Z85)");
DEFINE_string(public_key, "", "own public key (Z85)");
DEFINE_string(key_file, "", "file with public_key and secret_key, as --keygen writes it");
DEFINE_string(join, "",
              "token of hark fleet invite; better in a file or in the environment, HARK_JOIN: "
              "every user of this machine sees a command line");
DEFINE_string(join_file, "", "file with the token, 0600; - is stdin");
DEFINE_string(name, "", "this worker's name for people; default the host's");
DEFINE_string(state_dir, "",
              "directory of the spool, the target sets and, with a token, the identity");
DEFINE_string(max_parallel, "",
              "sockets open at once (default 1000); fewer when the limit of open files, "
              "raised at start, has no room for them");
DEFINE_string(threads, "", "threads that talk to hosts (default 1)");
DEFINE_string(max_pps, "", "connection attempts a second at most; 0 = what the coordinator says");
DEFINE_string(spool_quota_mb, "", "unacknowledged batches kept before probing stops (default 256)");
DEFINE_string(drain_seconds, "", "how long SIGTERM waits for hosts being visited (default 20)");
DEFINE_string(source_address, "", "local address to probe from: IPv4, IPv6, or both with a comma");
DEFINE_string(source_ports, "", "LO-HI: local ports to probe from");
DEFINE_string(discover, "",
              "how listeners are looked for: syn (raw sockets, CAP_NET_RAW), connect, or auto "
              "(default): syn where it is permitted");
DEFINE_string(bandwidth, "", "bits a second sent at most, as 10M; default no ceiling");
DEFINE_string(interface, "", "by which SYNs leave; default as the routes say");
DEFINE_string(syn_ports, "", "LO-HI: local ports SYNs leave from, held for as long as it runs");
DEFINE_string(region, "", "where it stands, e.g. eu-west: runs can be limited by it");
DEFINE_string(provider, "", "whose machine it is: runs can be limited by it");
DEFINE_string(check_25, "",
              "ADDRESS:PORT of a mail server of yours: is port 25 open on the way out?");
DEFINE_bool(preflight, false, "print what this machine has and lacks for the work, and leave");
DEFINE_string(
    selftest, "",
    "HOST[:PORT], a mail server of yours: --preflight, and whether it hears us on port 25 "
    "and takes our EHLO name");
DEFINE_string(contact, "", "URL or mail address shown to hosts when the run names none");
DEFINE_string(ehlo_name, "", "EHLO name when the run names none; default this machine's own");
DEFINE_string(log_level, "", "debug, info, warning (default) or error");
DEFINE_string(log_format, "", "text (default) or json");

namespace hark {
namespace {

constexpr int kOk = 0;
constexpr int kFailed = 1;
constexpr int kBadInput = 2;
constexpr int kInterrupted = 130;

int Fail(const Status& status) {
  std::fprintf(stderr, "hark-worker: %s\n", status.message().c_str());
  switch (status.code()) {
    case StatusCode::kInvalidInput:
      return kBadInput;
    case StatusCode::kInterrupted:
      return kInterrupted;
    case StatusCode::kOk:
    case StatusCode::kNotFound:
    case StatusCode::kIo:
    case StatusCode::kDiskFull:
    case StatusCode::kCorruption:
    case StatusCode::kUnavailable:
    case StatusCode::kInternal:
      break;
  }
  return kFailed;
}

Status ApplyFlags(WorkerConfig* config) {
  for (const char* name :
       {"coordinator",    "server_public_key", "public_key",     "key_file",     "join_file",
        "name",           "state_dir",         "max_parallel",   "threads",      "max_pps",
        "spool_quota_mb", "drain_seconds",     "source_address", "source_ports", "region",
        "provider",       "check_25",          "discover",       "bandwidth",    "interface",
        "syn_ports",      "contact",           "ehlo_name",      "log_level",    "log_format"}) {
    gflags::CommandLineFlagInfo flag;
    gflags::GetCommandLineFlagInfo(name, &flag);
    if (flag.is_default) continue;
    HARK_RETURN_IF_ERROR(
        SetWorkerConfig(name, flag.current_value, config).Prepend(StrCat("--", name)));
  }
  return Status::Ok();
}

Status ApplyLogLevel(const std::string& level) {
  if (level == "debug") {
    SetLogLevel(LogLevel::kDebug);
  } else if (level == "info") {
    SetLogLevel(LogLevel::kInfo);
  } else if (level == "warning") {
    SetLogLevel(LogLevel::kWarning);
  } else if (level == "error") {
    SetLogLevel(LogLevel::kError);
  } else {
    return InvalidInput("log_level is not one of debug, info, warning, error");
  }
  return Status::Ok();
}

// Who we are, when the configuration does not say: by the token, or by what came of it earlier.
Status FindIdentity(int signal_fd, const Clock& clock, WorkerConfig* config) {
  const char* const variable = std::getenv("HARK_JOIN");
  // Keys that are configured win: a scan's own workers inherit its environment.
  const bool has_keys = !config->key_file.empty() || !config->public_key.empty();
  const std::string environment = variable == nullptr || has_keys ? "" : variable;
  HARK_ASSIGN_OR_RETURN(const std::optional<JoinToken> token,
                        FindJoinToken(FLAGS_join, environment, *config));
  if (!FLAGS_join.empty()) {
    std::fprintf(stderr,
                 "hark-worker: the token stood on the command line, where other users could read "
                 "it; --join_file=FILE and HARK_JOIN keep it to you\n");
  }
  if (!token && !HasIdentity(*config)) return Status::Ok();
  return Enrol(token, signal_fd, clock, config);
}

Result<WorkerConfig> ReadFileAndFlags() {
  WorkerConfig config;
  if (!FLAGS_config.empty()) HARK_RETURN_IF_ERROR(LoadWorkerConfig(FLAGS_config, &config));
  HARK_RETURN_IF_ERROR(ApplyFlags(&config));
  return config;
}

Result<WorkerConfig> ReadConfig(int signal_fd, const Clock& clock) {
  HARK_ASSIGN_OR_RETURN(WorkerConfig config, ReadFileAndFlags());
  HARK_RETURN_IF_ERROR(FindIdentity(signal_fd, clock, &config));
  HARK_RETURN_IF_ERROR(FinishWorkerConfig(&config));
  HARK_RETURN_IF_ERROR(ApplyLogLevel(config.log_level));
  HARK_RETURN_IF_ERROR(SetLogFormat(config.log_format));
  return config;
}

int Keygen() {
  const auto key = WriteNewKeyFile(FLAGS_keygen);
  if (!key.ok()) return Fail(key.status());
  std::printf("%s\n", key->c_str());
  return kOk;
}

// Without an identity: before a worker joins is when one wants to know.
int RunPreflight() {
  const auto config = ReadFileAndFlags();
  if (!config.ok()) return Fail(config.status());
  const Status sane = CheckOwnWords(*config);
  if (!sane.ok()) return Fail(sane);
  const MachineFacts facts = FindMachineFacts(*config);
  proto::Capabilities found = Judge(facts, *config);
  if (!FLAGS_selftest.empty()) {
    const auto host = FindSelfTestHost(FLAGS_selftest, *NewSystemNameResolver());
    if (!host.ok()) return Fail(host.status());
    for (auto& line : TestMail(*host, facts.ehlo.name, *config)) *found.add_preflight() = line;
  }
  for (const proto::Preflight& line : found.preflight()) {
    std::printf("%s\n", PreflightLine(line).c_str());
  }
  return IsFit(found) ? kOk : kFailed;
}

// SIGKILL, not a drain: without its parent nobody would take what a drain hands over, and the next
// parent's worker wants the same spool.
// parent: as it told us. getppid() may already be somebody else's by the time we ask.
void DieWithParent(pid_t parent) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) std::raise(SIGKILL);  // it went before we asked
}

// Before any thread is there: libzmq's inherit the mask, so that signals wait for signalfd.
Result<UniqueFd> CatchSignals() {
  std::signal(SIGPIPE, SIG_IGN);
  sigset_t caught;
  sigemptyset(&caught);
  sigaddset(&caught, SIGTERM);
  sigaddset(&caught, SIGINT);
  pthread_sigmask(SIG_BLOCK, &caught, nullptr);
  UniqueFd fd(signalfd(-1, &caught, SFD_NONBLOCK | SFD_CLOEXEC));
  if (!fd.valid()) return ErrnoStatus("signalfd", errno);
  return fd;
}

// gflags ends the program with 1 for a flag it does not know; for us that is the operator's input.
Status CheckFlagNames(int argc, char** argv) {
  for (int i = 1; i < argc; ++i) {
    std::string_view name = argv[i];
    if (name.substr(0, 1) != "-") continue;
    name.remove_prefix(std::min(name.find_first_not_of('-'), name.size()));
    const std::string known(name.substr(0, name.find('=')));
    gflags::CommandLineFlagInfo flag;
    const bool ok =
        gflags::GetCommandLineFlagInfo(known.c_str(), &flag) ||
        (known.rfind("no", 0) == 0 && gflags::GetCommandLineFlagInfo(known.c_str() + 2, &flag));
    if (!ok) return InvalidInput(StrCat("unknown flag '", argv[i], "'; --help names them"));
    // The value of "--name value" is no flag.
    if (name.find('=') == std::string_view::npos && flag.type != "bool") ++i;
  }
  return Status::Ok();
}

// Out of the process list; whoever looked in the meantime has seen it.
// arguments: argv as it was before gflags moved its pointers.
void HideToken(const std::vector<char*>& arguments) {
  bool is_value = false;
  for (char* const argument : arguments) {
    const std::string_view text = argument;
    const size_t dashes = std::min(text.find_first_not_of('-'), text.size());
    const bool inline_value = dashes > 0 && text.substr(dashes).starts_with("join=");
    if (inline_value) std::fill(argument + dashes + 5, argument + text.size(), 'x');
    if (is_value) std::fill(argument, argument + text.size(), 'x');
    is_value = dashes > 0 && text.substr(dashes) == "join";
  }
}

// glibc gives every thread a heap of its own that keeps what it once had. Ours and one for libzmq's
// threads are enough, and what thousands of conversations leave goes back to the system.
void BoundHeaps(uint32_t threads) {
  mallopt(M_ARENA_MAX, static_cast<int>(threads) + 1);
  mallopt(M_TRIM_THRESHOLD, 1 << 20);
}

int Main() {
  if (!FLAGS_keygen.empty()) return Keygen();
  if (FLAGS_preflight || !FLAGS_selftest.empty()) return RunPreflight();
  if (FLAGS_die_with_parent != 0) DieWithParent(FLAGS_die_with_parent);
  const auto signals = CatchSignals();
  if (!signals.ok()) return Fail(signals.status());
  const SystemClock clock;
  const auto config = ReadConfig(signals->get(), clock);
  if (!config.ok()) return Fail(config.status());
  BoundHeaps(config->threads);
  auto channel = OpenDiscovery(*config);
  if (!channel.ok()) return Fail(channel.status());
  auto worker = Worker::Create(*config, MakeSurveyMakers(*config), clock, std::move(*channel));
  if (!worker.ok()) return Fail(worker.status());
  const Status ran = (*worker)->Run(signals->get());
  if (ran.code() == StatusCode::kInterrupted) _exit(kInterrupted);  // at once means at once
  return ran.ok() ? kOk : Fail(ran);
}

}  // namespace
}  // namespace hark

int main(int argc, char** argv) {
  gflags::SetUsageMessage(
      "takes jobs from a hark coordinator, probes, reports\n"
      "  hark-worker --join_file=token          (what hark fleet invite printed)\n"
      "  hark-worker --config=worker.conf\n"
      "  hark-worker --keygen=worker.key\n"
      "  hark-worker --config=worker.conf --preflight\n"
      "  hark-worker --config=worker.conf --selftest=mail.example.org");
  gflags::SetVersionString(HARK_VERSION);
  const hark::Status known = hark::CheckFlagNames(argc, argv);
  if (!known.ok()) return hark::Fail(known);
  const std::vector<char*> arguments(argv, argv + argc);
  gflags::ParseCommandLineFlags(&argc, &argv, true);
  hark::HideToken(arguments);
  if (argc > 1) {
    std::fprintf(stderr, "hark-worker: unexpected argument '%s'\n", argv[1]);
    return 2;
  }
  return hark::Main();
}
