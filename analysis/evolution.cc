#include "analysis/evolution.h"

#include <algorithm>
#include <numeric>
#include <tuple>

#include "analysis/union_find.h"

namespace hark {
namespace {

constexpr uint32_t kNone = Clustering::kNone;

ClusterFate FateOfLink(const ClusterLink& link) {
  if (link.shared_keys == 0) return ClusterFate::kByAddress;
  return link.shared_addresses == 0 ? ClusterFate::kByKey : ClusterFate::kByBoth;
}

uint64_t Count(const std::vector<ClusterPast>& clusters, ClusterFate fate) {
  return static_cast<uint64_t>(std::count_if(clusters.begin(), clusters.end(),
                                             [&](const auto& past) { return past.fate == fate; }));
}

// The number of a pair in a list that holds it or not; `at` moves along as pairs come in order.
uint64_t TakeCount(const std::vector<PairCount>& counts, size_t& at, const ClusterLink& link) {
  const auto wanted = std::tie(link.before, link.after);
  while (at < counts.size() && std::tie(counts[at].a, counts[at].b) < wanted) ++at;
  const bool found = at < counts.size() && std::tie(counts[at].a, counts[at].b) == wanted;
  return found ? counts[at].count : 0;
}

}  // namespace

std::string_view ClusterFateName(ClusterFate fate) {
  switch (fate) {
    case ClusterFate::kUnlinked:
      return "unlinked";
    case ClusterFate::kByAddress:
      return "address";
    case ClusterFate::kByKey:
      return "key";
    case ClusterFate::kByBoth:
      return "both";
    case ClusterFate::kComplex:
      return "complex";
  }
  return "unknown";
}

uint64_t Evolution::CountBefore(ClusterFate fate) const {
  return Count(before, fate);
}
uint64_t Evolution::CountAfter(ClusterFate fate) const {
  return Count(after, fate);
}

std::vector<ClusterEvent> FindClusterEvents(const Evolution& evolution) {
  std::vector<std::vector<uint32_t>> into(evolution.before.size());
  std::vector<std::vector<uint32_t>> of(evolution.after.size());
  for (const ClusterLink& link : evolution.links) {
    into[link.before].push_back(link.after);
    of[link.after].push_back(link.before);
  }
  std::vector<ClusterEvent> events;
  for (const bool split : {true, false}) {
    auto& partners = split ? into : of;
    for (uint32_t i = 0; i < partners.size(); ++i) {
      if (partners[i].size() > 1) events.push_back({split, i, std::move(partners[i])});
    }
  }
  return events;
}

EvolutionBuilder::EvolutionBuilder(const ComparedRun& before, const ComparedRun& after,
                                   const HostPairs& pairs)
    : before_(before),
      after_(after),
      pairs_(pairs),
      unchanged_(before.hosts.size()),
      crypto_before_(before.hosts.size()),
      crypto_after_(after.hosts.size()) {
  out_.before.resize(before.clustering.clusters.size());
  out_.after.resize(after.clustering.clusters.size());
}

void EvolutionBuilder::Add(const KeyChange& key) {
  for (const KeyPlace& use : key.before) crypto_before_[use.host] = true;
  for (const KeyPlace& use : key.after) crypto_after_[use.host] = true;
  for (const uint32_t host : key.stayed) unchanged_[host] = true;
  if (key.before.empty() || key.after.empty()) return;
  // Any host of the key stands for all: they are in one cluster, or there is only one.
  const uint32_t b = before_.clustering.cluster_of[key.before[0].host];
  const uint32_t a = after_.clustering.cluster_of[key.after[0].host];
  if (b != kNone && a != kNone) {
    shared_keys_.Add(b, a);
  } else if (b != kNone) {
    ++out_.before[b].lone_keys;
  } else if (a != kNone) {
    ++out_.after[a].lone_keys;
  }
}

void EvolutionBuilder::CountHosts() {
  for (uint32_t host = 0; host < pairs_.after_of.size(); ++host) {
    const uint32_t same = pairs_.after_of[host];
    if (same == HostPairs::kNone) continue;
    const uint32_t b = before_.clustering.cluster_of[host];
    const uint32_t a = after_.clustering.cluster_of[same];
    if (b != kNone && crypto_after_[same]) ++out_.before[b].seen_hosts;
    if (a != kNone && crypto_before_[host]) ++out_.after[a].seen_hosts;
    if (b == kNone || a == kNone) continue;
    shared_addresses_.Add(b, a);
    if (unchanged_[host]) unchanged_hosts_.Add(b, a);
  }
}

void EvolutionBuilder::MakeLinks(const std::vector<PairCount>& keys) {
  const std::vector<PairCount> addresses = std::move(shared_addresses_).Finish();
  const std::vector<PairCount> unchanged = std::move(unchanged_hosts_).Finish();
  std::vector<ClusterLink>& links = out_.links;
  for (const auto* counts : {&keys, &addresses}) {
    for (const PairCount& pair : *counts) links.push_back({pair.a, pair.b});
  }
  const auto pair_of = [](const ClusterLink& link) { return std::tie(link.before, link.after); };
  std::sort(links.begin(), links.end(),
            [&](const auto& x, const auto& y) { return pair_of(x) < pair_of(y); });
  links.erase(std::unique(links.begin(), links.end(),
                          [&](const auto& x, const auto& y) { return pair_of(x) == pair_of(y); }),
              links.end());
  size_t key = 0, address = 0, host = 0;
  for (ClusterLink& link : links) {
    link.shared_keys = TakeCount(keys, key, link);
    link.shared_addresses = TakeCount(addresses, address, link);
    link.unchanged_hosts = TakeCount(unchanged, host, link);
    ++out_.before[link.before].links;
    ++out_.after[link.after].links;
  }
}

void EvolutionBuilder::SortIntoComponents() {
  const uint32_t first_after = static_cast<uint32_t>(out_.before.size());
  UnionFind components(first_after + static_cast<uint32_t>(out_.after.size()));
  for (const ClusterLink& link : out_.links)
    components.Union(link.before, first_after + link.after);
  std::vector<uint32_t> group_of(first_after + out_.after.size(), kNone);  // by root
  for (uint32_t i = 0; i < out_.links.size(); ++i) {
    const ClusterLink& link = out_.links[i];
    ClusterPast& before = out_.before[link.before];
    ClusterPast& after = out_.after[link.after];
    const uint32_t root = components.Find(link.before);
    if (components.SizeOf(root) == 2) {
      before.fate = after.fate = FateOfLink(link);
      continue;
    }
    if (group_of[root] == kNone) {
      group_of[root] = static_cast<uint32_t>(out_.complex.size());
      out_.complex.emplace_back();
    }
    ComplexGroup& group = out_.complex[group_of[root]];
    group.links.push_back(i);
    if (before.fate != ClusterFate::kComplex) group.before.push_back(link.before);
    if (after.fate != ClusterFate::kComplex) group.after.push_back(link.after);
    before.fate = after.fate = ClusterFate::kComplex;
  }
  for (ComplexGroup& group : out_.complex) std::sort(group.after.begin(), group.after.end());
  std::sort(out_.complex.begin(), out_.complex.end(),
            [](const ComplexGroup& x, const ComplexGroup& y) {
              const size_t size_x = x.before.size() + x.after.size();
              const size_t size_y = y.before.size() + y.after.size();
              return size_x != size_y ? size_x > size_y : x.before[0] < y.before[0];
            });
}

void EvolutionBuilder::Match() {
  std::vector<uint32_t> order(out_.links.size());
  std::iota(order.begin(), order.end(), 0U);
  // Links are in the order of their clusters, which decides between equal ones.
  std::stable_sort(order.begin(), order.end(), [&](uint32_t x, uint32_t y) {
    const ClusterLink& a = out_.links[x];
    const ClusterLink& b = out_.links[y];
    if (a.strength() != b.strength()) return a.strength() > b.strength();
    return a.unchanged_hosts > b.unchanged_hosts;
  });
  for (const uint32_t i : order) {
    ClusterLink& link = out_.links[i];
    uint32_t& after = out_.before[link.before].match;
    uint32_t& before = out_.after[link.after].match;
    if (after != kNone || before != kNone) continue;
    after = link.after;
    before = link.before;
    link.matched = true;
  }
}

void EvolutionBuilder::CountMatched() {
  MatchedCounts& counts = out_.matched;
  for (const ClusterLink& link : out_.links) {
    if (!link.matched) continue;
    const Cluster& before = before_.clustering.clusters[link.before];
    const Cluster& after = after_.clustering.clusters[link.after];
    const size_t was = before.members.size();
    const size_t is = after.members.size();
    ++counts.matched;
    if (before.keys == after.keys) ++counts.same_id;
    if (was != is) {
      ++(is > was ? counts.grew : counts.shrank);
    } else {
      ++(link.shared_addresses == was ? counts.same_members : counts.exchanged);
    }
  }
}

Evolution EvolutionBuilder::Finish() && {
  CountHosts();
  MakeLinks(std::move(shared_keys_).Finish());
  SortIntoComponents();
  Match();
  CountMatched();
  return std::move(out_);
}

}  // namespace hark
