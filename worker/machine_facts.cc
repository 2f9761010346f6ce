#include "worker/machine_facts.h"

#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/statvfs.h>
#include <sys/timex.h>
#include <unistd.h>

#include <algorithm>

#include "base/file.h"
#include "base/host_port.h"
#include "base/strings.h"
#include "worker/engine/descriptors.h"
#include "worker/engine/kernel_settings.h"
#include "worker/engine/socket_address.h"
#include "worker/engine/tcp_connect.h"

namespace hark {
namespace {

using Check = proto::Capabilities;

constexpr int kCheck25Millis = 5000;

Check::Check Works(bool works) {
  return works ? Check::WORKS : Check::FAILS;
}

bool CanOpen(int family, int type, int protocol) {
  return UniqueFd(socket(family, type | SOCK_CLOEXEC, protocol)).valid();
}

// Connecting a datagram socket asks the routing table and sends nothing.
bool HasRoute(const char* to) {
  const SocketAddress target = ToSocketAddress(*Address::Parse(to), 9);
  const UniqueFd fd(socket(target.get()->sa_family, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  return fd.valid() && connect(fd.get(), target.get(), target.size) == 0;
}

// An address that others than this machine could answer to.
bool HasAddress(int family) {
  ifaddrs* list = nullptr;
  if (getifaddrs(&list) != 0) return false;
  bool found = false;
  for (const ifaddrs* i = list; i != nullptr; i = i->ifa_next) {
    if (i->ifa_addr == nullptr || i->ifa_addr->sa_family != family) continue;
    if ((i->ifa_flags & IFF_UP) == 0 || (i->ifa_flags & IFF_LOOPBACK) != 0) continue;
    found |= family == AF_INET ||
             !IN6_IS_ADDR_LINKLOCAL(&reinterpret_cast<const sockaddr_in6*>(i->ifa_addr)->sin6_addr);
  }
  freeifaddrs(list);
  return found;
}

Check::Check CheckClock() {
  timex query{};
  const int state = adjtimex(&query);
  if (state < 0) return Check::NOT_TESTED;
  return Works(state != TIME_ERROR && (query.status & STA_UNSYNC) == 0);
}

Check::Check Check25(const WorkerConfig& config) {
  const auto to = ParseHostPort(config.check_25);
  const auto source = SourceOf(config);
  if (config.check_25.empty() || !to.ok() || !source.ok()) return Check::NOT_TESTED;
  SourceBinder binder(*source);
  ConnectAttempt attempt = StartConnect(to->address, to->port, binder);
  if (attempt.state == ConnectState::kPending) {
    pollfd wait{attempt.fd.get(), POLLOUT, 0};
    const bool answered = poll(&wait, 1, kCheck25Millis) == 1;
    return Works(answered && FinishConnect(attempt.fd.get()).state == ConnectState::kConnected);
  }
  return Works(attempt.state == ConnectState::kConnected);
}

uint64_t SourcePorts(const WorkerConfig& config) {
  const auto source = SourceOf(config);
  if (source.ok() && source->has_ports()) {
    return uint64_t{1} + source->last_port - source->first_port;
  }
  const auto ports = ReadLocalPorts();
  return ports ? ports->size() : 0;
}

// The least of the machine's memory and of the limits of our control groups, version 1 or 2.
uint64_t MemoryBytes() {
  const long pages = sysconf(_SC_PHYS_PAGES);
  uint64_t bytes = pages > 0
                       ? static_cast<uint64_t>(pages) * static_cast<uint64_t>(sysconf(_SC_PAGESIZE))
                       : UINT64_MAX;
  const auto consider = [&](const std::string& path) {
    if (const auto limit = ReadKernelNumber(path)) bytes = std::min(bytes, *limit);
  };
  const std::string groups = ReadKernelText("/proc/self/cgroup").value_or("");
  for (const std::string_view line : Split(groups, '\n')) {
    const size_t path = line.rfind(':');
    if (path == std::string_view::npos) continue;
    const std::string group(line.substr(path + 1));
    if (line.substr(0, 3) == "0::") {
      consider(StrCat("/sys/fs/cgroup", group, "/memory.max"));
      consider("/sys/fs/cgroup/memory.max");
    } else if (line.find(":memory:") != std::string_view::npos) {
      consider(StrCat("/sys/fs/cgroup/memory", group, "/memory.limit_in_bytes"));
      consider("/sys/fs/cgroup/memory/memory.limit_in_bytes");
    }
  }
  return bytes == UINT64_MAX ? 0 : bytes;
}

uint64_t DiskFree(const std::string& directory) {
  struct statvfs disk {};
  if (!MakeDirectories(directory).ok() || statvfs(directory.c_str(), &disk) != 0) return 0;
  return uint64_t{disk.f_bavail} * disk.f_frsize;
}

void FindNames(const WorkerConfig& config, MachineFacts* facts) {
  const auto source = SourceOf(config);
  const auto resolver = NewSystemNameResolver();
  facts->own_address = OwnAddress(source.ok() ? *source : Source());
  facts->reverse_name = ReverseName(facts->own_address, *resolver);
  facts->ehlo = ChooseOwnName(config.ehlo_name, facts->own_address, *resolver);
}

}  // namespace

MachineFacts FindMachineFacts(const WorkerConfig& config) {
  MachineFacts facts;
  facts.raw_sockets = Works(CanOpen(AF_INET, SOCK_RAW, IPPROTO_TCP));
  facts.ipv4 = Works(HasRoute("192.0.2.1") || HasAddress(AF_INET));
  facts.ipv6 = Works(HasRoute("2001:db8::1") || HasAddress(AF_INET6));
  facts.outbound_25 = Check25(config);
  facts.clock = CheckClock();
  const auto room = MakeSocketRoom(config.threads);
  facts.max_sockets = room.ok() ? *room : 0;
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) == 0) facts.open_files = limit.rlim_cur;
  facts.source_ports = SourcePorts(config);
  facts.conntrack_max = ReadKernelNumber("/proc/sys/net/netfilter/nf_conntrack_max");
  facts.memory_bytes = MemoryBytes();
  facts.disk_free_bytes = DiskFree(config.state_dir.empty() ? "." : config.state_dir);
  FindNames(config, &facts);
  return facts;
}

uint64_t ResidentBytes() {
  const auto text = ReadKernelText("/proc/self/statm");
  if (!text) return 0;
  const auto fields = Split(*text, ' ');
  const auto pages = fields.size() > 1 ? ParseUint(fields[1]) : std::nullopt;
  return pages.value_or(0) * static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
}

}  // namespace hark
