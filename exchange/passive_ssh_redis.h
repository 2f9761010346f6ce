#pragma once

// The whole memory of a Passive SSH, read out of its Redis or kvrocks (docs/import-passive-ssh.md).
// Nothing is written there.
//
// The database dates key sets to the second, but banners, HASSHs and ports not at all:
//   - a host with one banner showed it at every visit, since no visit is recorded without one; the
//     same holds for its HASSH and its port;
//   - of several each is filed at the first and at the last visit, the bounds in which it was seen;
//   - key sets of a host with several ports are filed on the reference's port if it is one of them,
//     else on the lowest.

#include <functional>
#include <memory>
#include <string>

#include "exchange/imported_host.h"
#include "exchange/redis_link.h"

namespace hark {

class PassiveSshRedis {
 public:
  // Where to go on. Cursors are the server's: they hold as long as it runs.
  struct Place {
    uint64_t kind = 0;  // addresses, then onions, then the end
    uint64_t cursor = 0;
    bool operator==(const Place&) const = default;
  };

  explicit PassiveSshRedis(RedisLink& link);
  ~PassiveSshRedis();

  // Names the running server: while it is the same, a place holds. "" if it does not tell.
  Result<std::string> Identity();

  // Every host to the sink, and with Reached(kind + 1, cursor) how far it is. A host may come
  // twice. False: goes_on did not want more.
  Result<bool> Read(const Place& from, ImportSink& sink, const std::function<bool()>& goes_on);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace hark
