#include "analysis/hygiene_tables.h"

#include <algorithm>
#include <string>

#include "analysis/facts_tables.h"
#include "base/strings.h"

namespace hark {
namespace {

struct Group {
  const char* heading;
  const ScoreCount& hosts;
};

// The columns of the first two tables.
std::vector<Group> Groups(const HygieneCounts& counts) {
  return {{"hosts", counts.all},
          {"with RC4", counts.rc4},
          {"without RC4", counts.not_rc4},
          {"in clusters of 5 and more", counts.in_large},
          {"in smaller clusters", counts.in_small},
          {"in none", counts.alone}};
}
static_assert(HygieneCounts::kLargeCluster == 5, "a heading says so");

Table NewTable(std::string name, std::string title, std::vector<Column> columns) {
  return {std::move(name), std::move(title), std::move(columns), {}, false, {}};
}

// The flags that are told of: without a trust store nothing is untrusted.
std::vector<HygieneFlag> Flags(const RunFacts& facts) {
  std::vector<HygieneFlag> out;
  for (size_t i = 0; i < kHygieneFlags; ++i) {
    const auto flag = static_cast<HygieneFlag>(i);
    if (flag != HygieneFlag::kUntrusted || facts.trust.judged) out.push_back(flag);
  }
  return out;
}

void AddFlagColumns(const RunFacts& facts, Table& table) {
  for (const HygieneFlag flag : Flags(facts)) table.columns.push_back({HygieneFlagTitle(flag)});
}

void AddFlagShares(const RunFacts& facts, const FlagCounts& flags, uint64_t hosts,
                   std::vector<Cell>& row) {
  for (const HygieneFlag flag : Flags(facts)) {
    row.push_back(PercentCell(Share{flags[static_cast<size_t>(flag)], hosts}.ratio()));
  }
}

void AddComparison(std::string name, const Superiority& superiority, Table& table) {
  table.rows.push_back(
      {TextCell(std::move(name)), PercentCell(superiority.chance), DecimalCell(superiority.z)});
}

std::vector<Cell> SoftwareRow(const RunFacts& facts, std::string name, const ScoreCount& hosts) {
  std::vector<Cell> row = {TextCell(std::move(name)), CountCell(hosts.hosts),
                           DecimalCell(hosts.mean())};
  AddFlagShares(facts, hosts.flags, hosts.hosts, row);
  return row;
}

std::vector<Cell> AsRow(const RunFacts& facts, const AsHygiene& as) {
  std::vector<Cell> row = {TextCell(StrCat("AS", as.asn)), CountCell(as.hosts),
                           DecimalCell(as.mean()), CountCell(as.max)};
  AddFlagShares(facts, as.flags, as.hosts, row);
  return row;
}

std::vector<Cell> ClusterRow(const ClusterHygiene& cluster) {
  return {TextCell(cluster.id),         CountCell(cluster.hosts),     CountCell(cluster.ases),
          CountCell(cluster.score_sum), DecimalCell(cluster.mean()),  CountCell(cluster.max),
          CountCell(cluster.rc4),       CountCell(cluster.rc4_partly)};
}

}  // namespace

Table HygieneTable(const RunFacts& facts) {
  const HygieneCounts& counts = facts.hygiene;
  Table table = NewTable("hygiene", "TLS hygiene: hosts with a flag on some TLS port",
                         {{"flag", false}, {"hosts"}});
  for (const Group& group : Groups(counts)) {
    const bool all = &group.hosts == &counts.all;
    table.columns.push_back({all ? "of hosts with TLS" : StrCat("of those ", group.heading)});
  }
  for (const HygieneFlag flag : Flags(facts)) {
    std::vector<Cell> row = {TextCell(HygieneFlagTitle(flag)),
                             CountCell(counts.flags[static_cast<size_t>(flag)])};
    for (const Group& group : Groups(counts)) {
      row.push_back(PercentCell(group.hosts.ratio_of(flag)));
    }
    table.rows.push_back(std::move(row));
  }
  table.notes = {StrCat(WithThousands(counts.all.hosts), " of ", WithThousands(counts.hosts),
                        " hosts have TLS"),
                 TrustNote(facts.trust)};
  return table;
}

Table HygieneScoresTable(const RunFacts& facts) {
  const std::vector<Group> groups = Groups(facts.hygiene);
  Table table =
      NewTable("hygiene_scores", "TLS hygiene: number of flags a host", {{"score", false}});
  for (const Group& group : groups) table.columns.push_back({group.heading});
  for (size_t score = 0; score <= kHygieneFlags; ++score) {
    std::vector<Cell> row = {TextCell(std::to_string(score))};
    for (const Group& group : groups) row.push_back(CountCell(group.hosts.hosts_of_score[score]));
    table.rows.push_back(std::move(row));
  }
  std::vector<Cell> mean = {TextCell("mean score")};
  std::vector<Cell> other = {TextCell("mean without the RC4 flag")};
  for (const Group& group : groups) {
    mean.push_back(DecimalCell(group.hosts.mean()));
    other.push_back(DecimalCell(group.hosts.mean_other()));
  }
  table.rows.push_back(std::move(mean));
  table.rows.push_back(std::move(other));
  return table;
}

Table HygieneComparedTable(const RunFacts& facts) {
  Table table = NewTable("hygiene_compared", "TLS hygiene: who is kept worse",
                         {{"hosts", false}, {"more flags"}, {"z"}});
  AddComparison("with RC4, against those without", facts.hygiene.rc4_superiority(), table);
  AddComparison("in clusters, against those in none", facts.hygiene.clustered_superiority(), table);
  table.notes = {
      "more flags: of two hosts taken at random, one of each group, how often the first one has "
      "more, ties counted half; 50 % = no difference",
      "z: by Mann and Whitney, ties corrected. Hosts of one operator are alike, so it is no "
      "probability",
      "the first row leaves the flags of RC4 and of forward secrecy out, which RC4 implies"};
  return table;
}

Table HygieneSoftwareTable(const RunFacts& facts) {
  const HygieneCounts& counts = facts.hygiene;
  Table table = NewTable("hygiene_software", "TLS hygiene by mail software",
                         {{"software", false}, {"hosts with TLS"}, {"mean score"}});
  AddFlagColumns(facts, table);
  for (size_t i = 0; i < kMailModelCount; ++i) {
    const auto model = static_cast<MailModel>(i);
    if (counts.models[i].hosts < kMinModelHosts) continue;
    table.rows.push_back(SoftwareRow(facts, MailModelName(model), counts.models[i]));
    for (size_t j = 0; j < kMailSoftwareCount; ++j) {
      const auto software = static_cast<MailSoftware>(j);
      const ScoreCount& hosts = counts.software[j];
      if (MailModelOf(software) != model || hosts.hosts < kMinSoftwareHosts) continue;
      table.rows.push_back(SoftwareRow(facts, StrCat("  ", MailSoftwareName(software)), hosts));
    }
  }
  table.notes = {StrCat("by the greeting on port 25 or else 587; software with ", kMinSoftwareHosts,
                        " such hosts or more"),
                 "a host's flags are those of all its TLS ports, not of its mail server alone"};
  return table;
}

Table HygieneAsesTable(const RunFacts& facts) {
  const std::vector<AsHygiene>& ases = facts.hygiene.ases;
  Table table = NewTable("hygiene_ases", "TLS hygiene by AS, worst first",
                         {{"AS", false}, {"hosts with TLS"}, {"mean score"}, {"highest"}});
  AddFlagColumns(facts, table);
  const size_t worst = std::min(ases.size(), kHygieneAsesShown);
  const size_t best = std::max(worst, ases.size() - std::min(ases.size(), kHygieneAsesShown));
  for (size_t i = 0; i < worst; ++i) table.rows.push_back(AsRow(facts, ases[i]));
  for (size_t i = best; i < ases.size(); ++i) table.rows.push_back(AsRow(facts, ases[i]));
  table.notes = {StrCat("ASes with ", HygieneCounts::kMinAsHosts,
                        " such hosts or more: ", WithThousands(ases.size()))};
  if (worst < best) {
    table.notes.push_back(StrCat("the ", kHygieneAsesShown, " worst and the ", ases.size() - best,
                                 " best; the JSON has all"));
  }
  return table;
}

Table HygieneClustersTable(const RunFacts& facts) {
  const HygieneCounts& counts = facts.hygiene;
  Table table = NewTable("hygiene_clusters", "TLS hygiene: clusters with most flags in all",
                         {{"cluster", false},
                          {"hosts with TLS"},
                          {"ASes"},
                          {"flags"},
                          {"mean score"},
                          {"highest"},
                          {"with RC4"},
                          {"on some ports only"}});
  for (const ClusterHygiene& cluster : counts.clusters) table.rows.push_back(ClusterRow(cluster));
  table.notes = {StrCat("up to ", HygieneCounts::kMostClusters, " clusters"),
                 StrCat("RC4: ", WithThousands(counts.rc4.hosts - counts.rc4_alone), " hosts in ",
                        WithThousands(counts.rc4_clusters), " clusters, ",
                        WithThousands(counts.rc4_alone), " in none")};
  return table;
}

std::vector<Table> HygieneTables(const RunFacts& facts) {
  std::vector<Table> tables = {HygieneTable(facts),         HygieneScoresTable(facts),
                               HygieneComparedTable(facts), HygieneSoftwareTable(facts),
                               HygieneAsesTable(facts),     HygieneClustersTable(facts)};
  std::erase_if(tables, [](const Table& table) { return table.rows.empty(); });
  return tables;
}

}  // namespace hark
