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
#include <string>
#include <string_view>

#include "base/log.h"
#include "base/strings.h"
#include "worker/survey_policy.h"
#include "worker/worker.h"

DEFINE_string(config, "", "file of 'key = value' lines; flags of the same names win");
DEFINE_string(keygen, "", "write a new key pair to this file, print the public key, and leave");
DEFINE_int32(die_with_parent, 0, "be killed when this process, the parent, goes away");
DEFINE_string(coordinator, "", "tcp://host:port or ipc://path");
DEFINE_string(server_public_key, "", "the coordinator's public key (Z85)");
DEFINE_string(public_key, "", "own public key (Z85)");
DEFINE_string(key_file, "", "file with public_key and secret_key, as --keygen writes it");
DEFINE_string(name, "", "this worker's name for people; default the host's");
DEFINE_string(state_dir, "", "directory of the spool and the target sets");
DEFINE_string(max_parallel, "",
              "sockets open at once (default 1000); fewer when the limit of open files, "
              "raised at start, has no room for them");
DEFINE_string(threads, "", "threads that talk to hosts (default 1)");
DEFINE_string(max_pps, "", "connection attempts a second at most; 0 = what the coordinator says");
DEFINE_string(spool_quota_mb, "", "unacknowledged batches kept before probing stops (default 256)");
DEFINE_string(drain_seconds, "", "how long SIGTERM waits for hosts being visited (default 20)");
DEFINE_string(source_address, "", "local address to probe from: IPv4, IPv6, or both with a comma");
DEFINE_string(source_ports, "", "LO-HI: local ports to probe from");
DEFINE_string(contact, "", "URL or mail address shown to hosts when the run names none");
DEFINE_string(ehlo_name, "", "EHLO name when the run names none; default this machine's own");
DEFINE_string(log_level, "", "debug, info, warning (default) or error");

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
       {"coordinator", "server_public_key", "public_key", "key_file", "name", "state_dir",
        "max_parallel", "threads", "max_pps", "spool_quota_mb", "drain_seconds", "source_address",
        "source_ports", "contact", "ehlo_name", "log_level"}) {
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

Result<WorkerConfig> ReadConfig() {
  WorkerConfig config;
  if (!FLAGS_config.empty()) HARK_RETURN_IF_ERROR(LoadWorkerConfig(FLAGS_config, &config));
  HARK_RETURN_IF_ERROR(ApplyFlags(&config));
  HARK_RETURN_IF_ERROR(FinishWorkerConfig(&config));
  HARK_RETURN_IF_ERROR(ApplyLogLevel(config.log_level));
  return config;
}

int Keygen() {
  const auto key = WriteNewKeyFile(FLAGS_keygen);
  if (!key.ok()) return Fail(key.status());
  std::printf("%s\n", key->c_str());
  return kOk;
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

// glibc gives every thread a heap of its own that keeps what it once had. Ours and one for libzmq's
// threads are enough, and what thousands of conversations leave goes back to the system.
void BoundHeaps(uint32_t threads) {
  mallopt(M_ARENA_MAX, static_cast<int>(threads) + 1);
  mallopt(M_TRIM_THRESHOLD, 1 << 20);
}

int Main() {
  if (!FLAGS_keygen.empty()) return Keygen();
  if (FLAGS_die_with_parent != 0) DieWithParent(FLAGS_die_with_parent);
  const auto signals = CatchSignals();
  if (!signals.ok()) return Fail(signals.status());
  const auto config = ReadConfig();
  if (!config.ok()) return Fail(config.status());
  BoundHeaps(config->threads);
  const SystemClock clock;
  auto worker = Worker::Create(*config, MakeSurveyMakers(*config), clock);
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
      "  hark-worker --config=worker.conf\n"
      "  hark-worker --keygen=worker.key");
  gflags::SetVersionString(HARK_VERSION);
  const hark::Status known = hark::CheckFlagNames(argc, argv);
  if (!known.ok()) return hark::Fail(known);
  gflags::ParseCommandLineFlags(&argc, &argv, true);
  if (argc > 1) {
    std::fprintf(stderr, "hark-worker: unexpected argument '%s'\n", argv[1]);
    return 2;
  }
  return hark::Main();
}
