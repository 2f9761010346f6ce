#include <algorithm>
#include <set>
#include <string>

#include "analysis/bundle_build.h"
#include "analysis/report.h"

namespace hark {
namespace {

std::set<uint16_t> PortsOf(const Bundle& bundle) {
  std::set<uint16_t> out;
  for (const BundleCluster& cluster : bundle.clusters) {
    for (const BundleMember& member : cluster.members) {
      for (const BundlePort& port : member.ports) out.insert(port.port);
    }
  }
  return out;
}

std::set<std::string> OwnAddressesOf(const Bundle& bundle) {
  std::set<std::string> out;
  for (const BundleCluster& cluster : bundle.clusters) {
    for (const BundleMember& member : cluster.members) {
      if (member.own) out.insert(member.label);
    }
  }
  return out;
}

// A port as every member could have it.
void AddEveryPort(uint16_t port, BundleCluster& cluster) {
  for (BundleMember& member : cluster.members) {
    for (int i = 0; i < kOutcomeCount; ++i) {
      const uint32_t wire = 0x0300 + static_cast<uint32_t>(i);
      member.ports.push_back({port, static_cast<Outcome>(i), TlsVersionName(wire), {0}});
    }
    for (const char* version : {"SSH-1.5", "SSH-1.99", "SSH-2.0", "SSH-other"}) {
      member.ports.push_back({port, Outcome::kOk, version, {0}});
    }
  }
}

// Pictures of clusters that have a colour for each pair of ports, and of somewhat larger ones, have
// words of their own.
BundleCluster SmallCluster(const std::set<uint16_t>& ports, uint32_t hosts) {
  BundleCluster cluster;
  cluster.label = "g";
  cluster.keys = {{"k", hosts, hosts, 1}};
  cluster.own_hosts = 1;
  for (uint32_t host = 0; host < hosts; ++host) {
    const uint32_t asn = hosts > 2 ? host : 0;  // "ASes", and one that is unknown
    cluster.members.push_back({"m", host == 0, asn, {}, {}, 0, 0});
    ++cluster.hosts_of_as[asn];
    for (const uint16_t port : ports) {
      cluster.members.back().ports.push_back({port, Outcome::kOk, "", {0}});
    }
  }
  return cluster;
}

// A picture numbers what is in it: at least as many hosts, keys and ASes as in any cluster.
void GrowToTheLargest(const Bundle& bundle, uint16_t port, BundleCluster& cluster) {
  size_t hosts = 0, keys = 0, ases = 0;
  for (const BundleCluster& each : bundle.clusters) {
    hosts = std::max(hosts, each.members.size());
    keys = std::max(keys, each.keys.size());
    ases = std::max(ases, each.hosts_of_as.size());
  }
  while (cluster.keys.size() < keys) cluster.keys.push_back(cluster.keys[0]);
  while (cluster.members.size() < hosts) {
    const auto asn = static_cast<uint32_t>(cluster.members.size() % std::max<size_t>(ases, 1));
    cluster.members.push_back({"m", false, asn, {{port, Outcome::kOk, "", {0}}}, {}, 0, 0});
    ++cluster.hosts_of_as[asn];
  }
}

}  // namespace

Bundle BundleOfNobody(const Bundle& bundle) {
  Bundle out = bundle;
  BundleCluster cluster;
  cluster.label = "g";
  // More than a table shows, so that it says so.
  cluster.keys.assign(kMaxKeysInTable + 1, {"k", 2, 2, 1});
  cluster.own_hosts = 1;
  // One of an unknown AS that is the holder's, and enough others that a picture has keys as hubs.
  constexpr uint32_t kAses = 64;
  for (uint32_t asn = 0; asn < kAses; ++asn) {
    cluster.members.push_back({"m", asn == 0, asn, {}, {}, 1, 1});
    cluster.hosts_of_as[asn] = 1;
  }
  const std::set<uint16_t> ports = PortsOf(bundle);
  for (const uint16_t port : ports) AddEveryPort(port, cluster);
  if (!ports.empty()) GrowToTheLargest(bundle, *ports.begin(), cluster);
  // In an IPv6 address, "cafe" is not the name of a host.
  std::vector<BundleMember> own;
  for (const std::string& address : OwnAddressesOf(bundle)) {
    own.push_back({address, true, 0, {}, {}, 0, 0});
  }
  cluster.members.insert(cluster.members.end(), own.begin(), own.end());
  out.clusters = {cluster, SmallCluster(ports, 2), SmallCluster(ports, 20)};
  return out;
}

}  // namespace hark
