#pragma once

// Between the router and the dispatcher: which key may say what. Applies the fleet's registry, and
// its changes while a run is going on.
//
//   key                 | handshake | its messages
//   allowed             | yes       | the dispatcher's
//   draining            | yes       | the dispatcher's, which gives it nothing new and tells it to
//   go quarantined         | yes       | REJECT(QUARANTINED) until hark fleet allow lifts it
//   revoked             | no        | REJECT(REVOKED), then its connection is cut
//   invite              | yes       | JOIN answered here, anything else REJECT(UNKNOWN_WORKER)
//   the operator's      | yes       | control for the ControlDesk, and only by ipc; anything else
//   cuts not there           | if the coordinator's own list has it (local workers,
//   --allow_workers): as
//                       | allowed
//
// A worker that says control is ignored: the word is not its own.
//
// The registry wins over the coordinator's own list. It is looked at once a second; one that cannot
// be read is logged, and the last good one counts.
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
  // Whose a message is.
  enum class Speaker : uint8_t { kNobody, kWorker, kOperator };

  // directory: DB/fleet; "" = no registry. allowed outlives it. operator_key: 32 raw bytes, "" =
  // nobody is the operator.
  FleetGate(const std::string& directory, const AllowedKeys& allowed, std::string operator_key);

  // Reads the registry for the first time: an unreadable one is an error then.
  Status Start(Dispatcher& dispatcher, MonoTime now);

  bool MayConnect(std::string_view key) const;
  // kWorker: this message is the dispatcher's. kOperator: it holds control. kNobody: it is dealt
  // with; answers are in TakeOutgoing.
  Speaker Admit(const Router::Incoming& in, MonoTime now, int64_t unix_ms);
  // Follows the registry and cuts off who was told to go. Call after messages and at least every
  // second.
  void Tick(Dispatcher& dispatcher, MonoTime now, int64_t unix_ms);
  std::vector<Dispatcher::Outgoing> TakeOutgoing() { return std::exchange(outgoing_, {}); }

 private:
  enum class Role : uint8_t {
    kStranger,
    kWorker,
    kDraining,
    kQuarantined,
    kRevoked,
    kInvite,
    kOperator
  };
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
  Speaker OnOperator(const Router::Incoming& in, MonoTime now);
  void WriteQuarantines(Dispatcher& dispatcher, int64_t unix_ms);
  void WriteLive(const Dispatcher& dispatcher, MonoTime now, int64_t unix_ms);

  const bool has_directory_;
  const FleetDirectory directory_;
  const AllowedKeys& allowed_;
  const std::string operator_key_;
  mutable std::mutex mutex_;  // roles_
  std::map<std::string, Role, std::less<>> roles_;
  std::string stamp_;
  std::map<std::string, Connection> connection_of_key_;  // of the last HELLO
  std::vector<Doomed> doomed_;
  std::map<std::string, std::string> quarantines_;  // key -> name, not yet in the registry
  std::vector<Dispatcher::Outgoing> outgoing_;
  LiveFleet live_;
  MonoTime next_look_{};
  MonoTime next_live_{};
};

}  // namespace hark
