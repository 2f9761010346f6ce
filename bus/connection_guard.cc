#include "bus/connection_guard.h"

#include <dirent.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <algorithm>
#include <memory>

#include "base/strings.h"

namespace hark {
namespace {

std::vector<int> OpenDescriptors() {
  std::vector<int> fds;
  const std::unique_ptr<DIR, int (*)(DIR*)> directory(opendir("/proc/self/fd"), closedir);
  if (directory == nullptr) return fds;
  while (const dirent* entry = readdir(directory.get())) {  // NOLINT(concurrency-mt-unsafe)
    if (const auto fd = ParseUint(entry->d_name)) fds.push_back(static_cast<int>(*fd));
  }
  return fds;
}

// The socket behind a descriptor, 0 if it is none.
ino_t SocketBehind(int fd) {
  struct stat info {};
  return fstat(fd, &info) == 0 && S_ISSOCK(info.st_mode) ? info.st_ino : 0;
}

uint64_t BytesReceived(int fd) {
  tcp_info info{};
  socklen_t size = sizeof info;
  return getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size) == 0 ? info.tcpi_bytes_received : 0;
}

}  // namespace

void ConnectionGuard::Heard(int fd) {
  const std::lock_guard<std::mutex> lock(mutex_);
  heard_.insert(fd);
}

bool ConnectionGuard::IsOurs(int fd) const {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  if (getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) != 0) return false;
  int listening = 0;
  size = sizeof listening;
  getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &size);
  if (listening != 0) return false;
  if (address.ss_family == AF_INET6) {
    return ports_.contains(ntohs(reinterpret_cast<const sockaddr_in6&>(address).sin6_port));
  }
  return address.ss_family == AF_INET &&
         ports_.contains(ntohs(reinterpret_cast<const sockaddr_in&>(address).sin_port));
}

bool ConnectionGuard::Overdue(int fd, Connection& connection, bool heard_now, MonoTime now) const {
  const uint64_t bytes = BytesReceived(fd);
  if (heard_now) {
    connection.heard = true;
    connection.since = now;
    connection.bytes_then = bytes;
  }
  const uint64_t most = connection.heard ? kHeardBytes : kUnheardBytes;
  return now - connection.since > kPatience || bytes - connection.bytes_then > most;
}

// Between the look and this the descriptor may have become another connection's, which then has to
// come again; it cannot become harmful.
void ConnectionGuard::Cut(int fd) {
  shutdown(fd, SHUT_RDWR);
  ++cut_;
}

void ConnectionGuard::CutOldestUnheard() {
  std::vector<std::pair<MonoTime, int>> unheard;
  for (const auto& [fd, connection] : known_) {
    if (!connection.heard) unheard.emplace_back(connection.since, fd);
  }
  if (unheard.size() <= most_unheard_) return;
  std::sort(unheard.begin(), unheard.end());
  unheard.resize(unheard.size() - most_unheard_);
  for (const auto& [since, fd] : unheard) {
    Cut(fd);
    known_.erase(fd);
  }
}

void ConnectionGuard::Inspect(MonoTime now) {
  std::set<int> heard;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    heard.swap(heard_);
  }
  std::map<int, Connection> present;
  for (const int fd : OpenDescriptors()) {
    const ino_t socket = SocketBehind(fd);
    const auto before = known_.find(fd);
    const bool same = before != known_.end() && before->second.socket == socket;
    if (socket == 0 || (!same && !IsOurs(fd))) continue;
    Connection connection = same ? before->second : Connection{socket, now, false, 0};
    if (Overdue(fd, connection, heard.contains(fd), now)) {
      Cut(fd);
    } else {
      present[fd] = connection;
    }
  }
  known_.swap(present);
  CutOldestUnheard();
}

size_t MakeConnectionRoom() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return kWantedDescriptors;
  const rlim_t wanted = std::min<rlim_t>(limit.rlim_max, kWantedDescriptors);
  if (limit.rlim_cur < wanted) {
    const rlimit raised{wanted, limit.rlim_max};
    if (setrlimit(RLIMIT_NOFILE, &raised) == 0) limit.rlim_cur = wanted;
  }
  return static_cast<size_t>(limit.rlim_cur);
}

}  // namespace hark
