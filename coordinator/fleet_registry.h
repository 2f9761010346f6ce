#pragma once

// Who may work for a coordinator, as a value: workers by public key, and the invites by which new
// ones may join. Pure: no file, no clock. docs/formats/fleet.md describes the text line by line;
// fleet_directory.h keeps it on disk.
//
//   worker:  (unknown) --allow, join--> ALLOWED <--allow--> DRAINING --revoke--> REVOKED
//            ALLOWED, DRAINING --third strike--> QUARANTINED
//            REVOKED and QUARANTINED are left by allow (or revoke) only: no invite brings a key
//            back.
//   invite:  open --join--> spent by one key (which may join again) --a week past expiry-->
//   forgotten

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "base/status.h"

namespace hark {

// As many lines as a registry may have; a fleet is hundreds.
inline constexpr size_t kMaxFleetEntries = 20'000;
inline constexpr size_t kMaxFleetName = 64;
// How long a spent or expired invite is still told apart from a stranger.
inline constexpr int64_t kInviteMemorySeconds = 7 * 24 * 3600;

struct FleetWorker {
  enum class State : uint8_t { kAllowed, kDraining, kRevoked, kQuarantined };
  State state = State::kAllowed;
  int64_t since = 0;  // Unix seconds: when it came into this state
  std::string name;   // "" = none
};

struct FleetInvite {
  int64_t expires = 0;  // Unix seconds
  std::string used_by;  // raw public key of the worker that joined with it, "" = open
  std::string name;     // of the worker-to-be, "" = what it calls itself
};

std::string_view NameOf(FleetWorker::State state);
// A name for one line of text: at most 64 printable characters, blanks as '_'.
std::string FleetName(std::string_view text);
Status CheckFleetName(std::string_view name);

// Keys are 32 raw bytes in maps and arguments, Z85 in text.
class FleetRegistry {
 public:
  enum class JoinResult : uint8_t { kJoined, kAgain, kUnknown, kSpent, kExpired, kRevoked };

  // kInvalidInput names the line. Accepts exactly what Encode writes, and '#' comments.
  static Result<FleetRegistry> Parse(std::string_view text);
  std::string Encode() const;

  const std::map<std::string, FleetWorker>& workers() const { return workers_; }
  const std::map<std::string, FleetInvite>& invites() const { return invites_; }

  // The key of a worker given by its Z85 key or its name. kInvalidInput: nobody, or several.
  Result<std::string> Find(std::string_view worker) const;
  // A new key is added. name "" keeps the one it has. False: it was so already.
  bool SetState(const std::string& key, FleetWorker::State state, std::string_view name,
                int64_t now);
  // A worker that has broken the rules too often, until somebody allows it again. One that is
  // revoked stays so. False: nothing changed.
  bool Quarantine(const std::string& key, std::string_view name, int64_t now);
  void Invite(const std::string& key, FleetInvite invite);
  // False: there is none.
  bool Withdraw(const std::string& invite) { return invites_.erase(invite) > 0; }
  // Pins the worker's key to the invite: the first one wins. Only kJoined changes anything.
  JoinResult Join(const std::string& invite, const std::string& worker, std::string_view name,
                  int64_t now);
  // Drops invites nobody can be meant by any more.
  void Forget(int64_t now);

 private:
  Status ParseLine(std::string_view line);

  std::map<std::string, FleetWorker> workers_;
  std::map<std::string, FleetInvite> invites_;
};

}  // namespace hark
