#include "analysis/cluster_detail.h"

#include <algorithm>
#include <map>
#include <optional>
#include <unordered_map>

#include "analysis/report.h"
#include "base/strings.h"

namespace hark {
namespace {

Result<MemberPort> ReadPort(uint16_t port, const proto::PortRow& row) {
  const proto::PortObservation& seen = row.observation();
  MemberPort out;
  out.port = port;
  out.outcome =
      seen.outcome() < kOutcomeCount ? static_cast<Outcome>(seen.outcome()) : Outcome::kLocalError;
  for (const std::string& bytes : row.keys()) {
    const std::optional<KeyId> key = KeyId::FromBytes(bytes);
    if (!key) return Corruption(StrCat("a key id on port ", port, " is not 32 bytes"));
    out.keys.push_back(*key);
  }
  // The first line names host and software; a stranger's bytes, cut at LF and no further.
  out.banner = Trim(std::string_view(seen.greeting()).substr(0, seen.greeting().find('\n')));
  if (seen.has_ssh() && !seen.ssh().identification().empty()) {
    out.banner = seen.ssh().identification();
    out.version = "SSH-" + SshVersionName(seen.ssh().identification());
  }
  if (seen.has_tls() && seen.tls().version() != 0) {
    out.version = TlsVersionName(seen.tls().version());
  }
  return out;
}

std::vector<KeyCount> CountKeys(const std::vector<Member>& members) {
  std::map<KeyId, KeyCount> counts;
  for (const Member& member : members) {
    std::map<KeyId, uint64_t> of_member;
    for (const MemberPort& port : member.ports) {
      for (const KeyId& key : port.keys) ++of_member[key];
    }
    for (const auto& [key, uses] : of_member) {
      KeyCount& count = counts[key];
      count.key = key;
      count.host_ports += uses;
      ++count.hosts;
    }
  }
  std::vector<KeyCount> out;
  out.reserve(counts.size());
  for (const auto& [key, count] : counts) out.push_back(count);
  std::stable_sort(out.begin(), out.end(), [](const KeyCount& a, const KeyCount& b) {
    return a.host_ports > b.host_ports;
  });
  return out;
}

}  // namespace

Result<ClusterDetail> ReadClusterDetail(const RunReader& reader, const HostTable& hosts,
                                        const Clustering& clustering, uint32_t cluster) {
  HARK_ASSIGN_OR_RETURN(std::vector<ClusterDetail> details,
                        ReadClusterDetails(reader, hosts, clustering, {cluster}));
  return std::move(details[0]);
}

Result<std::vector<ClusterDetail>> ReadClusterDetails(const RunReader& reader,
                                                      const HostTable& hosts,
                                                      const Clustering& clustering,
                                                      const std::vector<uint32_t>& clusters) {
  std::vector<ClusterDetail> out(clusters.size());
  std::unordered_map<uint32_t, size_t> place;
  for (size_t i = 0; i < clusters.size(); ++i) {
    place[clusters[i]] = i;
    for (const uint32_t host : clustering.clusters[clusters[i]].members) {
      out[i].members.push_back({hosts.address(host), hosts.asn(host), {}});
    }
  }
  HARK_RETURN_IF_ERROR(reader.ForEachPort(
      [&](const Address& address, uint16_t port, const proto::PortRow& row) -> Status {
        const std::optional<uint32_t> host = hosts.Find(address);
        if (!host) return Status::Ok();
        const auto wanted = place.find(clustering.cluster_of[*host]);
        if (wanted == place.end()) return Status::Ok();
        const bool connected = row.observation().stage() != static_cast<uint32_t>(Stage::kConnect);
        if (!connected && row.keys_size() == 0) return Status::Ok();
        const std::vector<uint32_t>& members = clustering.clusters[wanted->first].members;
        const auto at = std::lower_bound(members.begin(), members.end(), *host) - members.begin();
        HARK_ASSIGN_OR_RETURN(MemberPort read, ReadPort(port, row));
        out[wanted->second].members[static_cast<size_t>(at)].ports.push_back(std::move(read));
        return Status::Ok();
      }));
  for (ClusterDetail& detail : out) detail.keys = CountKeys(detail.members);
  return out;
}

Result<uint32_t> FindCluster(const Clustering& clustering, std::string_view id) {
  std::vector<uint32_t> matches;
  for (uint32_t i = 0; i < clustering.clusters.size(); ++i) {
    const std::string_view candidate = clustering.clusters[i].id;
    if (candidate == id) return i;
    if (!id.empty() && candidate.substr(0, id.size()) == id) matches.push_back(i);
  }
  if (matches.size() == 1) return matches[0];
  const std::string shown = StrCat("'", EscapeForDisplay(id), "'");
  if (matches.empty()) {
    return InvalidInput(StrCat("no cluster ", shown, " in the run; hark cluster list shows them"));
  }
  return InvalidInput(StrCat(shown, " could be ", matches.size(), " clusters, ",
                             clustering.clusters[matches[0]].id, " and ",
                             clustering.clusters[matches[1]].id, " among them; give more digits"));
}

}  // namespace hark
