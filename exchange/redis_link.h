#pragma once

// Questions to a Redis, or to anything that speaks its protocol (kvrocks), many at a time. There
// are only the questions below: nothing here can change what the server holds.
//
// Threads: a link belongs to one.

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/host_port.h"
#include "base/status.h"

namespace hark {

enum class RedisVerb : uint8_t {
  kInfo,      // INFO server
  kScanSet,   // SSCAN key `more` COUNT 1000: items, and the next cursor as text
  kMembers,   // SMEMBERS key: items
  kSequence,  // ZRANGE key 0 -1: items in order
  kField,     // HGET key `more`: text, "" if there is none
};

struct RedisQuestion {
  RedisVerb verb = RedisVerb::kMembers;
  std::string key;
  std::string more;
};

struct RedisAnswer {
  bool wrong_kind = false;  // the key holds something else than was asked for
  std::string text;
  std::vector<std::string> items;
};

class RedisLink {
 public:
  virtual ~RedisLink() = default;
  // An answer for each question, in order. kIo when the server goes away, kUnavailable when it
  // says that it cannot answer now or to us.
  virtual Result<std::vector<RedisAnswer>> Ask(const std::vector<RedisQuestion>& questions) = 0;
};

// What is sent for a question.
std::vector<std::string> RedisWords(const RedisQuestion& question);

// db: its number; only other ones than 0 are selected.
Result<std::unique_ptr<RedisLink>> ConnectRedis(const HostPort& server, uint32_t db);

}  // namespace hark
