#include "coordinator/metrics_server.h"

#include <netinet/in.h>
#include <prometheus/collectable.h>
#include <prometheus/exposer.h>
#include <sys/socket.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <exception>
#include <iterator>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "base/address.h"
#include "base/strings.h"
#include "base/unique_fd.h"
#include "coordinator/metrics.h"

namespace hark {
namespace {

// One for Prometheus, one for the operator's curl.
constexpr char kAnswering[] = "2";
// Who connects and asks nothing may hold one of them for so long.
constexpr char kPatienceMillis[] = "5000";

struct MetricsAddress {
  Address address;
  uint16_t port = 0;

  // As the HTTP library reads it; it would take other words too, so it never gets the operator's.
  std::string ToString() const { return StrCat(address.ToString(), ":", port); }
  bool is_loopback() const { return address.v4() >> 24 == 127; }

  sockaddr_in ForSocket() const {
    sockaddr_in out{};
    out.sin_family = AF_INET;
    out.sin_port = htons(port);
    out.sin_addr.s_addr = htonl(address.v4());
    return out;
  }
};

// IPv4 only: Debian builds the library without IPv6, and a machine's Prometheus needs one way in.
Result<MetricsAddress> ParseMetricsAddress(std::string_view text) {
  const Status wrong = InvalidInput(
      StrCat("the address of the metrics is 127.0.0.1:PORT, not '", EscapeForDisplay(text), "'"));
  const size_t colon = text.rfind(':');
  if (colon == text.npos) return wrong;
  const auto address = Address::Parse(text.substr(0, colon));
  const auto port = ParseUint(text.substr(colon + 1));
  if (!address || !address->is_v4() || !port || *port > 65535) return wrong;
  return MetricsAddress{*address, static_cast<uint16_t>(*port)};
}

int TcpSocket() {
  return socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
}

// The library says only that it cannot; the system says why.
Status WhyNotBound(const MetricsAddress& where) {
  const UniqueFd fd(TcpSocket());
  const int on = 1;
  setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  const sockaddr_in name = where.ForSocket();
  const bool bound = bind(fd.get(), reinterpret_cast<const sockaddr*>(&name), sizeof name) == 0;
  const std::string why = bound ? "it cannot listen there" : std::strerror(errno);
  return Unavailable(StrCat("no metrics at ", where.ToString(), ": ", why));
}

// The library's listener looks every two seconds whether it shall end, or when somebody connects:
// so while it is being ended somebody does, again and again, since nobody knows when it looks.
class Waker {
 public:
  explicit Waker(const MetricsAddress& where) : thread_([this, where] { Run(where); }) {}
  ~Waker() {
    done_ = true;
    thread_.join();
  }

 private:
  void Run(const MetricsAddress& where) const {
    const sockaddr_in to = where.ForSocket();
    while (!done_) {
      const UniqueFd fd(TcpSocket());
      // Refused when nobody listens any more.
      if (connect(fd.get(), reinterpret_cast<const sockaddr*>(&to), sizeof to) != 0) return;
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
  }

  std::atomic<bool> done_ = false;
  std::thread thread_;
};

// What was last told, kept until it is asked for: families are made when somebody scrapes, by the
// thread that answers, so the coordinator's thread never pays for them.
class Snapshot final : public prometheus::Collectable {
 public:
  void Set(std::shared_ptr<const proto::FleetStatus> status) {
    const std::lock_guard<std::mutex> lock(mutex_);
    status_.swap(status);  // the old one dies outside the lock
  }

  std::vector<prometheus::MetricFamily> Collect() const override {
    std::vector<prometheus::MetricFamily> out;
    if (const auto status = Get()) out = FleetMetrics(*status);
    std::vector<prometheus::MetricFamily> own = ProcessMetrics();
    out.insert(out.end(), std::make_move_iterator(own.begin()), std::make_move_iterator(own.end()));
    return out;
  }

 private:
  std::shared_ptr<const proto::FleetStatus> Get() const {
    const std::lock_guard<std::mutex> lock(mutex_);
    return status_;
  }

  mutable std::mutex mutex_;
  std::shared_ptr<const proto::FleetStatus> status_;
};

}  // namespace

struct MetricsServer::Parts {
  explicit Parts(const MetricsAddress& at)
      : where(at),
        snapshot(std::make_shared<Snapshot>()),
        exposer(std::vector<std::string>{"listening_ports", at.ToString(), "num_threads",
                                         kAnswering, "request_timeout_ms", kPatienceMillis}) {
    exposer.RegisterCollectable(snapshot);
  }

  MetricsAddress where;
  std::shared_ptr<Snapshot> snapshot;
  prometheus::Exposer exposer;
};

Result<std::unique_ptr<MetricsServer>> MetricsServer::Start(std::string_view address) {
  HARK_ASSIGN_OR_RETURN(const MetricsAddress where, ParseMetricsAddress(address));
  if (!where.is_loopback()) {
    return InvalidInput(StrCat(
        "the metrics are unguarded, so they are told on loopback only, not at ", where.ToString()));
  }
  try {
    auto parts = std::make_unique<Parts>(where);
    const std::vector<int> ports = parts->exposer.GetListeningPorts();
    if (ports.empty()) return WhyNotBound(where);
    parts->where.port = static_cast<uint16_t>(ports.front());
    return std::unique_ptr<MetricsServer>(new MetricsServer(std::move(parts)));
  } catch (const std::exception&) {
    return WhyNotBound(where);
  }
}

MetricsServer::MetricsServer(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

MetricsServer::~MetricsServer() {
  const Waker waker(parts_->where);
  parts_.reset();
}

uint16_t MetricsServer::port() const {
  return parts_->where.port;
}

void MetricsServer::Update(proto::FleetStatus status) {
  parts_->snapshot->Set(std::make_shared<const proto::FleetStatus>(std::move(status)));
}

}  // namespace hark
