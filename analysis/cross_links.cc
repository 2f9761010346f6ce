#include "analysis/cross_links.h"

#include <algorithm>
#include <utility>

#include "analysis/host_pairs.h"
#include "analysis/pair_counter.h"
#include "base/distinct.h"
#include "base/strings.h"

namespace hark {
namespace {

constexpr uint32_t kNone = Clustering::kNone;

// All clusters and hosts of all runs under one numbering: of each run first its clusters, then its
// hosts.
class Numbering {
 public:
  static Result<Numbering> Of(std::span<const ComparedRun* const> runs) {
    Numbering out;
    uint64_t next = 0;
    for (const ComparedRun* run : runs) {
      out.first_.push_back(next);
      out.clusters_.push_back(run->clustering.clusters.size());
      next += run->clustering.clusters.size() + run->hosts.size();
    }
    if (next >= kNone) return InvalidInput("the runs have more hosts than 32 bits can number");
    return out;
  }

  uint32_t OfCluster(size_t run, uint32_t cluster) const {
    return static_cast<uint32_t>(first_[run] + cluster);
  }
  uint32_t OfLoneHost(size_t run, uint32_t host) const {
    return static_cast<uint32_t>(first_[run] + clusters_[run] + host);
  }
  CrossNode NodeOf(uint32_t number, std::span<const ComparedRun* const> runs) const {
    const auto after = std::upper_bound(first_.begin(), first_.end(), uint64_t{number});
    const auto run = static_cast<uint32_t>(after - first_.begin() - 1);
    const auto at = static_cast<uint32_t>(number - first_[run]);
    if (at >= clusters_[run]) return {run, kNone, static_cast<uint32_t>(at - clusters_[run])};
    return {run, at, runs[run]->clustering.clusters[at].members[0]};
  }

