#include "coordinator/resolver.h"

#include <ares.h>
#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <memory>
#include <set>

#include "base/host_port.h"
#include "base/strings.h"

namespace hark {
namespace {

constexpr int kLongestPollMs = 200;
constexpr size_t kMaxAddressesOfName = 64;  // a name with more is nobody's host

// ADDRESS, IPV4:PORT or [IPV6]:PORT: what c-ares takes, without what it lets pass.
bool IsServer(const std::string& text) {
  return Address::Parse(text).has_value() || ParseHostPort(text).ok();
}

// c-ares wants to be told once a process; it counts.
class Library {
 public:
  Library() : status_(ares_library_init(ARES_LIB_INIT_ALL)) {}
  ~Library() {
    if (status_ == ARES_SUCCESS) ares_library_cleanup();
  }
  Library(const Library&) = delete;
  Library& operator=(const Library&) = delete;
  bool ok() const { return status_ == ARES_SUCCESS; }

 private:
  const int status_;
};

std::optional<Address> AddressOf(const sockaddr& address) {
  if (address.sa_family == AF_INET) {
    const auto& v4 = reinterpret_cast<const sockaddr_in&>(address);
    return Address::FromBytes({reinterpret_cast<const char*>(&v4.sin_addr), 4});
  }
  if (address.sa_family == AF_INET6) {
    const auto& v6 = reinterpret_cast<const sockaddr_in6&>(address);
    return Address::FromBytes({reinterpret_cast<const char*>(&v6.sin6_addr), 16});
  }
  return std::nullopt;
}

class Asking {
 public:
  Asking(const std::vector<std::string>& names, const ResolverOptions& options)
      : options_(options), names_(names.begin(), names.end()) {}
  ~Asking() {
    if (channel_ != nullptr) ares_destroy(channel_);
  }
  Asking(const Asking&) = delete;
  Asking& operator=(const Asking&) = delete;

  Status Open();
  ResolvedNames AskAll();

 private:
  struct Question {
    Asking* self;
    std::string name;
  };

  static void OnAnswer(void* argument, int status, int /*timeouts*/, ares_addrinfo* info);
  void Begin(const std::string& name);
  void Wait();

  Library library_;
  const ResolverOptions& options_;
  std::set<std::string> names_;
  ares_channel channel_ = nullptr;
  size_t open_ = 0;
  ResolvedNames out_;
};

Status Asking::Open() {
  if (!library_.ok()) return Unavailable("the resolver cannot be set up");
  ares_options options{};
  char lookups[] = "b";  // the DNS only
  options.lookups = lookups;
  options.timeout = static_cast<int>(ToMillis(options_.one_try));
  options.tries = options_.tries;
  options.ndots = 1;
  options.ndomains = 0;
  const int mask =
      ARES_OPT_LOOKUPS | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_NDOTS | ARES_OPT_DOMAINS;
  const int made = ares_init_options(&channel_, &options, mask);
  if (made != ARES_SUCCESS) return Unavailable(StrCat("resolver: ", ares_strerror(made)));
  if (options_.server.empty()) return Status::Ok();
  if (IsServer(options_.server) &&
      ares_set_servers_ports_csv(channel_, options_.server.c_str()) == ARES_SUCCESS) {
    return Status::Ok();
  }
  return InvalidInput(
      StrCat("'", EscapeForDisplay(options_.server), "' is no ADDRESS or ADDRESS:PORT"));
}

void Asking::OnAnswer(void* argument, int status, int /*timeouts*/, ares_addrinfo* info) {
  const std::unique_ptr<Question> question(static_cast<Question*>(argument));
  Asking& self = *question->self;
  --self.open_;
  std::set<Address> found;
  for (const ares_addrinfo_node* node = info != nullptr ? info->nodes : nullptr;
       node != nullptr && found.size() < kMaxAddressesOfName; node = node->ai_next) {
    if (const std::optional<Address> address = AddressOf(*node->ai_addr)) found.insert(*address);
  }
  if (info != nullptr) ares_freeaddrinfo(info);
  if (found.empty()) {
    self.out_.failed[question->name] =
        status == ARES_SUCCESS ? "no address" : ares_strerror(status);
  } else {
    self.out_.addresses[question->name] = {found.begin(), found.end()};
  }
}

void Asking::Begin(const std::string& name) {
  ares_addrinfo_hints hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_flags = ARES_AI_NOSORT;
  ++open_;
  ares_getaddrinfo(channel_, name.c_str(), nullptr, &hints, &Asking::OnAnswer,
                   new Question{this, name});  // OnAnswer is always called, and frees it
}

void Asking::Wait() {
  std::array<ares_socket_t, ARES_GETSOCK_MAXNUM> sockets{};
  const int bits = ares_getsock(channel_, sockets.data(), ARES_GETSOCK_MAXNUM);
  std::vector<pollfd> fds;
  for (unsigned i = 0; i < ARES_GETSOCK_MAXNUM; ++i) {
    const bool readable = ARES_GETSOCK_READABLE(bits, i) != 0;
    const bool writable = ARES_GETSOCK_WRITABLE(bits, i) != 0;
    const int events = (readable ? POLLIN : 0) | (writable ? POLLOUT : 0);
    if (events != 0) fds.push_back({sockets[i], static_cast<short>(events), 0});
  }
  timeval most{0, kLongestPollMs * 1000}, time{};
  const timeval* next = ares_timeout(channel_, &most, &time);
  const auto wait = static_cast<int>(next->tv_sec * 1000 + next->tv_usec / 1000) + 1;
  poll(fds.data(), fds.size(), wait);
  for (const pollfd& fd : fds) {
    const bool read = (fd.revents & (POLLIN | POLLERR | POLLHUP)) != 0;
    const bool write = (fd.revents & POLLOUT) != 0;
    ares_process_fd(channel_, read ? fd.fd : ARES_SOCKET_BAD, write ? fd.fd : ARES_SOCKET_BAD);
  }
  ares_process_fd(channel_, ARES_SOCKET_BAD, ARES_SOCKET_BAD);  // what has timed out
}

ResolvedNames Asking::AskAll() {
  const SystemClock clock;
  const MonoTime end = clock.Now() + options_.all;
  while (!names_.empty() || open_ > 0) {
    while (!names_.empty() && open_ < options_.parallel) {
      Begin(*names_.begin());
      names_.erase(names_.begin());
    }
    if (open_ > 0) Wait();
    if (clock.Now() < end) continue;
    for (const std::string& name : names_) out_.failed[name] = "not asked in time";
    names_.clear();
    ares_cancel(channel_);  // OnAnswer for each that is open
  }
  return std::move(out_);
}

}  // namespace

Result<ResolvedNames> ResolveNames(const std::vector<std::string>& names,
                                   const ResolverOptions& options) {
  Asking asking(names, options);
  HARK_RETURN_IF_ERROR(asking.Open());
  return asking.AskAll();
}

}  // namespace hark
