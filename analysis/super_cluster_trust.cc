#include "analysis/super_cluster_trust.h"

#include <unordered_set>

#include "base/strings.h"

namespace hark {
namespace {

constexpr uint32_t kNone = Clustering::kNone;

// A certificate has one key, and a key's hosts are in one cluster of a run and in one
// super-cluster: a set for a run and one for all tell the distinct ones of every row.
class TrustPass {
 public:
  TrustPass(const ComparedRun& compared, uint32_t run, const LeafJudge& judge,
            const SuperMembers& members, std::unordered_set<KeyId>& anywhere, TrustedPlaces& places)
      : compared_(compared),
        run_(run),
        judge_(judge),
        members_(members),
        anywhere_(anywhere),
        places_(places) {}

  Status Visit(const Address& address, uint16_t port, const proto::PortRow& row) {
    if (row.keys_size() == 0 || row.observation().tls().chain_sha256_size() == 0) {
      return Status::Ok();
    }
    const std::optional<uint32_t> host = compared_.hosts.Find(address);
    if (!host) return Corruption(StrCat("a port of ", address.ToString(), ", but no host"));
    const uint32_t node = members_.NodeOf(run_, *host);
    if (node == kNone) return Status::Ok();
    HARK_ASSIGN_OR_RETURN(const LeafVerdict verdict, judge_(*host, row));
    if (!verdict.trusted) return Status::Ok();
    places_.trusted.push_back(PackPlace(*host, port));
    if (verdict.wildcard) places_.wildcard.push_back(PackPlace(*host, port));
    Count(verdict, row.observation().tls().chain_sha256(0), node);
    return Status::Ok();
  }

 private:
  void Count(const LeafVerdict& verdict, const std::string& leaf, uint32_t node) {
    const uint64_t wildcard = verdict.wildcard ? 1 : 0;
    ClusterStats& member = members_.Member(node);
    ++member.trusted;
    member.wildcard += wildcard;
    const std::optional<KeyId> id = KeyId::FromBytes(leaf);  // 32 bytes of hash, as a KeyId is
    if (!id || !in_run_.insert(*id).second) return;
    ++member.trusted_certs;
    member.wildcard_certs += wildcard;
    if (!anywhere_.insert(*id).second) return;
    ClusterStats& distinct = members_.ClusterOf(node).distinct;
    ++distinct.trusted_certs;
    distinct.wildcard_certs += wildcard;
  }

  const ComparedRun& compared_;
  const uint32_t run_;
  const LeafJudge& judge_;
  const SuperMembers& members_;
  std::unordered_set<KeyId> in_run_;
  std::unordered_set<KeyId>& anywhere_;
  TrustedPlaces& places_;
};

}  // namespace

SuperMembers::SuperMembers(std::span<const ComparedRun* const> runs, const CrossLinks& links,
                           SuperClusters& super)
    : finder_(runs, links), super_(super), where_(links.nodes.size()) {
  for (uint32_t c = 0; c < super.clusters.size(); ++c) {
    SuperCluster& cluster = super.clusters[c];
    cluster.members.resize(cluster.nodes.size());
    for (uint32_t m = 0; m < cluster.nodes.size(); ++m) where_[cluster.nodes[m]] = {c, m};
  }
}

Result<std::vector<TrustedPlaces>> CountMembersTrust(std::span<const ComparedRun* const> runs,
                                                     const CrossLinks& links,
                                                     std::span<const LeafJudge> judges,
                                                     const SuperMembers& members) {
  std::vector<TrustedPlaces> out(runs.size());
  std::unordered_set<KeyId> anywhere;
  for (uint32_t run = 0; run < judges.size(); ++run) {
    if (!judges[run]) continue;
    TrustPass pass(*runs[run], run, judges[run], members, anywhere, out[run]);
    HARK_RETURN_IF_ERROR(runs[run]->reader->ForEachPort(
        [&](const Address& address, uint16_t port, const proto::PortRow& row) {
          return pass.Visit(address, port, row);
        }));
    for (uint32_t node = 0; node < links.nodes.size(); ++node) {
      if (links.nodes[node].run == run) members.Member(node).judged = true;
    }
  }
  return out;
}

}  // namespace hark
