#include "tests/integration/real_servers/server_process.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

namespace hark {
namespace {

// Slow machines under sanitizers need seconds to start a mail server.
constexpr int kStartAttempts = 1500;
constexpr int kAttemptMs = 10;

// Servers of one process: its tests run one after the other, few with more than one server.
constexpr uint32_t kServersAtOnce = 3;
constexpr uint16_t kFirstPort = 20'000;

// Process ids are unique on a machine and below 2^22 (proc(5), pid_max): with two bits for servers
// of one process they fill 127.0.0.0/8 exactly, without 127.0.0.1 to .3 and the broadcast address.
Address OwnAddress() {
  static uint32_t made = 0;
  const uint32_t host = (static_cast<uint32_t>(getpid()) << 2) | (made++ % kServersAtOnce);
  return Address::V4(0x7f000000 | (host & 0x00ffffff));
}

sockaddr_in SocketAddress(const Address& address, uint16_t port) {
  sockaddr_in out = {};
  out.sin_family = AF_INET;
  out.sin_port = htons(port);
  out.sin_addr.s_addr = htonl(address.v4());
  return out;
}

}  // namespace

ServerProcess::ServerProcess() : address_(OwnAddress()), next_port_(kFirstPort) {
  char name[] = "/tmp/hark-server-XXXXXX";
  folder_ = mkdtemp(name);
  chmod(folder_.c_str(), 0755);
}

ServerProcess::~ServerProcess() {
  if (!stop_command_.empty()) Run(stop_command_);
  if (pid_ > 0) {
    // The server leads a process group of its own: its children go with it.
    kill(-pid_, SIGTERM);
    int status = 0;
    for (int i = 0; i < 200 && waitpid(pid_, &status, WNOHANG) == 0; ++i) {
      poll(nullptr, 0, kAttemptMs);
    }
    kill(-pid_, SIGKILL);
    waitpid(pid_, &status, 0);
  }
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

uint16_t ServerProcess::NewPort() {
  // Only a server on all addresses of this machine can be in the way; then the next one will do.
  while (true) {
    const uint16_t port = next_port_++;
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const int on = 1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    const sockaddr_in where = SocketAddress(address_, port);
    const bool free = bind(fd, reinterpret_cast<const sockaddr*>(&where), sizeof where) == 0;
    close(fd);
    if (free) return port;
  }
}

void ServerProcess::Write(const std::string& file, const std::string& text) const {
  std::ofstream(Path(file), std::ios::binary) << text;
}

std::string ServerProcess::Read(const std::string& file) const {
  std::ifstream in(Path(file), std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

std::string ServerProcess::Run(const std::string& command) const {
  const std::string line =
      "cd " + folder_ + " && (" + command + ") > run.out 2> run.err < /dev/null";
  // NOLINTNEXTLINE(concurrency-mt-unsafe): only the test's one thread runs commands
  EXPECT_EQ(std::system(line.c_str()), 0) << command << "\n" << Read("run.err");
  return Read("run.out");
}

bool ServerProcess::Has(const std::string& program, const std::string& package) const {
  const bool there = access(program.c_str(), X_OK) == 0;
  EXPECT_TRUE(there) << program << " is missing: apt-get install " << package;
  return there;
}

void ServerProcess::Start(const std::vector<std::string>& argv,
                          const std::vector<uint16_t>& ports) {
  std::vector<char*> arguments;
  arguments.reserve(argv.size() + 1);
  for (const std::string& argument : argv) arguments.push_back(const_cast<char*>(argument.c_str()));
  arguments.push_back(nullptr);
  const std::string log = Path("log");
  pid_ = fork();
  ASSERT_GE(pid_, 0);
  if (pid_ == 0) {
    setpgid(0, 0);
    const int out = open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0666);
    dup2(open("/dev/null", O_RDONLY), STDIN_FILENO);
    dup2(out, STDOUT_FILENO);
    dup2(out, STDERR_FILENO);
    execv(arguments[0], arguments.data());
    _exit(127);
  }
  setpgid(pid_, pid_);
  for (uint16_t port : ports) WaitForPort(port);
}

bool ServerProcess::Accepts(uint16_t port) const {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const sockaddr_in where = SocketAddress(address_, port);
  const bool ok = connect(fd, reinterpret_cast<const sockaddr*>(&where), sizeof where) == 0;
  close(fd);
  return ok;
}

void ServerProcess::WaitForPort(uint16_t port) {
  for (int i = 0; i < kStartAttempts; ++i) {
    if (Accepts(port)) return;
    int status = 0;
    if (waitpid(pid_, &status, WNOHANG) == pid_) {
      pid_ = -1;
      FAIL() << "the server ended at once:\n" << Read("log");
    }
    poll(nullptr, 0, kAttemptMs);
  }
  FAIL() << "port " << port << " never opened:\n" << Read("log");
}

}  // namespace hark
