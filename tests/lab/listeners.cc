#include "tests/lab/listeners.h"

#include <linux/filter.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <cerrno>
#include <fstream>
#include <set>

#include "base/address.h"
#include "base/log.h"
#include "base/strings.h"
#include "tests/lab/own_network.h"
#include "tests/lab/socket_name.h"

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

// Every SYN to the socket is dropped before the handshake: a classic BPF program of "return 0".
Status DropEverything(int fd) {
  sock_filter drop{BPF_RET | BPF_K, 0, 0, 0};
  const sock_fprog program{1, &drop};
  if (::setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program) == 0) {
    return Status::Ok();
  }
  return ErrnoStatus("SO_ATTACH_FILTER", errno);
}

int Family(const Address& address) {
  return address.is_v4() ? AF_INET : AF_INET6;
}

Result<UniqueFd> Listen(const Address& address, uint16_t port, bool silent) {
  const std::string where = HostPort(address, port);
  UniqueFd fd(::socket(Family(address), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd.valid()) return ErrnoStatus("socket for " + where, errno);
  const int on = 1;
  ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (!address.is_v4()) ::setsockopt(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
  if (silent) HARK_RETURN_IF_ERROR(DropEverything(fd.get()));
  const KernelName name = ToKernel(address, port);
  if (::bind(fd.get(), name.get(), name.size) != 0) {
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
  std::set<Address> done;
  for (const Endpoint& e : endpoints) {
    if (!done.insert(e.address).second) continue;
    const UniqueFd fd(::socket(Family(e.address), SOCK_DGRAM | SOCK_CLOEXEC, 0));
    const KernelName name = ToKernel(e.address, 0);
    if (::bind(fd.get(), name.get(), name.size) != 0) {
      return InvalidInput(StrCat(e.address.ToString(),
                                 " is not an address of this machine; the lab serves no others"));
    }
  }
  return Status::Ok();
}

Result<Listeners> OpenWildcard(const std::vector<Endpoint>& endpoints) {
  HARK_RETURN_IF_ERROR(CheckAllLocal(endpoints));
  const Address any = Address::V4(INADDR_ANY);
  const Address any6 = *Address::FromBytes(std::string(16, '\0'));
  std::set<std::pair<Address, uint16_t>> names;
  for (const Endpoint& e : endpoints) names.insert({e.address.is_v4() ? any : any6, e.port});
  Listeners out;
  out.wildcard = true;
  for (const auto& [address, port] : names) {
    HARK_ASSIGN_OR_RETURN(UniqueFd fd, Listen(address, port, false));
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
  if (own) HARK_RETURN_IF_ERROR(MakeLocal(targets, endpoints));
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
