#include "tests/lab/listeners.h"

#include <arpa/inet.h>
#include <linux/filter.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <set>

#include "base/address.h"
#include "base/log.h"
#include "base/strings.h"
#include "tests/lab/own_network.h"

namespace hark::lab {
namespace {

constexpr int kBacklog = 4096;          // the kernel's own ceiling (somaxconn) on Debian
constexpr uint64_t kForClients = 1000;  // descriptors kept free for connections

// As far as we may go: to the hard limit, and beyond it to the kernel's own if we are allowed.
void RaiseDescriptorLimit() {
  uint64_t most = 0;
  std::ifstream("/proc/sys/fs/nr_open") >> most;
  rlimit limit{most, most};
  if (most != 0 && ::setrlimit(RLIMIT_NOFILE, &limit) == 0) return;
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

sockaddr_in SocketAddress(uint32_t address, uint16_t port) {
  sockaddr_in out{};
  out.sin_family = AF_INET;
  out.sin_addr.s_addr = htonl(address);
  out.sin_port = htons(port);
  return out;
}

// Every SYN to the socket is dropped before the handshake: a classic BPF program of "return 0".
Status DropEverything(int fd) {
  sock_filter drop{BPF_RET | BPF_K, 0, 0, 0};
  const sock_fprog program{1, &drop};
  if (::setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program) == 0) {
    return Status::Ok();
  }
  return ErrnoStatus("SO_ATTACH_FILTER", errno);
}

Result<UniqueFd> Listen(uint32_t address, uint16_t port, bool silent) {
  const std::string where = StrCat(Address::V4(address).ToString(), ':', port);
  UniqueFd fd(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd.valid()) return ErrnoStatus("socket for " + where, errno);
  const int on = 1;
  ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (silent) HARK_RETURN_IF_ERROR(DropEverything(fd.get()));
  const sockaddr_in name = SocketAddress(address, port);
  if (::bind(fd.get(), reinterpret_cast<const sockaddr*>(&name), sizeof name) != 0) {
    if (errno == EADDRNOTAVAIL) {
      return InvalidInput(where + " is not an address of this machine; the lab serves no others");
    }
    return InvalidInput(ErrnoStatus("cannot listen on " + where, errno).message());
  }
  if (::listen(fd.get(), kBacklog) != 0) {
    return InvalidInput(ErrnoStatus("cannot listen on " + where, errno).message());
  }
  return fd;
}

Result<Listeners> OpenBound(const std::vector<Endpoint>& endpoints) {
  if (endpoints.size() + kForClients > DescriptorLimit()) {
    return InvalidInput(StrCat(endpoints.size(), " listeners need more than the ",
                               DescriptorLimit(),
                               " open files allowed (ulimit -n); in a network "
                               "of its own (tests/lab/in-namespace.sh) the lab needs few"));
  }
  Listeners out;
  for (const Endpoint& e : endpoints) {
    HARK_ASSIGN_OR_RETURN(UniqueFd fd, Listen(e.address, e.port, !Accepts(*e.service)));
    out.sockets.push_back(std::move(fd));
  }
  return out;
}

// Wildcard sockets would take connections for any address; that each host is one of ours is shown
// by binding to it once.
Status CheckAllLocal(const std::vector<Endpoint>& endpoints) {
  std::set<uint32_t> done;
  for (const Endpoint& e : endpoints) {
    if (!done.insert(e.address).second) continue;
    const UniqueFd fd(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    const sockaddr_in name = SocketAddress(e.address, 0);
    if (::bind(fd.get(), reinterpret_cast<const sockaddr*>(&name), sizeof name) != 0) {
      return InvalidInput(StrCat(Address::V4(e.address).ToString(),
                                 " is not an address of this machine; the lab serves no others"));
    }
  }
  return Status::Ok();
}

Result<Listeners> OpenWildcard(const std::vector<Endpoint>& endpoints) {
  HARK_RETURN_IF_ERROR(CheckAllLocal(endpoints));
  std::set<uint16_t> ports;
  for (const Endpoint& e : endpoints) ports.insert(e.port);
  Listeners out;
  out.wildcard = true;
  for (uint16_t port : ports) {
    HARK_ASSIGN_OR_RETURN(UniqueFd fd, Listen(INADDR_ANY, port, false));
    out.sockets.push_back(std::move(fd));
  }
  return out;
}

}  // namespace

std::optional<ListenMode> ParseListenMode(std::string_view name) {
  if (name == "auto") return ListenMode::kAuto;
  if (name == "wildcard") return ListenMode::kWildcard;
  if (name == "bound") return ListenMode::kBound;
  return std::nullopt;
}

uint64_t DescriptorLimit() {
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  return limit.rlim_cur;
}

Result<Listeners> OpenListeners(ListenMode mode, const std::vector<Endpoint>& endpoints,
                                const std::vector<Range>& targets) {
  ::signal(SIGPIPE, SIG_IGN);  // nft may stop reading its rules
  RaiseDescriptorLimit();
  const bool own = InOwnNetwork();
  if (mode == ListenMode::kWildcard && !own) {
    return InvalidInput(
        "--listen_mode=wildcard only in a network namespace of the lab's own: run "
        "it with tests/lab/in-namespace.sh");
  }
  if (own) HARK_RETURN_IF_ERROR(MakeLocal(targets));
  if (mode == ListenMode::kBound || !own) return OpenBound(endpoints);
  const Status filter = LoadFilter(FilterRules(endpoints));
  if (filter.ok()) return OpenWildcard(endpoints);
  if (mode == ListenMode::kWildcard) {
    return InvalidInput("--listen_mode=wildcard: " + filter.message());
  }
  LogInfo("lab", StrCat("no wildcard listeners (", filter.message(), "); binding each address"));
  return OpenBound(endpoints);
}

}  // namespace hark::lab
