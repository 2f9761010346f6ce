#pragma once

// What of the history is Passive SSH's business. A place (host and port) speaks SSH if it ever
// showed an algorithm list or an identification ("SSH-..."), or a key where only SSH can have shown
// it: on an SSH port, or on a port hark knows no protocol for and no certificate was seen on. A key
// of such a place is an SSH key; a key seen elsewhere is TLS's.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/host_id.h"
#include "base/status.h"
#include "storage/history.h"

namespace hark {

// An SSH identification, as opposed to the greetings of other services.
bool IsSshBanner(std::string_view text);

Result<bool> SpeaksSsh(const HistoryReader& history, uint16_t port, const Timeline& timeline);

// Ports of a host that speak SSH, ascending.
Result<std::vector<PortHistory>> SshPortsOf(const HistoryReader& history, const HostId& host);

// Hosts that showed any of some facts, in order and each once, a few at a time. Of keys only places
// that speak SSH count. One thread.
class SshHostWalk {
 public:
  // Begins behind `after`, or at the first.
  SshHostWalk(std::shared_ptr<const HistoryReader> history, std::vector<Fact> facts,
              std::optional<HostId> after = std::nullopt);

  // At most `most` more; none if there are no more.
  Result<std::vector<HostId>> Next(size_t most);
  // Every host, if that takes looking at no more than so many places; nullopt otherwise.
  Result<std::optional<std::vector<HostId>>> AllWithin(size_t places);

 private:
  // Of one fact, behind after_; places: how many may still be looked at.
  Result<std::vector<HostId>> NextOf(const Fact& fact, size_t most, size_t* places) const;
  Result<bool> Counts(const Fact& fact, const FactUse& use) const;
  Result<std::vector<HostId>> NextWithin(size_t most, size_t* places);

  std::shared_ptr<const HistoryReader> history_;
  std::vector<Fact> facts_;
  std::optional<HostId> after_;
};

// First and last sighting of keys over all places that speak SSH.
struct SightedSpan {
  int64_t first_unix_s = INT64_MAX;
  int64_t last_unix_s = INT64_MIN;

  bool empty() const { return first_unix_s > last_unix_s; }
  void Add(int64_t from_unix_s, int64_t to_unix_s);
};
// hosts: if not null, gets the hosts as well, in order and each once. nullopt: more than so many
// places to look at.
Result<std::optional<SightedSpan>> SshSpanOf(const HistoryReader& history,
                                             const std::vector<Fact>& keys, size_t most_places,
                                             std::vector<HostId>* hosts = nullptr);

}  // namespace hark
