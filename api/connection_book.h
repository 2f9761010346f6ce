#pragma once

// How many connections there are, in all and by client. Thread-safe.

#include <atomic>
#include <cstddef>
#include <mutex>
#include <string>
#include <unordered_map>

#include "api/http_limits.h"
#include "base/address.h"

namespace hark {

// 127.0.0.0/8 or ::1.
bool IsLoopback(const Address& address);

class ConnectionBook {
 public:
  explicit ConnectionBook(const HttpLimits& limits) : limits_(limits) {}

  enum class Entry : unsigned char { kWelcome, kFull, kTooManyOfYours };
  Entry Enter(const Address& client);
  // Once for each welcome.
  void Leave(const Address& client);

  size_t count() const { return count_.load(std::memory_order_relaxed); }
  // Three quarters of the places are taken: whoever is slow is hurried.
  bool crowded() const { return count() * 4 >= limits_.connections * 3; }

 private:
  bool Counts(const Address& client) const;

  const HttpLimits limits_;
  std::atomic<size_t> count_ = 0;
  std::mutex mutex_;
  std::unordered_map<std::string, size_t> of_client_;  // by its address, or its /64
};

}  // namespace hark
