#pragma once

// Whom an SSH service lets in: penalties per source address as OpenSSH 9.8 and later keep them, and
// a number of clients at a time. What it does is logged and counted, so that a test can say "no
// penalty was given".
//
// Penalties: every departure adds its seconds to what the source still has outstanding at that
// service; the sum runs down in real time and is cut at Service::most. Once it exceeds
// Service::threshold the source is refused until all of it has run down.

#include <compare>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <tuple>

#include "base/address.h"
#include "base/time.h"
#include "tests/lab/conversation.h"
#include "tests/lab/counters.h"
#include "tests/lab/service.h"

namespace hark::lab {

// One client at one service.
struct Visit {
  Address host;
  uint16_t port = 0;
  Address source;

  auto operator<=>(const Visit&) const = default;
};

// Thread-safe.
class Doorman {
 public:
  enum class Departure {
    kNoAuth,    // left without a login
    kOvertime,  // did not log in within Service::login_grace
  };
  // One line of the log, without its end: "UNIX_MS EVENT HOST:PORT SOURCE outstanding_ms=N", EVENT
  // being noauth, overtime, active (the threshold is passed), refused or full.
  using Log = std::function<void(const std::string& line)>;

  // log may be empty; all outlive the doorman.
  Doorman(const Clock& clock, Counters& counters, Log log)
      : clock_(clock), counters_(counters), log_(std::move(log)) {}

  // Whether the client may come in. Who may must leave once.
  bool Enter(const Service& service, const Visit& visit);
  void Leave(const Service& service, const Visit& visit, Departure departure);

 private:
  struct Penalty {
    MonoTime end;
    bool active = false;
  };

  bool Punished(const Visit& visit, MonoTime now);
  void Punish(const Service& service, const Visit& visit, Departure departure, MonoTime now);
  void Note(std::string_view event, const Visit& visit, Duration outstanding);

  const Clock& clock_;
  Counters& counters_;
  Log log_;
  std::mutex mutex_;
  std::map<Visit, Penalty> penalties_;
  std::map<std::pair<Address, uint16_t>, uint32_t> inside_;  // with max-startups
};

// The conversation behind a door: refused at the start, or served until Service::login_grace is
// over. All arguments outlive it.
std::unique_ptr<Conversation> BehindDoor(const Service& service, const Visit& visit,
                                         Doorman& doorman, std::unique_ptr<Conversation> inner);

}  // namespace hark::lab
