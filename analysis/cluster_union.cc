#include "analysis/cluster_union.h"

#include <algorithm>
#include <unordered_map>

#include "base/outcome.h"
#include "base/strings.h"

namespace hark {
namespace {

template <typename Set>
void Insert(Set& into, const Set& from) {
  into.insert(from.begin(), from.end());
}

}  // namespace

void ClusterContents::Unite(const ClusterContents& other) {
  Insert(hosts, other.hosts);
  Insert(with_as, other.with_as);
  Insert(asns, other.asns);
  for (const auto& [key, places] : other.places_of_key) Insert(places_of_key[key], places);
  Insert(trusted, other.trusted);
  Insert(wildcard, other.wildcard);
  Insert(trusted_certs, other.trusted_certs);
  Insert(wildcard_certs, other.wildcard_certs);
  judged |= other.judged;
  WidenTimes(other.times, times);
}

ClusterStats ClusterContents::Count(std::string id) const {
  ClusterStats out;
  out.id = std::move(id);
  out.hosts = hosts.size();
  out.ases = asns.size();
  out.hosts_of_unknown_as = hosts.size() - with_as.size();
  std::set<Place> all;
  for (const auto& [key, places] : places_of_key) {
    std::set<Address> on;
    bool ssh = false, tls = false;
    for (const Place& place : places) {
      on.insert(place.first);
      (ProtocolOfPort(place.second) == Protocol::kSsh ? ssh : tls) = true;
    }
    Insert(all, places);
    out.key_uses += places.size();
    out.ssh_keys += ssh ? 1 : 0;
    out.tls_keys += tls ? 1 : 0;
    out.shared_keys += on.size() > 1 ? 1 : 0;
    // Keys ascend, so of equals the smallest stays.
    if (places.size() > out.most_reused.host_ports)
      out.most_reused = {key, places.size(), on.size()};
  }
  out.keys = places_of_key.size();
  out.host_ports = all.size();
  out.ssh_ports = static_cast<uint64_t>(std::count_if(all.begin(), all.end(), [](const Place& at) {
    return ProtocolOfPort(at.second) == Protocol::kSsh;
  }));
  out.tls_ports = out.host_ports - out.ssh_ports;
  out.judged = judged;
  out.trusted = trusted.size();
  out.wildcard = wildcard.size();
  out.trusted_certs = trusted_certs.size();
  out.wildcard_certs = wildcard_certs.size();
  WidenTimes(times, out);
  return out;
}

Status ClusterUnion::AddPort(const Address& address, uint16_t port, const proto::PortRow& row,
                             ClusterContents& contents) {
  for (const std::string& bytes : row.keys()) {
    const std::optional<KeyId> key = KeyId::FromBytes(bytes);
    if (!key) return Corruption(StrCat("a key id on port ", port, " is not 32 bytes"));
    contents.places_of_key[*key].insert({address, port});
  }
  if (row.keys_size() == 0 || row.observation().tls().chain_sha256_size() == 0) {
    return Status::Ok();
  }
  const std::string& leaf = row.observation().tls().chain_sha256(0);
  const LeafVerdict verdict = verdicts_.Of(leaf);
  if (!verdict.trusted) return Status::Ok();
  contents.trusted.insert({address, port});
  contents.trusted_certs.insert(leaf);
  if (!verdict.wildcard) return Status::Ok();
  contents.wildcard.insert({address, port});
  contents.wildcard_certs.insert(leaf);
  return Status::Ok();
}

Status ClusterUnion::Add(const RunReader& reader, const HostTable& hosts,
                         const Clustering& clustering, const std::vector<uint32_t>& clusters) {
  std::vector<ClusterContents> contents(clusters.size());
  std::unordered_map<uint32_t, ClusterContents*> wanted;
  for (size_t i = 0; i < clusters.size(); ++i) {
    contents[i].judged = verdicts_.judged();
    wanted[clusters[i]] = &contents[i];
  }
  const auto contents_of = [&](const Address& address) -> ClusterContents* {
    const auto at = wanted.find(ClusterAt(clustering, hosts, address));
    return at == wanted.end() ? nullptr : at->second;
  };
  HARK_RETURN_IF_ERROR(reader.ForEachHost([&](const Address& address, const proto::HostRow& row) {
    ClusterContents* of = contents_of(address);
    if (of == nullptr) return Status::Ok();
    of->hosts.insert(address);
    if (row.asn() != 0) {
      of->asns.insert(row.asn());
      of->with_as.insert(address);
    }
    WidenTimes(row, of->times);
    return Status::Ok();
  }));
  HARK_RETURN_IF_ERROR(
      reader.ForEachPort([&](const Address& address, uint16_t port, const proto::PortRow& row) {
        ClusterContents* of = contents_of(address);
        return of == nullptr ? Status::Ok() : AddPort(address, port, row, *of);
      }));
  for (size_t i = 0; i < clusters.size(); ++i) {
    rows_.push_back(contents[i].Count(clustering.clusters[clusters[i]].id));
    all_.Unite(contents[i]);
  }
  return Status::Ok();
}

StatsTotals ClusterUnion::Totals() const {
  StatsTotals out;
  for (const ClusterStats& row : rows_) AddTo(out.sum, row);
  out.distinct = all_.Count("");
  return out;
}

}  // namespace hark
