#include "cli/local_workers.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>

#include "base/file.h"
#include "base/log.h"
#include "base/strings.h"
#include "cli/key_file.h"

extern char** environ;

namespace hark {
namespace {

// A worker that dies younger than this died of its start.
constexpr Duration kQuickDeath = std::chrono::seconds(2);
constexpr int kMaxQuickDeaths = 20;
constexpr Duration kFirstPause = std::chrono::milliseconds(50);
constexpr Duration kLongestPause = std::chrono::seconds(2);
// hark-worker's exit code for a configuration it cannot use: starting it again will not help.
constexpr int kBadConfigExit = 2;

std::string KeyPath(const std::string& directory) {
  return directory + "/secret.key";
}

// A worker whose key cannot be read is a new worker.
Result<KeyPair> LoadOrMakeKeys(const std::string& directory) {
  Result<KeyPair> keys = LoadKeyPair(KeyPath(directory));
  if (keys.ok()) return keys;
  HARK_RETURN_IF_ERROR(MakeDirectories(directory));
  return MakeKeyPair(KeyPath(directory));
}

}  // namespace

Result<LocalWorkers> LocalWorkers::Prepare(LocalWorkerOptions options) {
  LocalWorkers self;
  self.options_ = std::move(options);
  HARK_RETURN_IF_ERROR(MakeDirectories(self.options_.directory));
  for (size_t i = 1; i <= self.options_.count; ++i) {
    Worker& worker = self.workers_.emplace_back();
    worker.directory = StrCat(self.options_.directory, "/", i);
    HARK_ASSIGN_OR_RETURN(worker.keys, LoadOrMakeKeys(worker.directory));
    self.keys_.push_back(CurveKeyBytes(worker.keys.public_key));
    HARK_RETURN_IF_ERROR(self.WriteConfig(worker, i));
  }
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(self.options_.directory, error)) {
    const Result<KeyPair> keys = LoadKeyPair(KeyPath(entry.path()));
    if (keys.ok()) self.known_keys_.push_back(CurveKeyBytes(keys->public_key));
  }
  return self;
}

LocalWorkers::~LocalWorkers() {
  Kill();
}

Status LocalWorkers::WriteConfig(Worker& worker, size_t number) {
  const std::string config = StrCat(
      "# Written by hark scan for one of its own workers.\n", "coordinator = ", options_.endpoint,
      "\nserver_public_key = ", options_.server_public_key,
      "\npublic_key = ", worker.keys.public_key, "\nsecret_key = ", worker.keys.secret_key,
      "\nname = local-", number, "\nstate_dir = ", worker.directory,
      "/state\nmax_parallel = ", options_.concurrency, "\nthreads = ", options_.threads,
      "\ndiscover = ", options_.discover, "\n", BandwidthLine());
  return WriteFileAtomically(worker.directory + "/worker.conf", config, 0600);
}

std::string LocalWorkers::BandwidthLine() const {
  if (options_.bandwidth <= 0) return "";
  const double each = options_.bandwidth / static_cast<double>(options_.count);
  return StrCat("bandwidth = ", std::max<uint64_t>(1, static_cast<uint64_t>(each)), "\n");
}

Status LocalWorkers::Spawn(Worker& worker, MonoTime now) {
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  sigset_t none;
  sigemptyset(&none);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setpgroup(&attributes, 0);  // a Ctrl-C is ours to handle
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETPGROUP);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);

  std::string config = StrCat("--config=", worker.directory, "/worker.conf");
  std::string die = StrCat("--die_with_parent=", getpid());
  char* argv[] = {options_.binary.data(), config.data(), die.data(), nullptr};
  const int error =
      posix_spawn(&worker.pid, options_.binary.c_str(), &actions, &attributes, argv, environ);
  posix_spawn_file_actions_destroy(&actions);
  posix_spawnattr_destroy(&attributes);
  if (error != 0) {
    worker.pid = -1;
    return ErrnoStatus(StrCat("cannot start ", options_.binary), error);
  }
  worker.started = now;
  worker.seen = false;
  return Status::Ok();
}

Status LocalWorkers::Reap(Worker& worker, MonoTime now) {
  int how = 0;
  if (worker.pid < 0 || waitpid(worker.pid, &how, WNOHANG) != worker.pid) return Status::Ok();
  worker.pid = -1;
  if (draining_) return Status::Ok();
  if (WIFEXITED(how) && WEXITSTATUS(how) == kBadConfigExit) {
    return Internal(StrCat(options_.binary, " refuses its configuration"));
  }
  // Who was killed from outside, or had reached us, did not die of its start.
  const bool killed = WIFSIGNALED(how) && (WTERMSIG(how) == SIGKILL || WTERMSIG(how) == SIGTERM);
  const bool at_start = now - worker.started < kQuickDeath && !worker.seen;
  if (!killed) worker.quick_deaths = at_start ? worker.quick_deaths + 1 : 0;
  if (worker.quick_deaths >= kMaxQuickDeaths) {
    return Internal(StrCat(options_.binary, " keeps dying at its start"));
  }
  LogInfo("cli/workers", WIFSIGNALED(how) ? StrCat("a worker was ended by signal ", WTERMSIG(how))
                                          : StrCat("a worker left with ", WEXITSTATUS(how)));
  worker.start_at =
      now + std::min(kLongestPause, kFirstPause * (1 << std::min(worker.quick_deaths, 6)));
  return Status::Ok();
}

Status LocalWorkers::Supervise(MonoTime now) {
  for (Worker& worker : workers_) {
    HARK_RETURN_IF_ERROR(Reap(worker, now));
    if (worker.pid < 0 && !draining_ && worker.start_at <= now) {
      HARK_RETURN_IF_ERROR(Spawn(worker, now));
    }
  }
  return Status::Ok();
}

void LocalWorkers::Seen(const std::string& key) {
  for (size_t i = 0; i < workers_.size(); ++i) {
    if (keys_[i] == key) workers_[i].seen = true;
  }
}

void LocalWorkers::Drain() {
  draining_ = true;
  for (const Worker& worker : workers_) {
    if (worker.pid > 0) kill(worker.pid, SIGTERM);
  }
}

bool LocalWorkers::AnyRunning() {
  return std::any_of(workers_.begin(), workers_.end(), [](const Worker& w) { return w.pid > 0; });
}

void LocalWorkers::Kill() {
  for (Worker& worker : workers_) {
    if (worker.pid <= 0) continue;
    kill(worker.pid, SIGKILL);
    waitpid(worker.pid, nullptr, 0);
    worker.pid = -1;
  }
}

}  // namespace hark
