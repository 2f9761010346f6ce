#include "analysis/port_trust.h"

#include "base/distinct.h"

namespace hark {

void PortTrustTally::AddListener(uint16_t port) {
  ++listeners_[port];
}

void PortTrustTally::Add(const TrustShow& show) {
  const uint64_t where = uint64_t{show.shared_key} << 16 | show.port;
  const uint32_t at = index_.FindOrInsert(where, static_cast<uint32_t>(keys_.size()));
  if (at == keys_.size()) keys_.push_back({show.shared_key, show.port});
  KeyOnPort& key = keys_[at];
  if (key.hosts == 0) key.names_hash = show.names_hash;
  if (key.names_hash != show.names_hash) key.names_differ = true;
  if (key.last_host != show.host) ++key.hosts;
  key.last_host = show.host;
  (show.trusted ? key.trusted : key.untrusted) = true;
  key.wildcard |= show.wildcard;
  seen_.push_back({show.host, at, show.trusted, show.wildcard});
}

// A key re-used on three ports is one key of the total.
void PortTrustTally::CountKeys(PortTrusts& out) const {
  std::vector<uint32_t> trusted, wildcard, mixed_trust, mixed_names;
  const auto count = [](bool holds, uint32_t key, uint64_t& of_port, std::vector<uint32_t>& all) {
    if (!holds) return;
    ++of_port;
    all.push_back(key);
  };
  for (const KeyOnPort& key : keys_) {
    if (key.hosts < 2) continue;
    PortTrust& port = out.ports[key.port];
    count(key.trusted, key.key, port.trusted.keys, trusted);
    count(key.wildcard, key.key, port.wildcard.keys, wildcard);
    count(key.trusted && key.untrusted, key.key, port.mixed_trust, mixed_trust);
    count(key.names_differ, key.key, port.mixed_names, mixed_names);
  }
  out.total.trusted.keys = Distinct(std::move(trusted)).size();
  out.total.wildcard.keys = Distinct(std::move(wildcard)).size();
  out.total.mixed_trust = Distinct(std::move(mixed_trust)).size();
  out.total.mixed_names = Distinct(std::move(mixed_names)).size();
}

// A host that shows two such certificates on one port, one of each key type, is one host/port.
void PortTrustTally::CountShows(PortTrusts& out, bool Seen::*property,
                                ReusedKeys PortTrust::*count) const {
  std::map<uint16_t, uint32_t> last_on_port;
  uint32_t last = kNoHost;
  for (const Seen& seen : seen_) {
    const KeyOnPort& key = keys_[seen.key_on_port];
    if (!(seen.*property) || key.hosts < 2) continue;
    uint32_t& last_here = last_on_port.try_emplace(key.port, kNoHost).first->second;
    if (last_here != seen.host) {
      ReusedKeys& here = out.ports[key.port].*count;
      ++here.host_ports;
      ++here.hosts;
      ++(out.total.*count).host_ports;
    }
    if (last != seen.host) ++(out.total.*count).hosts;
    last_here = last = seen.host;
  }
}

PortTrusts PortTrustTally::Finish() const {
  PortTrusts out;
  for (const auto& [port, listeners] : listeners_) {
    out.ports[port].listeners = listeners;
    out.total.listeners += listeners;
  }
  CountKeys(out);
  CountShows(out, &Seen::trusted, &PortTrust::trusted);
  CountShows(out, &Seen::wildcard, &PortTrust::wildcard);
  return out;
}

}  // namespace hark
