#pragma once

// What the pieces inside the engine share; nothing outside this folder sees it.

#include <array>
#include <cstdint>
#include <memory>

#include "base/outcome.h"
#include "base/time.h"
#include "worker/engine/budget.h"
#include "worker/engine/reactor.h"
#include "worker/engine/source.h"
#include "worker/engine/tarpits.h"
#include "worker/engine/timer_queue.h"

namespace hark {

struct EngineOptions {
  // Sockets open at once; lowered to what the descriptor limit allows.
  size_t max_in_flight = 4096;
  // Connection attempts a second, knocks and visits together; 0 = none until SetRate.
  double probes_per_second = 0;
  // How often and how soon an attempt is repeated when our own side had no room for it; the wait
  // doubles each time.
  int local_attempts = 5;
  Duration local_retry_wait = std::chrono::milliseconds(100);
  Source source = {};
  // After our goodbye the peer may close first, which spares us TIME_WAIT, for this long.
  Duration goodbye_wait = std::chrono::seconds(1);
  Duration tarpit_after = kTarpitAfter;
};

struct EngineStats {
  uint64_t probes_sent = 0;    // connection attempts made
  uint64_t hosts_visited = 0;  // visits that went to the end
  uint64_t results = 0;        // callbacks called
  uint64_t excluded = 0;       // requests may_contact stopped
  uint64_t given_up = 0;       // conversations ended because tarpits held too many slots
  size_t in_flight = 0;        // sockets open now
  size_t queued_knocks = 0;    // waiting for a token or a slot
  size_t ready_visits = 0;     // the same
  size_t visits = 0;           // hosts being visited, paused ones included
  size_t aside = 0;            // knocks and visits whose prefix or AS has had enough for now
  // Knocks by what they showed (answered = kOk) and ports of ended visits by their outcome.
  std::array<uint64_t, kOutcomeCount> outcomes{};

  EngineStats& operator+=(const EngineStats& other);
};

struct EngineParts {
  EngineOptions options;
  const Clock& clock;
  std::shared_ptr<EngineBudget> budget;
  Reactor reactor;
  SourceBinder source;
  TimerQueue timers;
  Tarpits tarpits;
  EngineStats stats;

  // Only by one who was let in with a slot (Engine::StartConnections).
  void SocketOpened() {
    ++stats.in_flight;
    budget->AddSlot();
  }
  void SocketClosed() {
    --stats.in_flight;
    budget->ReturnSlot();
  }
  void Count(Outcome outcome) { ++stats.outcomes[static_cast<size_t>(outcome)]; }
  Duration RetryWait(int attempt) const { return options.local_retry_wait * (1 << attempt); }
};

}  // namespace hark
