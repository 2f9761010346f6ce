#include "analysis/cause_facts.h"

#include <algorithm>
#include <optional>
#include <unordered_map>

#include "analysis/key_groups.h"
#include "analysis/multihomed.h"
#include "analysis/stored_certificate.h"
#include "base/distinct.h"
#include "base/outcome.h"
#include "base/ssh_port.h"
#include "base/strings.h"

namespace hark {
namespace {

// Longer words of strangers are cut: they are compared and shown, no more.
constexpr size_t kMaxWord = 255;

struct Mark {
  std::string_view text, name;
};

// In the subject of certificates that hosting software makes on installation.
constexpr Mark kPanels[] = {{"CN=Plesk", "Plesk"},
                            {"Parallels Panel", "Parallels Panel"},
                            {"OU=cPanel", "cPanel"},
                            {"Courier Mail Server", "Courier"},
                            {"CN=imap.example.com", "Dovecot"},
                            {"O=Webmin", "Webmin"},
                            {"ISPConfig", "ISPConfig"},
                            {"DirectAdmin", "DirectAdmin"},
                            {"Zimbra Collaboration", "Zimbra"},
                            {"O=SomeOrganization", "Apache mod_ssl"}};

// Beginnings of header lines, lower case, that a CDN's front adds.
constexpr Mark kCdnHeaders[] = {
    {"server: cloudflare", "Cloudflare"},  {"server: akamaighost", "Akamai"},
    {"x-amz-cf-id:", "Amazon CloudFront"}, {"x-served-by: cache-", "Fastly"},
    {"server: ecs (", "Edgecast"},         {"x-iinfo:", "Imperva"},
    {"server: sucuri/", "Sucuri"}};

struct LeafTraits {
  std::string domain;  // of a certificate for several names of one
  std::string panel;
};

LeafTraits TraitsOf(const CertificateFacts& leaf) {
  LeafTraits out;
  for (const Mark& mark : kPanels) {
    if (leaf.subject.find(mark.text) != std::string::npos) out.panel = mark.name;
  }
  std::vector<std::string> names = leaf.dns_names;
  names.push_back(leaf.common_name);
  bool several = false;
  for (const std::string& name : names) {
    if (name.empty()) continue;
    several |= name[0] == '*' || name != names[0];
    const std::string domain = RegisteredPart(name);
    if (domain.empty() || (!out.domain.empty() && domain != out.domain)) return {"", out.panel};
    out.domain = domain;
  }
  if (!several) out.domain.clear();
  return out;
}

std::string CdnOf(const std::string& headers) {
  for (const std::string_view line : Split(headers, '\n')) {
    for (const Mark& mark : kCdnHeaders) {
      if (StartsWithIgnoreCase(line, mark.text)) return std::string(mark.name);
    }
  }
  return "";
}

// The host whose ports are coming in.
struct HostFacts {
  uint32_t cluster = Clustering::kNone;
  Address address;
  bool ssh = false, tls = false, throttled = false;
  std::vector<std::string> tls_keys;
  CommonWord domain, panel, cdn;
  std::string software, greeting_name;
  uint32_t tls_version = 0;
};

class PortsPass {
 public:
  PortsPass(const RunReader& reader, const HostTable& hosts, const Clustering& clustering,
            std::vector<CauseFacts>& facts)
      : reader_(reader), hosts_(hosts), clustering_(clustering), facts_(facts) {}

  Status Visit(const Address& address, uint16_t port, const proto::PortRow& row) {
    if (address != host_.address || host_.cluster == Clustering::kNone) {
      EndHost();
      host_.address = address;
      host_.cluster = ClusterAt(clustering_, hosts_, address);
    }
    if (host_.cluster == Clustering::kNone) return Status::Ok();
    if (port == 25) {
      host_.greeting_name = NameInGreeting(row.observation().greeting());
    }
    if (row.keys_size() == 0) {
      host_.throttled |= IsSshPort(port) &&
                         row.observation().outcome() == static_cast<uint32_t>(Outcome::kThrottled);
      return Status::Ok();
    }
    if (IsSshPort(port)) {
      host_.ssh = true;
      host_.software = row.observation().ssh().identification().substr(0, kMaxWord);
      return Status::Ok();
    }
    return VisitTls(row);
  }

