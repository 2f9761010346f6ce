#pragma once

// What all engine threads of one worker share out: attempts a second (a connect() or a SYN of half-
// open knocking), bits a second, and open sockets. One bucket of each and one count for all of
// them, so that no ceiling is exceeded over any window whatever the mix, and a thread with much to
// do uses what another leaves.
//
// Bits are those our side sends. Attempts wait for them: at most bits_per_second × w + 10 ms of it
// + one attempt in w seconds, plus what open conversations say meanwhile, which is a debt that new
// attempts wait for.
//
// Threads: any number.

#include <atomic>
#include <cstddef>
#include <mutex>

#include "base/time.h"
#include "base/token_bucket.h"

namespace hark {

// On the wire of an Ethernet: 14 + 20 + 40 bytes of a SYN with the usual options, and 24 of
// preamble, checksum and gap.
inline constexpr double kSynWireBytes = 98;
// Of a connect(): the SYN and the two the kernel repeats within 4 s, or SYN, ACK and FIN.
inline constexpr double kConnectWireBytes = 3 * kSynWireBytes;

class EngineBudget {
 public:
  // sharers: the engines that draw on it, at least 1.
  EngineBudget(double per_second, size_t slots, size_t sharers, MonoTime now);

  // Connection attempts a second; 0 = none.
  void SetRate(double per_second, MonoTime now);
  double rate() const;
  bool TakeToken(MonoTime now);
  // One that was taken and not used.
  void ReturnToken();
  // For SYNs: at most `most` tokens, and `leave` stay for others; how many.
  size_t TakeTokens(size_t most, size_t leave, MonoTime now);
  void ReturnTokens(size_t n);
  // Bits a second, 0 = no ceiling.
  void SetBandwidth(double bits_per_second);
  // A conversation said so much.
  void ChargeSaid(size_t bytes, MonoTime now);
  // When n tokens will be there for the caller; kNever at rate 0. Another may be quicker.
  MonoTime WhenTokens(double n, MonoTime now) const;

  void SetSlots(size_t slots) { slots_ = slots; }
  size_t slots() const { return slots_; }
  size_t slots_used() const { return used_; }
  bool HasSlot() const { return used_ < slots_; }
  // False when all are taken.
  bool TakeSlot();
  // For one who holds a slot already and will return one of the two.
  void AddSlot() { ++used_; }
  void ReturnSlot() { --used_; }

  size_t sharers() const { return sharers_; }

 private:
  Duration TimeOf(double bytes) const;
  MonoTime BytesFrom() const;

  mutable std::mutex mutex_;
  TokenBucket bucket_;                        // under mutex_, as the next two
  std::atomic<double> bytes_per_second_ = 0;  // written under it
  MonoTime bytes_earned_{};                   // when the line has carried all that was charged
  std::atomic<size_t> slots_;
  std::atomic<size_t> used_{0};
  const size_t sharers_;
};

}  // namespace hark
