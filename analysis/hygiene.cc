#include "analysis/hygiene.h"

#include <algorithm>
#include <bit>
#include <numeric>

namespace hark {
namespace {

constexpr uint32_t Bit(HygieneFlag flag) {
  return 1U << static_cast<uint32_t>(flag);
}

void CountFlags(uint32_t flags, FlagCounts& out) {
  for (size_t i = 0; i < kHygieneFlags; ++i) out[i] += flags >> i & 1;
}

void Count(ScoreCount& group, uint32_t flags) {
  // Of the RC4 suites few have forward secrecy, so the two flags mostly come together.
  constexpr uint32_t kImplied = Bit(HygieneFlag::kRc4) | Bit(HygieneFlag::kNoForwardSecrecy);
  const auto score = static_cast<size_t>(std::popcount(flags));
  ++group.hosts;
  ++group.hosts_of_score[score];
  ++group.hosts_of_rest[static_cast<size_t>(std::popcount(flags & ~kImplied))];
  CountFlags(flags, group.flags);
  group.score_sum += score;
  group.other_sum += static_cast<uint64_t>(std::popcount(flags & ~Bit(HygieneFlag::kRc4)));
}

ScoreCounts Sum(const ScoreCounts& a, const ScoreCounts& b) {
  ScoreCounts out = a;
  for (size_t i = 0; i < out.size(); ++i) out[i] += b[i];
  return out;
}

// Cross-multiplied, so that equal means are equal.
bool Worse(const AsHygiene& a, const AsHygiene& b) {
  const uint64_t left = a.score_sum * b.hosts;
  const uint64_t right = b.score_sum * a.hosts;
  return left != right ? left > right : a.asn < b.asn;
}

}  // namespace

const char* HygieneFlagName(HygieneFlag flag) {
  switch (flag) {
    case HygieneFlag::kRc4:
      return "rc4";
    case HygieneFlag::kLegacyTls:
      return "legacy_tls";
    case HygieneFlag::kNoForwardSecrecy:
      return "no_fwd_secrecy";
    case HygieneFlag::kSelfSigned:
      return "self_signed";
    case HygieneFlag::kExpired:
      return "expired_cert";
    case HygieneFlag::kUntrusted:
      return "untrusted_chain";
  }
  return "";
}

const char* HygieneFlagTitle(HygieneFlag flag) {
  switch (flag) {
    case HygieneFlag::kRc4:
      return "RC4 chosen";
    case HygieneFlag::kLegacyTls:
      return "TLS 1.1 or older chosen";
    case HygieneFlag::kNoForwardSecrecy:
      return "no forward secrecy";
    case HygieneFlag::kSelfSigned:
      return "self-signed certificate";
    case HygieneFlag::kExpired:
      return "expired certificate";
    case HygieneFlag::kUntrusted:
      return "untrusted chain";
  }
  return "";
}

Superiority HygieneCounts::rc4_superiority() const {
  return CompareScores(rc4.hosts_of_rest, not_rc4.hosts_of_rest);
}

Superiority HygieneCounts::clustered_superiority() const {
  return CompareScores(Sum(in_large.hosts_of_score, in_small.hosts_of_score), alone.hosts_of_score);
}

HygieneTally::HygieneTally(const Clustering& clustering)
    : clustering_(clustering), clusters_(clustering.clusters.size()) {}

ScoreCount& HygieneTally::GroupOf(uint32_t cluster) {
  if (cluster == Clustering::kNone) return counts_.alone;
  const size_t members = clustering_.clusters[cluster].members.size();
  return members >= HygieneCounts::kLargeCluster ? counts_.in_large : counts_.in_small;
}

void HygieneTally::AddToAs(const HostHygiene& host, uint32_t score) {
  if (host.asn == 0) return;
  AsHygiene& as = ases_[host.asn];
  as.asn = host.asn;
  ++as.hosts;
  as.score_sum += score;
  as.max = std::max(as.max, score);
  CountFlags(host.flags, as.flags);
}

void HygieneTally::AddToCluster(const HostHygiene& host, uint32_t score) {
  const bool rc4 = (host.flags & Bit(HygieneFlag::kRc4)) != 0;
  if (host.cluster == Clustering::kNone) {
    counts_.rc4_alone += rc4 ? 1 : 0;
    return;
  }
  OfCluster& cluster = clusters_[host.cluster];
  ++cluster.hosts;
  cluster.rc4 += rc4 ? 1 : 0;
  cluster.rc4_partly += host.rc4_partly ? 1 : 0;
  cluster.max = std::max(cluster.max, score);
  cluster.score_sum += score;
}

void HygieneTally::AddHost(const HostHygiene& host) {
  const auto score = static_cast<uint32_t>(std::popcount(host.flags));
  const bool rc4 = (host.flags & Bit(HygieneFlag::kRc4)) != 0;
  CountFlags(host.flags, counts_.flags);
  Count(counts_.all, host.flags);
  Count(rc4 ? counts_.rc4 : counts_.not_rc4, host.flags);
  Count(GroupOf(host.cluster), host.flags);
  Count(counts_.software[static_cast<size_t>(host.software)], host.flags);
  Count(counts_.models[static_cast<size_t>(MailModelOf(host.software))], host.flags);
  AddToAs(host, score);
  AddToCluster(host, score);
}

void HygieneTally::RankClusters() {
  std::vector<uint32_t> order(clusters_.size());
  std::iota(order.begin(), order.end(), 0U);
  const size_t most = std::min(order.size(), HygieneCounts::kMostClusters);
  const auto end = order.begin() + static_cast<std::ptrdiff_t>(most);
  std::partial_sort(order.begin(), end, order.end(), [&](uint32_t a, uint32_t b) {
    const uint64_t left = clusters_[a].score_sum, right = clusters_[b].score_sum;
    return left != right ? left > right : a < b;
  });
  for (auto at = order.begin(); at != end && clusters_[*at].score_sum > 0; ++at) {
    const OfCluster& of = clusters_[*at];
    const Cluster& cluster = clustering_.clusters[*at];
    counts_.clusters.push_back({cluster.id, of.hosts, static_cast<uint32_t>(cluster.asns.size()),
                                of.rc4, of.rc4_partly, of.max, of.score_sum});
  }
}

HygieneCounts HygieneTally::Finish(uint64_t hosts) && {
  counts_.hosts = hosts;
  for (const auto& [asn, as] : ases_) {
    if (as.hosts >= HygieneCounts::kMinAsHosts) counts_.ases.push_back(as);
  }
  std::sort(counts_.ases.begin(), counts_.ases.end(), Worse);
  counts_.rc4_clusters = static_cast<uint64_t>(std::count_if(
      clusters_.begin(), clusters_.end(), [](const OfCluster& of) { return of.rc4 > 0; }));
  RankClusters();
  return std::move(counts_);
}

}  // namespace hark
