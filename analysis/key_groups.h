#pragma once

// The key index of a run, a key at a time: every place where hosts that take part showed it. One
// pass, read by a thread of its own; holds the places of one key. Everything that counts how often
// keys are used is made of this.

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "analysis/host_table.h"
#include "base/status.h"
#include "keys/key_id.h"
#include "storage/run_reader.h"

namespace hark {

// Where a run showed a key.
struct KeyPlace {
  uint32_t host = 0;  // number in the run's HostTable
  uint16_t port = 0;

  auto operator<=>(const KeyPlace&) const = default;
};

// The number of the use's host, nullopt when that does not take part. kCorruption when it is not
// among the hosts.
Result<std::optional<uint32_t>> HostOfUse(const HostTable& hosts, const KeyUse& use);

// Keys ascending; the places of each by host, then port, none twice, at least one. An error of the
// visitor, which must leave the reader alone, ends the pass with it.
Status ForEachKeyGroup(
    const RunReader& reader, const HostTable& hosts,
    const std::function<Status(const KeyId& key, const std::vector<KeyPlace>& places)>& visit);

// How many hosts the places are on.
uint64_t HostsOf(const std::vector<KeyPlace>& places);

}  // namespace hark