 private:
  std::vector<uint64_t> first_;
  std::vector<uint64_t> clusters_;
};

std::vector<std::string> LabelsOf(std::span<const ComparedRun* const> runs) {
  std::vector<std::string> labels;
  for (const ComparedRun* run : runs) {
    const std::string& country = run->reader->run().country();
    const auto same = std::count_if(runs.begin(), runs.end(), [&](const ComparedRun* other) {
      return other->reader->run().country() == country;
    });
    labels.push_back(country.empty() || same > 1 ? run->name() : country);
  }
  std::vector<std::string> sorted = labels;
  std::sort(sorted.begin(), sorted.end());
  if (std::adjacent_find(sorted.begin(), sorted.end()) != sorted.end()) {
    // A list was called as a country is.
    for (size_t i = 0; i < runs.size(); ++i) labels[i] = runs[i]->name();
  }
  return labels;
}

// Which clusters, by Numbering, show a common key, and how many.
Result<std::vector<PairCount>> CountSharedKeys(std::span<const ComparedRun* const> runs,
                                               const Numbering& numbering, bool lone_hosts) {
  PairCounter pairs;
  std::vector<uint32_t> with_key;
  HARK_RETURN_IF_ERROR(
      MergeKeys(runs, [&](const KeyId&, std::span<const std::vector<KeyPlace>> by_run) {
        with_key.clear();
        for (size_t run = 0; run < runs.size(); ++run) {
          if (by_run[run].empty()) continue;
          const uint32_t host = by_run[run][0].host;
          const uint32_t cluster = runs[run]->clustering.cluster_of[host];
          if (cluster != kNone) {
            with_key.push_back(numbering.OfCluster(run, cluster));
          } else if (lone_hosts) {
            with_key.push_back(numbering.OfLoneHost(run, host));
          }
        }
        for (size_t i = 0; i < with_key.size(); ++i) {
          for (size_t j = i + 1; j < with_key.size(); ++j) pairs.Add(with_key[i], with_key[j]);
        }
        return Status::Ok();
      }));
  return std::move(pairs).Finish();
}

// Numbers become places among the linked nodes. Clusters of a run come before its lone hosts in
// both, kNone being the largest cluster, so the links keep their order.
void PlaceLinks(const std::vector<PairCount>& pairs, std::span<const ComparedRun* const> runs,
                const Numbering& numbering, CrossLinks& out) {
  std::vector<uint32_t> linked;
  linked.reserve(2 * pairs.size());
  for (const PairCount& pair : pairs) linked.insert(linked.end(), {pair.a, pair.b});
  MakeDistinct(linked);
  out.nodes.reserve(linked.size());
  for (const uint32_t number : linked) out.nodes.push_back(numbering.NodeOf(number, runs));
  const auto place = [&](uint32_t number) {
    return static_cast<uint32_t>(std::lower_bound(linked.begin(), linked.end(), number) -
                                 linked.begin());
  };
  out.links.reserve(pairs.size());
  for (const PairCount& pair : pairs) {
    CrossLink& link = out.links.emplace_back();
    link.a = place(pair.a);
    link.b = place(pair.b);
    link.shared_keys = pair.count;
    ++out.matrix[out.nodes[link.a].run][out.nodes[link.b].run];
    ++out.matrix[out.nodes[link.b].run][out.nodes[link.a].run];
  }
}

// Addresses that are in both ends of a link, run pair by run pair.
void CountSharedAddresses(std::span<const ComparedRun* const> runs, CrossLinks& out) {
  const CrossNodeFinder finder(runs, out);
  PairCounter counter;
  for (uint32_t i = 0; i < runs.size(); ++i) {
    for (uint32_t j = i + 1; j < runs.size(); ++j) {
      if (out.matrix[i][j] == 0) continue;
      const HostPairs pairs = PairHosts(runs[i]->hosts, runs[j]->hosts);
      for (uint32_t host = 0; host < pairs.after_of.size(); ++host) {
        if (pairs.after_of[host] == HostPairs::kNone) continue;
        const uint32_t a = finder.Find(i, host);
        const uint32_t b = finder.Find(j, pairs.after_of[host]);
        if (a != kNone && b != kNone) counter.Add(a, b);
      }
    }
  }
  size_t at = 0;
  for (const PairCount& pair : std::move(counter).Finish()) {
    const auto before = [&](const CrossLink& link) {
      return std::pair(link.a, link.b) < std::pair(pair.a, pair.b);
    };
    while (at < out.links.size() && before(out.links[at])) ++at;
    if (at == out.links.size()) return;
    CrossLink& link = out.links[at];
    if (link.a == pair.a && link.b == pair.b) link.shared_addresses = pair.count;
  }
}

}  // namespace

std::string CrossLinks::NameOf(const CrossNode& node, const ComparedRun& run) const {
  // Run names may end with digits; country codes do not.
  const std::string& label = labels[node.run];
  const bool code = label == run.reader->run().country();
  if (!node.lone()) return StrCat(label, code ? "" : ".", node.cluster + 1);
  return StrCat(label, "-", run.hosts.address(node.host).ToString());
}

CrossNodeFinder::CrossNodeFinder(std::span<const ComparedRun* const> runs, const CrossLinks& links)
    : runs_(runs), lone_of_(runs.size()) {
  for (const ComparedRun* run : runs) {
    of_cluster_.emplace_back(run->clustering.clusters.size(), kNone);
  }
  for (uint32_t i = 0; i < links.nodes.size(); ++i) {
    const CrossNode& node = links.nodes[i];
    if (node.lone()) {
      lone_of_[node.run].emplace_back(node.host, i);  // ascending, as nodes are
    } else {
      of_cluster_[node.run][node.cluster] = i;
    }
  }
}

uint32_t CrossNodeFinder::Find(uint32_t run, uint32_t host) const {
  const uint32_t cluster = runs_[run]->clustering.cluster_of[host];
  if (cluster != kNone) return of_cluster_[run][cluster];
  const auto& lone = lone_of_[run];
  const auto at = std::lower_bound(lone.begin(), lone.end(), std::pair(host, 0U));
  return at != lone.end() && at->first == host ? at->second : kNone;
}

Result<CrossLinks> FindCrossLinks(std::span<const ComparedRun* const> runs, bool lone_hosts) {
  CrossLinks out;
  out.labels = LabelsOf(runs);
  out.matrix.assign(runs.size(), std::vector<uint64_t>(runs.size()));
  HARK_ASSIGN_OR_RETURN(const Numbering numbering, Numbering::Of(runs));
  HARK_ASSIGN_OR_RETURN(const std::vector<PairCount> pairs,
                        CountSharedKeys(runs, numbering, lone_hosts));
  PlaceLinks(pairs, runs, numbering, out);
  CountSharedAddresses(runs, out);
  return out;
}

}  // namespace hark
