#include "analysis/bundle_build.h"

#include <algorithm>

#include "analysis/json_text.h"
#include "base/strings.h"

namespace hark {
namespace {

// Days only: to the second, a visit says at which place of the scan's order a host stands.
std::string Day(int64_t unix_ms) {
  return unix_ms == 0 ? "" : UtcText(unix_ms / 1000).substr(0, 10);
}

class ClusterBuilderOfBundle {
 public:
  ClusterBuilderOfBundle(const BundleClusterFacts& facts, const BundlePseudonyms& pseudonyms,
                         const BundleCheck& check)
      : facts_(facts), pseudonyms_(pseudonyms), check_(check) {}

  BundleCluster Build() {
    out_.label = pseudonyms_.OfCluster(facts_.id);
    NumberKeys();
    for (const BundleMemberFacts& member : facts_.members) AddMember(member);
    // Own ones came in address order and stay so; others' order must not be that of their
    // addresses.
    std::stable_sort(out_.members.begin(), out_.members.end(),
                     [](const BundleMember& a, const BundleMember& b) {
                       if (a.own != b.own) return a.own;
                       return !a.own && a.label < b.label;
                     });
    return std::move(out_);
  }

 private:
  void NumberKeys() {
    std::map<KeyId, BundleKey> counts;
    for (const BundleMemberFacts& member : facts_.members) {
      std::map<KeyId, uint64_t> uses;
      for (const BundlePortFacts& port : member.ports) {
        for (const KeyId& key : port.keys) ++uses[key];
      }
      for (const auto& [key, n] : uses) {
        BundleKey& count = counts[key];
        count.host_ports += n;
        ++count.hosts;
        count.own_hosts += member.own ? 1 : 0;
      }
    }
    std::vector<std::pair<BundleKey, KeyId>> order;
    for (auto& [key, count] : counts) {
      count.label = pseudonyms_.OfKey(key);
      order.emplace_back(count, key);
    }
    std::sort(order.begin(), order.end(), [](const auto& a, const auto& b) {
      if (a.first.host_ports != b.first.host_ports) return a.first.host_ports > b.first.host_ports;
      return a.first.label < b.first.label;
    });
    for (auto& [count, key] : order) {
      number_of_[key] = static_cast<uint32_t>(out_.keys.size());
      out_.keys.push_back(std::move(count));
    }
  }

  void AddMember(const BundleMemberFacts& facts) {
    BundleMember& member = out_.members.emplace_back();
    member.own = facts.own;
    member.asn = facts.asn;
    member.label = facts.own ? facts.address.ToString() : pseudonyms_.OfHost(facts.address);
    for (const BundlePortFacts& port : facts.ports) {
      BundlePort& out = member.ports.emplace_back();
      out.port = port.port;
      out.outcome = port.outcome;
      out.version = port.version;
      for (const KeyId& key : port.keys) out.keys.push_back(number_of_.at(key));
      std::sort(out.keys.begin(), out.keys.end());
    }
    if (facts.own) AddNames(facts, member);
    ++out_.hosts_of_as[facts.asn];
    out_.own_hosts += facts.own ? 1 : 0;
  }

  void AddNames(const BundleMemberFacts& facts, BundleMember& member) {
    std::set<std::string> names = facts.shown.names;
    for (const BundleNames* certificate : facts.certificates) {
      names.insert(certificate->names.begin(), certificate->names.end());
    }
    for (const std::string& name : names) {
      if (!MayShow(name)) {
        ++member.names_withheld;
      } else if (member.names.size() == kMaxNamesShown) {
        ++member.names_more;
      } else {
        member.names.push_back(name);
      }
    }
  }

  // Hosts with one certificate have the same names: each is looked at once.
  bool MayShow(const std::string& name) {
    const auto [at, added] = may_show_.emplace(name, false);
    if (added) at->second = check_.MayShow(name);
    return at->second;
  }

  const BundleClusterFacts& facts_;
  const BundlePseudonyms& pseudonyms_;
  const BundleCheck& check_;
  std::map<KeyId, uint32_t> number_of_;
  std::unordered_map<std::string, bool> may_show_;
  BundleCluster out_;
};

void AddOthersNames(const BundleNames& names, BundleNameFinder& finder) {
  for (const std::string& name : names.names) finder.Add(name);
  for (const std::string& name : names.traces) finder.Add(name);
}

}  // namespace

BundleCheck MakeBundleCheck(const BundleFacts& facts, const HostTable& hosts,
                            const BundlePseudonyms& pseudonyms) {
  std::set<Address> own;
  std::set<Address> others;
  BundleNameFinder names;
  std::set<const BundleNames*> certificates;
  for (const BundleClusterFacts& cluster : facts.clusters) {
    for (const BundleMemberFacts& member : cluster.members) {
      if (member.own) {
        own.insert(member.address);
        continue;
      }
      AddOthersNames(member.shown, names);
      others.insert(member.shown.addresses.begin(), member.shown.addresses.end());
      certificates.insert(member.certificates.begin(), member.certificates.end());
    }
  }
  for (const BundleNames* certificate : certificates) {
    AddOthersNames(*certificate, names);
    others.insert(certificate->addresses.begin(), certificate->addresses.end());
  }
  BundleFingerprints fingerprints = facts.fingerprints;
  fingerprints.AddHash(pseudonyms.secret());
  return {BundleAddresses(hosts, std::move(own), others), std::move(names),
          std::move(fingerprints)};
}

Bundle BuildBundle(const BundleFacts& facts, const proto::RunRow& run, const BundleOwner& owner,
                   const BundlePseudonyms& pseudonyms, const BundleCheck& check) {
  Bundle out;
  out.holder = owner.description();
  out.country = run.country();
  out.from = Day(run.created_unix_ms());
  out.until = Day(run.finished_unix_ms());
  out.ports.assign(run.ports().begin(), run.ports().end());
  for (const BundleClusterFacts& cluster : facts.clusters) {
    out.clusters.push_back(ClusterBuilderOfBundle(cluster, pseudonyms, check).Build());
  }
  std::sort(out.clusters.begin(), out.clusters.end(),
            [](const BundleCluster& a, const BundleCluster& b) {
              if (a.members.size() != b.members.size()) return a.members.size() > b.members.size();
              return a.label < b.label;
            });
  return out;
}

}  // namespace hark
