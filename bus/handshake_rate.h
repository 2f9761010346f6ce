#pragma once

// How often one enrolled key may shake hands.
//
// An honest worker does it once a connection. A key that does it all the time is a broken worker or
// a stolen key, and two faults of libzmq 4.3.4 need many connections of one peer: a ROUTER asserts
// when a peer has chosen the routing id that the ROUTER gives itself next (a random start in 2^32,
// one further a connection), and every connection may hold one unfinished message.
//
// Threads: one.

#include <map>
#include <string>
#include <string_view>

#include "base/time.h"

namespace hark {

class HandshakeRate {
 public:
  // One a second on average: a worker that is restarted in a loop still gets in.
  static constexpr int kMost = 60;
  static constexpr Duration kWindow = std::chrono::minutes(1);

  // Counts one; false when this window's are used up. Only for keys that are enrolled: a row a key
  // is kept.
  bool Allow(std::string_view key, MonoTime now);

 private:
  struct Window {
    MonoTime until;
    int count = 0;
  };
  std::map<std::string, Window, std::less<>> windows_;
};

}  // namespace hark
