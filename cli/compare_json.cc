#include "cli/compare_json.h"

#include <nlohmann/json.hpp>

#include "cli/compare_tables.h"
#include "cli/render_text.h"

namespace hark {
namespace {

using Json = nlohmann::ordered_json;
constexpr uint32_t kNone = Clustering::kNone;

Json IdOf(const ComparedRun& run, uint32_t cluster) {
  return cluster == kNone ? Json(nullptr) : Json(run.clustering.clusters[cluster].id);
}

Json IdsOf(const ComparedRun& run, const std::vector<uint32_t>& clusters) {
  Json out = Json::array();
  for (const uint32_t cluster : clusters) out.push_back(IdOf(run, cluster));
  return out;
}

Json HexOf(const std::vector<KeyId>& keys) {
  Json out = Json::array();
  for (const KeyId& key : keys) out.push_back(key.ToHex());
  return out;
}

Json AddressesOf(const ComparedRun& run, const std::vector<uint32_t>& hosts) {
  Json out = Json::array();
  for (const uint32_t host : hosts) out.push_back(run.hosts.address(host).ToString());
  return out;
}

// {name: count} in the order of an enum.
template <typename Fate, size_t n>
Json CountsJson(const std::array<uint64_t, n>& counts, std::string_view (*name)(Fate)) {
  Json out = Json::object();
  for (size_t i = 0; i < n; ++i) out[std::string(name(static_cast<Fate>(i)))] = counts[i];
  return out;
}

Json CategoriesJson(const Evolution& evolution) {
  Json out = Json::object();
  out["disappeared"] = evolution.CountBefore(ClusterFate::kUnlinked);
  out["appeared"] = evolution.CountAfter(ClusterFate::kUnlinked);
  for (const ClusterFate fate :
       {ClusterFate::kByAddress, ClusterFate::kByKey, ClusterFate::kByBoth}) {
    out[std::string(ClusterFateName(fate))] = evolution.CountBefore(fate);
  }
  out["complex"] = {{"before", evolution.CountBefore(ClusterFate::kComplex)},
                    {"after", evolution.CountAfter(ClusterFate::kComplex)}};
  return out;
}

Json MatchedJson(const MatchedCounts& counts) {
  return {{"matched", counts.matched},
          {"same_id", counts.same_id},
          {"same_members", counts.same_members},
          {"grew", counts.grew},
          {"shrank", counts.shrank},
          {"exchanged", counts.exchanged}};
}

Json ClustersJson(const ComparedRun& run, const ComparedRun& other,
                  const std::vector<ClusterPast>& pasts, bool of_before) {
  Json out = Json::array();
  for (uint32_t i = 0; i < pasts.size(); ++i) {
    const ClusterPast& past = pasts[i];
    out.push_back({{"id", IdOf(run, i)},
                   {"size", run.clustering.clusters[i].members.size()},
                   {"category", CategoryName(past.fate, of_before)},
                   {"match", IdOf(other, past.match)},
                   {"links", past.links},
                   {"seen_hosts", past.seen_hosts},
                   {"lone_keys", past.lone_keys}});
  }
  return out;
}

Json LinksJson(const RunComparison& c) {
  Json out = Json::array();
  for (const ClusterLink& link : c.evolution.links) {
    out.push_back({{"before", IdOf(c.before, link.before)},
                   {"after", IdOf(c.after, link.after)},
                   {"shared_addresses", link.shared_addresses},
                   {"shared_keys", link.shared_keys},
                   {"unchanged_hosts", link.unchanged_hosts},
                   {"matched", link.matched}});
  }
  return out;
}

Json ComplexJson(const RunComparison& c) {
  Json out = Json::array();
  for (const ComplexGroup& group : c.evolution.complex) {
    out.push_back({{"before", IdsOf(c.before, group.before)},
                   {"after", IdsOf(c.after, group.after)},
                   {"links", group.links}});
  }
  return out;
}

Json ClusterEventsJson(const RunComparison& c) {
  Json out = Json::array();
  for (const ClusterEvent& event : FindClusterEvents(c.evolution)) {
    const ComparedRun& run = event.split ? c.before : c.after;
    const ComparedRun& other = event.split ? c.after : c.before;
    out.push_back({{"event", event.split ? "split" : "merged"},
                   {"cluster", IdOf(run, event.cluster)},
                   {event.split ? "into" : "of", IdsOf(other, event.others)}});
  }
  return out;
}

Json HostEventsJson(const RunComparison& c) {
  Json out = Json::array();
  for (const HostEvent& event : c.events.host_events) {
    const bool after = event.fate == HostFate::kAppeared || event.fate == HostFate::kGainedKeys;
    const ComparedRun& run = after ? c.after : c.before;
    out.push_back({{"event", HostFateName(event.fate)},
                   {"address", run.hosts.address(event.host).ToString()},
                   {"asn", run.hosts.asn(event.host)},
                   {"cluster", IdOf(run, run.clustering.cluster_of[event.host])}});
  }
  return out;
}

Json RotationsJson(const RunComparison& c) {
  Json out = Json::array();
  for (const RotationEvent& event : c.events.rotations) {
    out.push_back({{"address", c.before.hosts.address(event.host).ToString()},
                   {"port", event.port},
                   {"asn", c.before.hosts.asn(event.host)},
                   {"cluster", IdOf(c.before, c.before.clustering.cluster_of[event.host])},
                   {"before", HexOf(event.gone)},
                   {"after", HexOf(event.fresh)}});
  }
  return out;
}

Json MovesJson(const RunComparison& c) {
  Json out = Json::array();
  for (const MoveEvent& event : c.events.moves) {
    out.push_back({{"event", KeyFateName(event.fate)},
                   {"key", event.key.ToHex()},
                   {"left_hosts", event.left_hosts},
                   {"gained_hosts", event.gained_hosts},
                   {"stayed_hosts", event.stayed_hosts},
                   {"left", AddressesOf(c.before, event.left)},
                   {"gained", AddressesOf(c.after, event.gained)}});
  }
  return out;
}

Json PortsJson(const Events& events) {
  Json out = Json::object();
  for (const auto& [port, counts] : events.by_port) {
    out[std::to_string(port)] = CountsJson(counts, PortFateName);
  }
  return out;
}

}  // namespace

Json ComparedRunJson(const ComparedRun& run) {
  const proto::RunRow& row = run.reader->run();
  return {{"run", run.name()},
          {"country", row.country()},
          {"state", row.state() == proto::RunRow::DONE ? "done" : "open"},
          {"started", FormatUtc(row.created_unix_ms())},
          {"crypto", run.clustering.crypto_hosts},
          {"clustered", run.clustering.clustered_hosts},
          {"unique_keys", run.clustering.unique_keys},
          {"clusters", run.clustering.clusters.size()}};
}

std::string ComparisonAsJson(const RunComparison& c, const std::vector<std::string>& scope) {
  const Evolution& evolution = c.evolution;
  const Json out = {{"before", ComparedRunJson(c.before)},
                    {"after", ComparedRunJson(c.after)},
                    {"categories", CategoriesJson(evolution)},
                    {"matched", MatchedJson(evolution.matched)},
                    {"hosts", CountsJson(c.events.hosts, HostFateName)},
                    {"ports", CountsJson(c.events.ports, PortFateName)},
                    {"by_port", PortsJson(c.events)},
                    {"keys", CountsJson(c.events.keys, KeyFateName)},
                    {"clusters_before", ClustersJson(c.before, c.after, evolution.before, true)},
                    {"clusters_after", ClustersJson(c.after, c.before, evolution.after, false)},
                    {"links", LinksJson(c)},
                    {"complex", ComplexJson(c)},
                    {"cluster_events", ClusterEventsJson(c)},
                    {"host_events", HostEventsJson(c)},
                    {"rotations", RotationsJson(c)},
                    {"moves", MovesJson(c)},
                    {"scope", scope}};
  return out.dump(2) + "\n";
}

}  // namespace hark
