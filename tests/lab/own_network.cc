#include "tests/lab/own_network.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <optional>
#include <set>

#include "base/address.h"
#include "base/strings.h"
#include "base/unique_fd.h"

namespace hark::lab {
namespace {

constexpr uint32_t kLoopback = 0x7f000000;

// Device and inode name a namespace.
std::optional<std::pair<dev_t, ino_t>> Identity(const char* path) {
  struct stat info {};
  if (::stat(path, &info) != 0) return std::nullopt;
  return std::make_pair(info.st_dev, info.st_ino);
}

// Where /proc/1/ns/net may not be looked at: the kernel shows this setting, which is the machine's
// as a whole, in its first network only (net/core/sysctl_net_core.c).
bool InFirstNetwork() {
  return ::access("/proc/sys/net/core/netdev_max_backlog", F_OK) == 0 ||
         ::access("/proc/sys/net/core/somaxconn", F_OK) != 0;
}

// Runs a program, `input` on its stdin; what it says on stderr becomes the error.
Status RunProgram(std::vector<std::string> words, const std::string& input) {
  int in[2];
  int err[2];
  if (::pipe2(in, O_CLOEXEC) != 0) return ErrnoStatus("pipe", errno);
  UniqueFd in_read(in[0]), in_write(in[1]);
  if (::pipe2(err, O_CLOEXEC) != 0) return ErrnoStatus("pipe", errno);
  UniqueFd err_read(err[0]), err_write(err[1]);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, in_read.get(), 0);
  posix_spawn_file_actions_adddup2(&actions, err_write.get(), 2);
  std::vector<char*> argv;
  argv.reserve(words.size() + 1);
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  pid_t pid = 0;
  const int failed = ::posix_spawnp(&pid, argv[0], &actions, nullptr, argv.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  if (failed != 0) return ErrnoStatus(words[0], failed);
  in_read.Reset();
  err_write.Reset();
  std::string_view rest = input;
  while (!rest.empty()) {  // a program that stops reading says why on stderr
    const ssize_t n = ::write(in_write.get(), rest.data(), rest.size());
    if (n <= 0) break;
    rest.remove_prefix(static_cast<size_t>(n));
  }
  in_write.Reset();
  std::string said(512, '\0');
  const ssize_t n = ::read(err_read.get(), said.data(), said.size());
  said.resize(n > 0 ? static_cast<size_t>(n) : 0);
  err_read.Reset();
  int code = 0;
  ::waitpid(pid, &code, 0);
  if (code == 0) return Status::Ok();
  return IoError(StrCat(words[0], ": ", Trim(Split(said, '\n').front())));
}

Status RouteToUs(const std::string& cidr) {
  return RunProgram({"ip", "route", "replace", "local", cidr, "dev", "lo"}, "").Prepend(cidr);
}

std::string Elements(const std::vector<const Endpoint*>& endpoints) {
  if (endpoints.empty()) return "";
  std::string out = "elements = {";
  for (const Endpoint* e : endpoints) {
    out += StrCat(' ', e->address.ToString(), " . ", e->port, ",\n");
  }
  return out + " }";
}

// One set for each family: nft has no type for both.
std::string Sets(const std::string& name, const std::vector<const Endpoint*>& endpoints) {
  std::vector<const Endpoint*> v4;
  std::vector<const Endpoint*> v6;
  for (const Endpoint* e : endpoints) (e->address.is_v4() ? v4 : v6).push_back(e);
  return StrCat(" set ", name, "4 { type ipv4_addr . inet_service; ", Elements(v4), "\n }\n set ",
                name, "6 { type ipv6_addr . inet_service; ", Elements(v6), "\n }\n");
}

}  // namespace

bool InOwnNetwork() {
  const auto own = Identity("/proc/self/ns/net");
  const auto first = Identity("/proc/1/ns/net");
  if (own.has_value() && first.has_value()) return own != first;
  return !InFirstNetwork();
}

Status MakeLocal(const std::vector<Range>& ranges, const std::vector<Endpoint>& endpoints) {
  for (const Range& range : ranges) {
    if ((range.first & 0xff000000) != kLoopback) HARK_RETURN_IF_ERROR(RouteToUs(CidrText(range)));
  }
  std::set<Address> done = {*Address::Parse("::1")};
  std::string lines;  // one ip(8) for all of them: there may be thousands
  for (const Endpoint& e : endpoints) {
    if (e.address.is_v4() || !done.insert(e.address).second) continue;
    lines += StrCat("addr replace ", e.address.ToString(), "/128 dev lo nodad\n");
  }
  if (lines.empty()) return Status::Ok();
  return RunProgram({"ip", "-6", "-batch", "-"}, lines).Prepend("IPv6 hosts");
}

std::string FilterRules(const std::vector<Endpoint>& endpoints) {
  std::set<uint16_t> ports;
  std::vector<const Endpoint*> open;
  std::vector<const Endpoint*> silent;
  for (const Endpoint& e : endpoints) {
    ports.insert(e.port);
    (Accepts(*e.service) ? open : silent).push_back(&e);
  }
  std::string port_list;
  for (uint16_t port : ports) port_list += StrCat(port, ", ");
  // Adding before deleting makes the first load and a reload the same text. No "ct": connection
  // tracking would cost more than all the rest of a sweep.
  return StrCat("table inet hark_lab {}\ndelete table inet hark_lab\ntable inet hark_lab {\n",
                Sets("open", open), Sets("silent", silent),
                " chain input {\n"
                "  type filter hook input priority 0; policy accept;\n"
                "  tcp flags & (fin|syn|rst|ack) != syn accept\n"
                "  tcp dport != { ",
                port_list,
                "} accept\n"
                "  ip daddr . tcp dport @open4 accept\n"
                "  ip daddr . tcp dport @silent4 drop\n"
                "  ip6 daddr . tcp dport @open6 accept\n"
                "  ip6 daddr . tcp dport @silent6 drop\n"
                "  reject with tcp reset\n"
                " }\n}\n");
}

Status LoadFilter(const std::string& rules) {
  return RunProgram({"nft", "-f", "-"}, rules);
}

}  // namespace hark::lab
