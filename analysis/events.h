#pragma once

// What happened to the hosts and keys of a run by the time of another: exact counts of every kind,
// and the first or largest of each kind one by one. Only hosts that take part count; a host *is
// there* when it was grabbed, whether or not it showed a key.

#include <array>
#include <cstdint>
#include <map>
#include <string_view>
#include <vector>

#include "analysis/key_change.h"

namespace hark {

// Of the addresses with a key in either run, and what they showed; each is one of these.
enum class HostFate {
  kSameKeys,    // exactly the same keys, whatever the ports
  kSomeKeys,    // at least one key is the same, and one is not
  kOtherKeys,   // keys in both runs, none the same: a new machine, or all keys rotated
  kLostKeys,    // is there, without a key
  kVanished,    // is not there any more
  kGainedKeys,  // was there, without a key
  kAppeared,    // was not there
};
inline constexpr int kHostFateCount = 7;
// Stable names: "same-keys" … "appeared".
std::string_view HostFateName(HostFate fate);

// Of the (address, port) pairs with a key in either run, at hosts that are there in both.
enum class PortFate {
  kSame,     // the same keys
  kRotated,  // a key of before is gone and a new one is there
  kAdded,    // only new ones came
  kDropped,  // only old ones went
};
inline constexpr int kPortFateCount = 4;
// Stable names: "same", "rotated", "added", "dropped".
std::string_view PortFateName(PortFate fate);

struct HostEvent {
  HostFate fate = HostFate::kSameKeys;
  uint32_t host = 0;  // after's number for kGainedKeys and kAppeared, else before's
};

struct RotationEvent {
  uint32_t host = 0;  // before's number
  uint16_t port = 0;
  std::vector<KeyId> gone, fresh;  // ascending, at least one each
};

// A key that left addresses and turned up at others. Before's and after's numbers, ascending, of
// which only the first kHostsOfMove are kept.
struct MoveEvent {
  KeyId key;
  KeyFate fate = KeyFate::kMoved;  // or kShifted
  uint64_t left_hosts = 0;
  uint64_t gained_hosts = 0;
  uint64_t stayed_hosts = 0;
  std::vector<uint32_t> left, gained;
};
inline constexpr size_t kHostsOfMove = 20;  // enough to look into it; the counts say the rest

struct Events {
  std::array<uint64_t, kHostFateCount> hosts{};
  std::array<uint64_t, kPortFateCount> ports{};
  std::map<uint16_t, std::array<uint64_t, kPortFateCount>> by_port;  // their sum is `ports`
  std::array<uint64_t, kKeyFateCount> keys{};

  // At most as many of each kind as were asked for; hosts and rotations in address order, moves
  // those of the most hosts first. Hosts with the same keys are not events.
  std::vector<HostEvent> host_events;
  std::vector<RotationEvent> rotations;
  std::vector<MoveEvent> moves;

  uint64_t of(HostFate fate) const { return hosts[static_cast<size_t>(fate)]; }
  uint64_t of(PortFate fate) const { return ports[static_cast<size_t>(fate)]; }
  uint64_t of(KeyFate fate) const { return keys[static_cast<size_t>(fate)]; }
};

// Fed with every key of the two runs. 8 bytes for each key on each port of hosts that are there in
// both runs, and 1 for each host.
class EventsBuilder {
 public:
  // All must outlive the builder. listed: so many events of each kind are listed.
  EventsBuilder(const ComparedRun& before, const ComparedRun& after, const HostPairs& pairs,
                size_t listed);

  void Add(const KeyChange& key);
  // The rotations have no keys yet: FillRotations goes over the keys once more for those listed.
  Events Finish() &&;

 private:
  void NotePorts(const KeyChange& key);
  void NoteMove(const KeyChange& key);
  void CountPorts();
  void CountHosts();
  void CountHost(HostFate fate, uint32_t host);
  HostFate FateOfBoth(uint32_t before_host) const;

  const ComparedRun& before_;
  const ComparedRun& after_;
  const HostPairs& pairs_;
  const size_t listed_;
  std::vector<uint8_t> seen_before_;    // what is known of a host, bits: see the .cc
  std::vector<bool> crypto_after_;      // by after's hosts
  std::vector<uint64_t> port_changes_;  // packed, see the .cc
  Events out_;
};

Status FillRotations(const ComparedRun& before, const ComparedRun& after, const HostPairs& pairs,
                     std::vector<RotationEvent>& rotations);

}  // namespace hark
