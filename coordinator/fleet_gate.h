#pragma once

// Between the router and the dispatcher: which key may say what. Applies the fleet's registry, and
// its changes while a run is going on.
//
//   key in the registry | handshake | its messages
//   allowed             | yes       | the dispatcher's
//   draining            | yes       | the dispatcher's, which gives it nothing new and tells it to
//   go revoked             | no        | REJECT(REVOKED), then its connection is cut invite | yes
//   | JOIN answered here, anything else REJECT(UNKNOWN_WORKER) not there           | if the scan's
//   own list has it (local workers, --allow_workers): as allowed
//
// The registry wins over the scan's list. It is looked at once a second; one that cannot be read is
// logged, and the last good one counts.
//
// Threads: one, except MayConnect, which the ZAP thread calls.

#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "base/time.h"
#include "bus/router.h"
#include "coordinator/dispatcher.h"
#include "coordinator/fleet_directory.h"
#include "coordinator/fleet_live.h"

namespace hark {

// The workers that may talk to us whatever the registry does not say. Thread-safe: the ZAP thread
// asks it.
class AllowedKeys {
 public:
  void Allow(std::string key);  // 32 raw bytes
  void Revoke(const std::string& key);
  bool Contains(std::string_view key) const;

 private:
  mutable std::mutex mutex_;
  std::set<std::string, std::less<>> keys_;
};

class FleetGate {
 public:
  // directory: DB/fleet; "" = no registry. allowed outlives it.
  FleetGate(const std::string& directory, const AllowedKeys& allowed);

  // Reads the registry for the first time: an unreadable one is an error then.
  Status Start(Dispatcher& dispatcher, MonoTime now);

  bool MayConnect(std::string_view key) const;
  // True: this message is the dispatcher's. Otherwise it is dealt with; answers are in
  // TakeOutgoing.
  bool Admit(const Router::Incoming& in, MonoTime now, int64_t unix_ms);
  // Follows the registry and cuts off who was told to go. Call after messages and at least every
  // second.
  void Tick(Dispatcher& dispatcher, MonoTime now, int64_t unix_ms);
  std::vector<Dispatcher::Outgoing> TakeOutgoing() { return std::exchange(outgoing_, {}); }

 private:
  enum class Role : uint8_t { kStranger, kWorker, kDraining, kRevoked, kInvite };
  struct Connection {
    int fd = -1;
    std::string peer;
  };
  struct Doomed {
    Connection connection;
    MonoTime at;
  };

  Role RoleOf(std::string_view key) const;
  void Reload(Dispatcher& dispatcher, MonoTime now);
  void Apply(const FleetRegistry& registry, Dispatcher& dispatcher, MonoTime now);
  void OnJoin(const Router::Incoming& in, const proto::Join& join, int64_t unix_ms);
  void Refuse(const std::string& route, proto::Reject::Code code, Duration retry,
              std::string_view text);
  void Doom(Connection connection, MonoTime now);
  void WriteLive(const Dispatcher& dispatcher, MonoTime now, int64_t unix_ms);

  const bool has_directory_;
  const FleetDirectory directory_;
  const AllowedKeys& allowed_;
  mutable std::mutex mutex_;  // roles_
  std::map<std::string, Role, std::less<>> roles_;
  std::string stamp_;
  std::map<std::string, Connection> connection_of_key_;  // of the last HELLO
  std::vector<Doomed> doomed_;
  std::vector<Dispatcher::Outgoing> outgoing_;
  LiveFleet live_;
  MonoTime next_look_{};
  MonoTime next_live_{};
};

}  // namespace hark
