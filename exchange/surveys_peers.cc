#include "exchange/surveys_peers.h"

#include <algorithm>

#include "exchange/surveys_writer.h"

namespace hark {
namespace {

// Sets of keys whose hosts were counted; then all are forgotten.
constexpr size_t kMaxCounts = 100'000;
constexpr int kLocalShift = 8;

uint16_t BitOf(uint16_t port) {
  const int index = SurveyPortIndex(port);
  return index < 0 ? 0 : static_cast<uint16_t>(1U << index);
}

// Every local port with every remote one.
uint64_t MaskOf(uint16_t local, uint16_t remote) {
  uint64_t mask = 0;
  for (int port = 0; port < kLocalShift; ++port) {
    if ((local >> port & 1) != 0) mask |= static_cast<uint64_t>(remote) << (kLocalShift * port);
  }
  return mask;
}

}  // namespace

Result<SurveyPeers> SurveyPeers::Read(const RunReader& reader, const HostTable& hosts) {
  SurveyPeers out;
  const auto add = [&](const KeyId&, const std::vector<KeyPlace>& places) {
    if (HostsOf(places) < 2) return Status::Ok();
    const auto group = static_cast<uint32_t>(out.begins_.size());
    out.begins_.push_back(static_cast<uint32_t>(out.uses_.size()));
    const size_t first = out.uses_.size();
    for (const KeyPlace& place : places) {
      if (out.uses_.size() == first || out.uses_.back().host != place.host) {
        out.uses_.push_back({place.host, 0});
        out.groups_of_.emplace_back(place.host, group);
      }
      out.uses_.back().ports |= BitOf(place.port);
    }
    return Status::Ok();
  };
  HARK_RETURN_IF_ERROR(ForEachKeyGroup(reader, hosts, add));
  out.begins_.push_back(static_cast<uint32_t>(out.uses_.size()));
  std::sort(out.groups_of_.begin(), out.groups_of_.end());
  return out;
}

std::vector<uint32_t> SurveyPeers::GroupsOf(uint32_t host) const {
  std::vector<uint32_t> groups;
  const std::pair<uint32_t, uint32_t> from{host, 0};
  for (auto at = std::lower_bound(groups_of_.begin(), groups_of_.end(), from);
       at != groups_of_.end() && at->first == host; ++at) {
    groups.push_back(at->second);
  }
  return groups;
}

// Hosts of a large cluster mostly share the same keys, so each set is counted once.
uint64_t SurveyPeers::CountPeers(const std::vector<uint32_t>& groups) const {
  if (groups.empty()) return 0;
  if (groups.size() == 1) return begins_[groups[0] + 1] - begins_[groups[0]] - 1;
  if (counts_.size() >= kMaxCounts) counts_.clear();
  const auto [at, is_new] = counts_.try_emplace(groups, 0);
  if (!is_new) return at->second;
  std::vector<uint32_t> hosts;
  for (const uint32_t group : groups) {
    for (uint32_t i = begins_[group]; i < begins_[group + 1]; ++i) hosts.push_back(uses_[i].host);
  }
  std::sort(hosts.begin(), hosts.end());
  hosts.erase(std::unique(hosts.begin(), hosts.end()), hosts.end());
  at->second = hosts.size() - 1;
  return at->second;
}

std::vector<SurveyPeer> SurveyPeers::Of(uint32_t host, uint64_t most, uint64_t* count) const {
  const std::vector<uint32_t> groups = GroupsOf(host);
  *count = CountPeers(groups);
  std::map<uint32_t, uint64_t> peers;
  for (const uint32_t group : groups) {
    const auto begin = uses_.begin() + begins_[group], end = uses_.begin() + begins_[group + 1];
    const auto own = std::lower_bound(
        begin, end, host, [](const Use& use, uint32_t wanted) { return use.host < wanted; });
    bool listed = false;
    for (auto use = begin; use != end; ++use) {
      if (use->host == host) continue;
      const bool known = peers.contains(use->host);
      // Each key keeps one of its peers at least, so that the listed ones hold together.
      if (!known && peers.size() >= most && listed) break;
      listed = true;
      peers[use->host] |= MaskOf(own->ports, use->ports);
    }
  }
  std::vector<SurveyPeer> out;
  for (const auto& [peer, mask] : peers) out.push_back({peer, mask});
  return out;
}

}  // namespace hark
