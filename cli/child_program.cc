#include "cli/child_program.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "base/strings.h"

extern char** environ;

namespace hark {
namespace {

constexpr size_t kPiece = 64 << 10;

class OwnedFd {
 public:
  explicit OwnedFd(int fd = -1) : fd_(fd) {}
  ~OwnedFd() {
    if (fd_ >= 0) close(fd_);
  }
  OwnedFd(const OwnedFd&) = delete;
  OwnedFd& operator=(const OwnedFd&) = delete;
  int get() const { return fd_; }

 private:
  int fd_;
};

void Limit(pid_t pid, int resource, uint64_t value) {
  const rlimit limit = {value, value};
  // A child that is gone already needs no limit.
  prlimit(pid, static_cast<__rlimit_resource>(resource), &limit, nullptr);
}

// A child in a process group of its own: what it started ends with it.
class Child {
 public:
  ~Child() { Kill(); }

  // Its stdin and stdout are `end`.
  Status Spawn(std::vector<std::string> argv, int end, const ChildLimits& limits) {
    posix_spawnattr_t attributes;
    posix_spawnattr_init(&attributes);
    sigset_t none;
    sigemptyset(&none);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setpgroup(&attributes, 0);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETPGROUP);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, end, STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&actions, end, STDOUT_FILENO);
    posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
    std::vector<char*> words;
    for (std::string& word : argv) words.push_back(word.data());
    words.push_back(nullptr);
    const int error =
        posix_spawnp(&pid_, argv[0].c_str(), &actions, &attributes, words.data(), environ);
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
    if (error != 0) {
      pid_ = -1;
      const Status status = ErrnoStatus("cannot start " + argv[0], error);
      return error == ENOENT ? NotFound(status.message()) : status;
    }
    Limit(pid_, RLIMIT_AS, limits.memory);
    // Should we die first, the child does not compute for ever.
    Limit(pid_, RLIMIT_CPU, static_cast<uint64_t>(ToMillis(limits.time)) / 1000 + 1);
    return Status::Ok();
  }

  pid_t pid() const { return pid_; }

  // After it has ended: what with, as a sentence; "" for success.
  std::string Reap() {
    int how = 0;
    if (pid_ < 0 || waitpid(pid_, &how, 0) != pid_) return "lost its child";
    pid_ = -1;
    if (WIFSIGNALED(how)) return StrCat("died of signal ", WTERMSIG(how));
    return WEXITSTATUS(how) == 0 ? "" : StrCat("left with ", WEXITSTATUS(how));
  }

  void Kill() {
    if (pid_ < 0) return;
    kill(-pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
    pid_ = -1;
  }

 private:
  pid_t pid_ = -1;
};

// Both directions at once: a child that answers before it has read everything must not stop us.
class Exchange {
 public:
  Exchange(int fd, std::string_view input, const ChildLimits& limits)
      : fd_(fd), input_(input), most_(limits.output), end_(SystemClock().Now() + limits.time) {}

  // Until the child has closed its side.
  Result<std::string> Run() {
    for (;;) {
      if (input_.empty()) CloseInput();
      const short events = input_.empty() ? POLLIN : POLLIN | POLLOUT;
      HARK_RETURN_IF_ERROR(Wait(fd_, events));
      if (!Send() || !Receive()) return std::move(output_);
      if (output_.size() > most_) return Unavailable("gives more than it may");
    }
  }

  // Until it is readable, or the time is over.
  Status Wait(int fd, short events) {
    for (;;) {
      const auto left = end_ - SystemClock().Now();
      if (left <= Duration::zero()) return Unavailable("takes longer than it may");
      pollfd wait = {fd, events, 0};
      const int n = poll(&wait, 1, static_cast<int>(ToMillis(left)) + 1);
      if (n > 0) return Status::Ok();
      if (n < 0 && errno != EINTR) return ErrnoStatus("poll", errno);
    }
  }

 private:
  void CloseInput() {
    if (!closed_) shutdown(fd_, SHUT_WR);
    closed_ = true;
  }

  bool Send() {
    if (input_.empty()) return true;
    const ssize_t n = send(fd_, input_.data(), input_.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (n > 0) input_.remove_prefix(static_cast<size_t>(n));
    // Who does not want to read on may still have said something.
    if (n < 0 && errno != EAGAIN && errno != EINTR) input_ = {};
    return true;
  }

  bool Receive() {
    const size_t had = output_.size();
    output_.resize(had + kPiece);
    const ssize_t n = recv(fd_, output_.data() + had, kPiece, MSG_DONTWAIT);
    output_.resize(had + (n > 0 ? static_cast<size_t>(n) : 0));
    return n > 0 || (n < 0 && (errno == EAGAIN || errno == EINTR));
  }

  int fd_;
  std::string_view input_;
  size_t most_;
  MonoTime end_;
  std::string output_;
  bool closed_ = false;
};

}  // namespace

Result<std::string> RunChild(const std::vector<std::string>& argv, std::string_view input,
                             const ChildLimits& limits) {
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
    return ErrnoStatus("socketpair", errno);
  }
  const OwnedFd ours(ends[0]);
  Child child;
  {
    const OwnedFd theirs(ends[1]);
    HARK_RETURN_IF_ERROR(child.Spawn(argv, theirs.get(), limits));
  }
  Exchange exchange(ours.get(), input, limits);
  HARK_ASSIGN_OR_RETURN(std::string output, exchange.Run());
  // Its output may be complete and the child not at its end.
  const OwnedFd end(static_cast<int>(syscall(SYS_pidfd_open, child.pid(), 0)));
  if (end.get() < 0) return ErrnoStatus("pidfd_open", errno);
  HARK_RETURN_IF_ERROR(exchange.Wait(end.get(), POLLIN));
  const std::string failed = child.Reap();
  if (!failed.empty()) return Unavailable(StrCat(argv[0], " ", failed));
  return output;
}

}  // namespace hark
