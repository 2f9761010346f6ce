#pragma once

// How much work an engine wants ahead: enough that it never waits for the job runner, little enough
// that a withdrawn permission has little to give back.

#include <algorithm>
#include <cstddef>

#include "worker/engine/run_pacer.h"

namespace hark {

// The time between two looks of the job runner, several times over.
inline constexpr double kQueueSeconds = 0.1;
inline constexpr size_t kMinKnockQueue = 64;
inline constexpr size_t kVisitQueue = 64;
// Most of a visit's time is pauses without a socket: more hosts than slots keep the slots busy.
inline constexpr size_t kVisitsPerSlot = 4;

inline size_t KnockRoomOf(double rate, size_t queued) {
  const size_t wanted = std::max(kMinKnockQueue, static_cast<size_t>(rate * kQueueSeconds));
  return wanted - std::min(wanted, queued);
}

// visits: all under way; ready: those of them that wait for a token or a slot.
inline size_t VisitRoomOf(size_t slots, size_t visits, size_t ready, size_t queue = kVisitQueue) {
  const size_t most = kVisitsPerSlot * slots;
  return std::min(most - std::min(most, visits), queue - std::min(queue, ready));
}

// What stands aside for its prefix or AS takes no place in line, so that others go on; but it is
// memory, and a window that waits for it.
inline constexpr size_t kMaxKnocksAside = 4096;
inline constexpr size_t kMaxVisitsAside = 1024;

// The same for one run: it fills its own line, at its own rate, and no other's.
inline size_t RunKnockRoomOf(const RunPacer& pacer, double rate) {
  if (pacer.line.knocks_aside >= kMaxKnocksAside) return 0;
  return KnockRoomOf(std::min(rate, pacer.rate()), pacer.line.knocks);
}

inline size_t RunVisitRoomOf(const RunPacer& pacer, size_t slots, size_t visits,
                             size_t queue = kVisitQueue) {
  if (pacer.line.visits_aside >= std::min(kMaxVisitsAside, slots)) return 0;
  return VisitRoomOf(slots, visits, pacer.line.visits, queue);
}

}  // namespace hark
