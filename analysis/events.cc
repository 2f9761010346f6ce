#include "analysis/events.h"

#include <algorithm>

namespace hark {
namespace {

// Of a host before, in seen_before_.
constexpr uint8_t kCrypto = 1;    // it showed a key
constexpr uint8_t kKept = 2;      // a key that it shows still
constexpr uint8_t kLost = 4;      // a key that it does not show any more
constexpr uint8_t kFreshKey = 8;  // and it shows one that it did not

// What became of one key on one port; packed below host and port, so that sorting brings what
// happened to a port together.
enum Change : uint64_t { kSame = 0, kGone = 1, kFresh = 2 };

uint64_t Pack(uint32_t before_host, uint16_t port, Change change) {
  return uint64_t{before_host} << 18 | uint64_t{port} << 2 | change;
}
uint32_t HostOf(uint64_t packed) {
  return static_cast<uint32_t>(packed >> 18);
}
uint16_t PortOf(uint64_t packed) {
  return static_cast<uint16_t>(packed >> 2);
}

// visit(before's host, port, change) for each port at which a host that is there in both runs
// showed the key in either.
template <typename Visit>
void ForEachPortChange(std::span<const KeyPlace> before, std::span<const KeyPlace> after,
                       const HostPairs& pairs, Visit visit) {
  size_t b = 0;
  size_t a = 0;
  while (true) {
    while (b < before.size() && pairs.after_of[before[b].host] == HostPairs::kNone) ++b;
    while (a < after.size() && pairs.before_of[after[a].host] == HostPairs::kNone) ++a;
    if (b == before.size() && a == after.size()) return;
    constexpr KeyPlace kEnd{UINT32_MAX, UINT16_MAX};
    const KeyPlace old = b < before.size() ? before[b] : kEnd;
    const KeyPlace now =
        a < after.size() ? KeyPlace{pairs.before_of[after[a].host], after[a].port} : kEnd;
    const KeyPlace at = std::min(old, now);
    visit(at.host, at.port, old == now ? kSame : old < now ? kGone : kFresh);
    b += old <= now ? 1 : 0;
    a += now <= old ? 1 : 0;
  }
}

PortFate FateOfPort(bool gone, bool fresh) {
  if (gone) return fresh ? PortFate::kRotated : PortFate::kDropped;
  return fresh ? PortFate::kAdded : PortFate::kSame;
}

std::vector<uint32_t> FirstOf(const std::vector<uint32_t>& hosts) {
  const size_t n = std::min(kHostsOfMove, hosts.size());
  return {hosts.begin(), hosts.begin() + static_cast<ptrdiff_t>(n)};
}

// Whether x is listed before y.
bool MoreMoved(const MoveEvent& x, const MoveEvent& y) {
  const uint64_t hosts_x = x.left_hosts + x.gained_hosts;
  const uint64_t hosts_y = y.left_hosts + y.gained_hosts;
  return hosts_x != hosts_y ? hosts_x > hosts_y : x.key < y.key;
}

}  // namespace

std::string_view HostFateName(HostFate fate) {
  switch (fate) {
    case HostFate::kSameKeys:
      return "same-keys";
    case HostFate::kSomeKeys:
      return "some-keys";
    case HostFate::kOtherKeys:
      return "other-keys";
    case HostFate::kLostKeys:
      return "lost-keys";
    case HostFate::kVanished:
      return "vanished";
    case HostFate::kGainedKeys:
      return "gained-keys";
    case HostFate::kAppeared:
      return "appeared";
  }
  return "unknown";
}

std::string_view PortFateName(PortFate fate) {
  switch (fate) {
    case PortFate::kSame:
      return "same";
    case PortFate::kRotated:
      return "rotated";
    case PortFate::kAdded:
      return "added";
    case PortFate::kDropped:
      return "dropped";
  }
  return "unknown";
}

EventsBuilder::EventsBuilder(const ComparedRun& before, const ComparedRun& after,
                             const HostPairs& pairs, size_t listed)
    : before_(before),
      after_(after),
      pairs_(pairs),
      listed_(listed),
      seen_before_(before.hosts.size()),
      crypto_after_(after.hosts.size()) {
  // What is never written costs address space only; growing would hold it twice.
  port_changes_.reserve(before.clustering.key_uses + after.clustering.key_uses);
}

void EventsBuilder::Add(const KeyChange& key) {
  ++out_.keys[static_cast<size_t>(key.fate())];
  for (const KeyPlace& use : key.before) seen_before_[use.host] |= kCrypto;
  for (const KeyPlace& use : key.after) crypto_after_[use.host] = true;
  for (const uint32_t host : key.stayed) seen_before_[host] |= kKept;
  for (const uint32_t host : key.left) seen_before_[host] |= kLost;
  for (const uint32_t host : key.gained) {
    const uint32_t same = pairs_.before_of[host];
    if (same != HostPairs::kNone) seen_before_[same] |= kFreshKey;
  }
  NotePorts(key);
  NoteMove(key);
}

void EventsBuilder::NotePorts(const KeyChange& key) {
  ForEachPortChange(key.before, key.after, pairs_, [&](uint32_t host, uint16_t port, Change what) {
    port_changes_.push_back(Pack(host, port, what));
  });
}

// The listed_ largest, as a heap whose front is the first to go.
void EventsBuilder::NoteMove(const KeyChange& key) {
  const KeyFate fate = key.fate();
  if (listed_ == 0 || (fate != KeyFate::kMoved && fate != KeyFate::kShifted)) return;
  MoveEvent move{key.key, fate, key.left.size(), key.gained.size(), key.stayed.size(), {}, {}};
  std::vector<MoveEvent>& moves = out_.moves;
  if (moves.size() == listed_) {
    if (!MoreMoved(move, moves.front())) return;
    std::pop_heap(moves.begin(), moves.end(), MoreMoved);
    moves.pop_back();
  }
  move.left = FirstOf(key.left);
  move.gained = FirstOf(key.gained);
  moves.push_back(std::move(move));
  std::push_heap(moves.begin(), moves.end(), MoreMoved);
}

void EventsBuilder::CountPorts() {
  std::sort(port_changes_.begin(), port_changes_.end());
  for (size_t i = 0; i < port_changes_.size();) {
    const uint32_t host = HostOf(port_changes_[i]);
    const uint16_t port = PortOf(port_changes_[i]);
    bool gone = false;
    bool fresh = false;
    for (; i < port_changes_.size() && port_changes_[i] >> 2 == Pack(host, port, kSame) >> 2; ++i) {
      gone |= (port_changes_[i] & 3) == kGone;
      fresh |= (port_changes_[i] & 3) == kFresh;
    }
    const PortFate fate = FateOfPort(gone, fresh);
    ++out_.ports[static_cast<size_t>(fate)];
    ++out_.by_port[port][static_cast<size_t>(fate)];
    if (fate == PortFate::kRotated && out_.rotations.size() < listed_) {
      out_.rotations.push_back({host, port, {}, {}});
    }
  }
}

HostFate EventsBuilder::FateOfBoth(uint32_t before_host) const {
  const uint8_t seen = seen_before_[before_host];
  if ((seen & kKept) == 0) return HostFate::kOtherKeys;
  return (seen & (kLost | kFreshKey)) == 0 ? HostFate::kSameKeys : HostFate::kSomeKeys;
}

void EventsBuilder::CountHost(HostFate fate, uint32_t host) {
  const uint64_t nth = out_.hosts[static_cast<size_t>(fate)]++;
  if (nth < listed_ && fate != HostFate::kSameKeys) out_.host_events.push_back({fate, host});
}

void EventsBuilder::CountHosts() {
  for (uint32_t host = 0; host < before_.hosts.size(); ++host) {
    const bool crypto = (seen_before_[host] & kCrypto) != 0;
    const uint32_t same = pairs_.after_of[host];
    if (same == HostPairs::kNone) {
      if (crypto) CountHost(HostFate::kVanished, host);
    } else if (crypto) {
      CountHost(crypto_after_[same] ? FateOfBoth(host) : HostFate::kLostKeys, host);
    } else if (crypto_after_[same]) {
      CountHost(HostFate::kGainedKeys, same);
    }
  }
  for (uint32_t host = 0; host < after_.hosts.size(); ++host) {
    const bool there = pairs_.before_of[host] != HostPairs::kNone;
    if (crypto_after_[host] && !there) CountHost(HostFate::kAppeared, host);
  }
}

Events EventsBuilder::Finish() && {
  CountPorts();
  CountHosts();
  std::sort_heap(out_.moves.begin(), out_.moves.end(), MoreMoved);
  return std::move(out_);
}

Status FillRotations(const ComparedRun& before, const ComparedRun& after, const HostPairs& pairs,
                     std::vector<RotationEvent>& rotations) {
  if (rotations.empty()) return Status::Ok();
  const auto less = [](const RotationEvent& event, const KeyPlace& at) {
    return KeyPlace{event.host, event.port} < at;
  };
  const ComparedRun* const runs[] = {&before, &after};
  return MergeKeys(runs, [&](const KeyId& key, std::span<const std::vector<KeyPlace>> by_run) {
    ForEachPortChange(by_run[0], by_run[1], pairs, [&](uint32_t host, uint16_t port, Change what) {
      const KeyPlace wanted{host, port};
      const auto at = std::lower_bound(rotations.begin(), rotations.end(), wanted, less);
      if (at == rotations.end() || KeyPlace{at->host, at->port} != wanted) return;
      if (what == kGone) at->gone.push_back(key);
      if (what == kFresh) at->fresh.push_back(key);
    });
    return Status::Ok();
  });
}

}  // namespace hark
