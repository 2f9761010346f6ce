#include "cli/hygiene_json.h"

namespace hark {
namespace {

using Json = nlohmann::ordered_json;

// Whether the flag is told of: without a trust store nothing is untrusted.
bool IsTold(const RunFacts& facts, HygieneFlag flag) {
  return flag != HygieneFlag::kUntrusted || facts.trust.judged;
}

Json FlagsJson(const RunFacts& facts, const FlagCounts& hosts) {
  Json out = Json::object();
  for (size_t i = 0; i < kHygieneFlags; ++i) {
    const auto flag = static_cast<HygieneFlag>(i);
    out[HygieneFlagName(flag)] = IsTold(facts, flag) ? Json(hosts[i]) : Json(nullptr);
  }
  return out;
}

Json FlagRatiosJson(const RunFacts& facts) {
  const ScoreCount& all = facts.hygiene.all;
  Json out = Json::object();
  for (size_t i = 0; i < kHygieneFlags; ++i) {
    const auto flag = static_cast<HygieneFlag>(i);
    out[HygieneFlagName(flag)] =
        IsTold(facts, flag) ? Json{{"hosts", facts.hygiene.flags[i]}, {"ratio", all.ratio_of(flag)}}
                            : Json(nullptr);
  }
  return out;
}

Json ScoresJson(const RunFacts& facts, const ScoreCount& group) {
  return {{"hosts", group.hosts},
          {"hosts_of_score", group.hosts_of_score},
          {"mean", group.mean()},
          {"mean_without_rc4", group.mean_other()},
          {"flags", FlagsJson(facts, group.flags)}};
}

Json SuperiorityJson(const Superiority& superiority) {
  return {{"chance", superiority.chance}, {"z", superiority.z}};
}

Json AsesJson(const RunFacts& facts) {
  Json out = Json::array();
  for (const AsHygiene& as : facts.hygiene.ases) {
    out.push_back({{"asn", as.asn},
                   {"hosts", as.hosts},
                   {"mean", as.mean()},
                   {"max", as.max},
                   {"flags", FlagsJson(facts, as.flags)}});
  }
  return out;
}

Json ClustersJson(const HygieneCounts& counts) {
  Json out = Json::array();
  for (const ClusterHygiene& cluster : counts.clusters) {
    out.push_back({{"id", cluster.id},
                   {"hosts", cluster.hosts},
                   {"ases", cluster.ases},
                   {"flags", cluster.score_sum},
                   {"mean", cluster.mean()},
                   {"max", cluster.max},
                   {"rc4", cluster.rc4},
                   {"rc4_partly", cluster.rc4_partly}});
  }
  return out;
}

void AddSoftware(const RunFacts& facts, Json& out) {
  const HygieneCounts& counts = facts.hygiene;
  Json& software = out["software"] = Json::object();
  for (size_t i = 0; i < kMailSoftwareCount; ++i) {
    if (counts.software[i].hosts == 0) continue;
    software[MailSoftwareName(static_cast<MailSoftware>(i))] =
        ScoresJson(facts, counts.software[i]);
  }
  Json& models = out["models"] = Json::object();
  for (size_t i = 0; i < kMailModelCount; ++i) {
    if (counts.models[i].hosts == 0) continue;
    models[MailModelName(static_cast<MailModel>(i))] = ScoresJson(facts, counts.models[i]);
  }
}

}  // namespace

Json HygieneJson(const RunFacts& facts) {
  const HygieneCounts& counts = facts.hygiene;
  Json out = {{"hosts", counts.hosts},
              {"flags", FlagRatiosJson(facts)},
              {"all", ScoresJson(facts, counts.all)},
              {"rc4", ScoresJson(facts, counts.rc4)},
              {"not_rc4", ScoresJson(facts, counts.not_rc4)},
              {"ases", AsesJson(facts)},
              {"in_large_clusters", ScoresJson(facts, counts.in_large)},
              {"in_small_clusters", ScoresJson(facts, counts.in_small)},
              {"in_no_cluster", ScoresJson(facts, counts.alone)},
              {"rc4_against_not_rc4", SuperiorityJson(counts.rc4_superiority())},
              {"clustered_against_not", SuperiorityJson(counts.clustered_superiority())}};
  AddSoftware(facts, out);
  out["clusters"] = ClustersJson(counts);
  out["rc4_clusters"] = counts.rc4_clusters;
  out["rc4_in_no_cluster"] = counts.rc4_alone;
  return out;
}

}  // namespace hark