  void EndHost() {
    if (host_.cluster == Clustering::kNone) return;
    CauseFacts& facts = facts_[host_.cluster];
    facts.ssh_hosts += host_.ssh ? 1 : 0;
    facts.tls_hosts += host_.tls ? 1 : 0;
    facts.ssh_throttled += host_.throttled ? 1 : 0;
    MakeDistinct(host_.tls_keys);
    facts.most_tls_keys_of_host =
        std::max(facts.most_tls_keys_of_host, static_cast<uint64_t>(host_.tls_keys.size()));
    facts.greeting_name.Say(host_.greeting_name);
    facts.ssh_software.Say(host_.software);
    if (host_.domain.same) facts.cert_domain.Say(host_.domain.word);
    if (host_.panel.same) facts.panel.Say(host_.panel.word);
    facts.cdn_header.Say(host_.cdn.word);
    if (const uint32_t version = host_.tls_version; version != 0) {
      facts.oldest_tls = facts.oldest_tls == 0 ? version : std::min(facts.oldest_tls, version);
      facts.newest_tls = std::max(facts.newest_tls, version);
    }
    host_ = {};
  }

 private:
  Status VisitTls(const proto::PortRow& row) {
    const proto::TlsFacts& tls = row.observation().tls();
    host_.tls = true;
    host_.tls_keys.insert(host_.tls_keys.end(), row.keys().begin(), row.keys().end());
    host_.tls_version = std::max(host_.tls_version, tls.version());
    host_.cdn.Say(CdnOf(row.observation().http().headers()));
    if (tls.chain_sha256_size() == 0) return Status::Ok();
    const auto [at, first] = leaves_.try_emplace(tls.chain_sha256(0));
    if (first) {
      HARK_ASSIGN_OR_RETURN(const std::optional<CertificateFacts> leaf,
                            ReadStoredCertificate(reader_, tls.chain_sha256(0)));
      if (leaf) at->second = TraitsOf(*leaf);
    }
    host_.domain.Say(at->second.domain);
    host_.panel.Say(at->second.panel);
    return Status::Ok();
  }

