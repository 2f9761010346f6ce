#pragma once

// Flags that several commands have: how hosts are talked to, how fast, and which must be left
// alone. A command adds the groups it has to its own table (cli/flags.h).

#include <cstdint>
#include <initializer_list>
#include <string>
#include <vector>

#include "cli/flags.h"
#include "proto/wire.pb.h"

namespace hark {

// How a host is talked to.
struct ProbeWishes {
  std::vector<uint16_t> ports = {22, 25, 110, 143, 443, 587, 993};
  std::string contact;
  std::string ehlo_name;
  uint32_t connect_timeout_ms = 4000;
  uint32_t greeting_timeout_ms = 30000;
  uint32_t conversation_timeout_ms = 60000;
  uint32_t pause_min_ms = 2000;
  uint32_t pause_max_ms = 5000;
  std::string handshake = "full";
  bool all_leaves = false;
  bool force_starttls = false;
  bool http_get = false;
};
std::vector<Flag> ProbeFlags(ProbeWishes& wishes);
// What one flag cannot know of another. Sorts the ports; one named twice counts once.
Status CheckProbes(ProbeWishes& wishes, const ParsedFlags& parsed);
// Without what concerns many hosts: concurrency, further visits.
proto::ProbePolicy PolicyOf(const ProbeWishes& wishes);

// How much at once.
struct PaceWishes {
  double rate = 150;
  uint32_t concurrency = 500;
  uint32_t threads = 1;
};
std::vector<Flag> PaceFlags(PaceWishes& wishes);
// The sockets a rate needs: an unanswered knock holds one until the connect time-out.
uint32_t ConcurrencyFor(double rate, uint32_t connect_timeout_ms);

// Who must not be visited, and who may although special.
struct ClosedWishes {
  std::vector<std::string> exclude;
  std::vector<std::string> allow_special;
};
std::vector<Flag> ClosedFlags(ClosedWishes& wishes);

// Strangers must be able to find out who knocked. strangers: public addresses among the targets.
Status CheckContact(const std::string& contact, uint64_t strangers);

std::vector<Flag> AllFlags(std::initializer_list<std::vector<Flag>> groups);

}  // namespace hark