  const RunReader& reader_;
  const HostTable& hosts_;
  const Clustering& clustering_;
  std::vector<CauseFacts>& facts_;
  HostFacts host_;
  std::unordered_map<std::string, LeafTraits> leaves_;  // by SHA-256
};

Status ReadTimes(const RunReader& reader, const HostTable& hosts, const Clustering& clustering,
                 std::vector<CauseFacts>& facts) {
  std::unordered_map<uint32_t, std::pair<int64_t, int64_t>> first_host;  // of clusters of two
  return reader.ForEachHost([&](const Address& address, const proto::HostRow& row) {
    const uint32_t cluster = ClusterAt(clustering, hosts, address);
    if (cluster == Clustering::kNone || facts[cluster].hosts != 2) return Status::Ok();
    const int64_t from = row.started_unix_ms();
    const int64_t to = std::max(from + row.duration_ms(), row.last_visit_unix_ms());
    const auto [at, first] = first_host.try_emplace(cluster, from, to);
    if (!first && from != 0 && at->second.first != 0) {
      facts[cluster].apart_ms =
          std::max({int64_t{0}, from - at->second.second, at->second.first - to});
    }
    return Status::Ok();
  });
}

void CountKey(const KeyId& key, const std::vector<KeyPlace>& places, const KnownKeys& known,
              CauseFacts& facts) {
  std::vector<KeyPlace> ssh;
  for (const KeyPlace& place : places) {
    if (IsSshPort(place.port)) ssh.push_back(place);
  }
  facts.widest_ssh = std::max(facts.widest_ssh, HostsOf(ssh));
  facts.tls_keys += ssh.size() < places.size() ? 1 : 0;
  const auto at = known.find(key);
  const uint64_t on = HostsOf(places);
  if (at == known.end() || on <= facts.listed_hosts) return;
  facts.listed = at->second;
  facts.listed_hosts = on;
}

}  // namespace

void CommonWord::Say(const std::string& said) {
  if (said.empty()) return;
  if (hosts++ == 0) {
    word = said;
  } else {
    same &= word == said;
  }
}

std::string RegisteredPart(std::string_view name) {
  if (name.substr(0, 2) == "*.") name.remove_prefix(2);
  const std::string lower = AsciiLower(name.substr(0, kMaxWord));
  const std::vector<std::string_view> labels = Split(lower, '.');
  const size_t n = labels.size();
  if (n < 2 || labels[n - 1].empty() || labels[n - 2].empty()) return "";
  const std::string_view last = labels[n - 1], second = labels[n - 2];
  for (const std::string_view bogus : {"internal", "localdomain", "local", "arpa", "localhost"}) {
    if (last == bogus) return "";
  }
  if (second == "example") return "";
  // co.uk, com.sg, gov.ie: two letters below which a short generic word is nobody's.
  const bool generic = last.size() == 2 && n > 2 &&
                       (second.size() <= 2 || second == "com" || second == "net" ||
                        second == "org" || second == "gov" || second == "edu" || second == "gob");
  return StrCat(generic ? StrCat(labels[n - 3], ".") : std::string(), second, ".", last);
}

std::string NameInGreeting(std::string_view greeting) {
  greeting = Trim(greeting.substr(0, greeting.find('\n')));
  if (greeting.substr(0, 3) != "220" || greeting.size() < 5) return "";
  if (greeting[3] != ' ' && greeting[3] != '-') return "";
  const std::string_view rest = Trim(greeting.substr(4));
  const std::string_view word = rest.substr(0, std::min(rest.find(' '), kMaxWord));
  // Masked by a firewall, or no name at all.
  if (word.find('.') == word.npos || word.find('*') != word.npos) return "";
  return AsciiLower(word);
}

Result<std::vector<CauseFacts>> ReadCauseFacts(const RunReader& reader, const HostTable& hosts,
                                               const Clustering& clustering,
                                               const KnownKeys& known) {
  std::vector<CauseFacts> out(clustering.clusters.size());
  for (size_t i = 0; i < out.size(); ++i) {
    const Cluster& cluster = clustering.clusters[i];
    out[i].hosts = cluster.members.size();
    out[i].ases = cluster.asns.size();
  }
  PortsPass ports(reader, hosts, clustering, out);
  HARK_RETURN_IF_ERROR(
      reader.ForEachPort([&](const Address& address, uint16_t port, const proto::PortRow& row) {
        return ports.Visit(address, port, row);
      }));
  ports.EndHost();
  for (size_t i = 0; i < out.size(); ++i) {
    Cluster cluster = clustering.clusters[i];
    cluster.ssh_throttled = static_cast<uint32_t>(out[i].ssh_throttled);
    out[i].possibly_multihomed = ClassifyMultihomed(cluster) == MultihomedClass::kPossible;
  }
  HARK_RETURN_IF_ERROR(ReadTimes(reader, hosts, clustering, out));
  HARK_RETURN_IF_ERROR(
      ForEachKeyGroup(reader, hosts, [&](const KeyId& key, const std::vector<KeyPlace>& places) {
        const uint32_t cluster = clustering.cluster_of[places[0].host];
        if (cluster != Clustering::kNone) CountKey(key, places, known, out[cluster]);
        return Status::Ok();
      }));
  return out;
}

}  // namespace hark
