// What a bundle says in words: its covering text and its tables (cli/bundle_files.h).

#include <algorithm>

#include "analysis/report_tables.h"
#include "base/strings.h"
#include "cli/bundle_files.h"
#include "cli/render_text.h"

namespace hark {
namespace {

std::string AsText(uint32_t asn) {
  return asn == 0 ? "unknown" : std::to_string(asn);
}

uint64_t Sum(const Bundle& bundle, uint64_t (*count)(const BundleCluster&)) {
  uint64_t out = 0;
  for (const BundleCluster& cluster : bundle.clusters) out += count(cluster);
  return out;
}

std::string Intro(const Bundle& bundle, const BundleLetter& letter) {
  const uint64_t own = Sum(bundle, [](const BundleCluster& c) { return c.own_hosts; });
  const uint64_t all =
      Sum(bundle, [](const BundleCluster& c) { return uint64_t{c.members.size()}; });
  return StrCat("# Hosts of yours that share keys with others\n\n", "Made on ", letter.date,
                " for those responsible for ", bundle.holder,
                ".\n\n"
                "## What this is\n\n"
                "We surveyed the long-term public keys that servers on the Internet show to "
                "everybody: SSH host\n"
                "keys, and the keys of TLS certificates of web and mail servers. Some keys are on "
                "more than one\n"
                "host. Hosts that are joined by equal keys make a *cluster*. ",
                WithThousands(bundle.clusters.size()),
                bundle.clusters.size() == 1 ? " cluster has" : " clusters have",
                " hosts of yours in\n", bundle.clusters.size() == 1 ? "it" : "them", ": ",
                WithThousands(own), " of ", WithThousands(all), " hosts are yours.\n\n");
}

std::string WhyItMatters() {
  return "Whoever has the private key of one host can pretend to be any other host with that key. "
         "Often\n"
         "that is intended: several addresses of one machine, or a certificate for many front "
         "ends. Often\n"
         "it is not: an image that was copied with its keys, or a default key of a vendor. Then "
         "one host\n"
         "that is broken into opens all the others, also those of people you do not know.\n\n"
         "If a key is shared that should not be, make a new one on each host (`ssh-keygen -A` "
         "after the old\n"
         "`/etc/ssh/ssh_host_*` are gone; a new key, not only a new certificate, for TLS), and "
         "mend the\n"
         "image or installer it came from.\n\n";
}

std::string PartMeasured(const Bundle& bundle) {
  if (bundle.scope.empty()) return "";
  return StrCat("\nThis bundle is of a part of that survey, as if nothing else had been seen:\n",
                EscapeForDisplay(Join(bundle.scope, "; ")), ".\n");
}

std::string HowMeasured(const Bundle& bundle) {
  std::vector<std::string> ports;
  for (const uint32_t port : bundle.ports) ports.push_back(std::to_string(port));
  std::string when = bundle.from.empty() ? "" : StrCat(" began on ", bundle.from);
  if (!bundle.until.empty()) when += StrCat(" and ended on ", bundle.until);
  return StrCat("## How it was measured\n\n", "The survey",
                bundle.country.empty() ? "" : StrCat(" of ", EscapeForDisplay(bundle.country)),
                when.empty() ? " connected" : StrCat(when, ". It connected"), " to TCP ports ",
                ports.empty() ? "of SSH, mail and web servers" : Join(ports, ", "),
                " as any client\n"
                "would, one connection at a time to a host, read what the server shows before "
                "anybody logs in,\n"
                "and left. It never logged in, never guessed a password, exploited nothing and "
                "derived no private\n"
                "key. Two hosts are joined when a public key of one equals one of the other, on "
                "whatever ports.\n"
                "Networks that asked to be left out were not contacted. Addresses change hands: "
                "what was at an\n"
                "address then may be elsewhere now.\n",
                PartMeasured(bundle), "\n");
}

std::string WhatIsHere() {
  return "## What is here\n\n"
         "- `tables.md`: the clusters, and your hosts in them. `clusters.csv`, `keys.csv` and "
         "`members.csv`\n"
         "  say the same for a spreadsheet, `bundle.json` for programs.\n"
         "- `graphs/`: a picture of each cluster, to look at (`.svg`) and to draw anew (`.dot`). "
         "Lines are\n"
         "  shared keys, in large clusters to squares that are the keys; filled circles are hosts "
         "of "
         "yours,\n"
         "  empty ones hosts of others.\n\n"
         "Your hosts stand there with address and names. A host of others has a name that begins "
         "with `m`\n"
         "and means nothing outside this bundle; of it we say the number of its network (AS), its "
         "open\n"
         "ports and how it shares keys. We do not say its address, nor any name from its banners,\n"
         "certificates or DNS. Keys (`k`) and clusters (`g`) have made-up names, too, since a "
         "fingerprint\n"
         "could be looked up. A name on a host of yours that hosts of others show as well is "
         "counted as\n"
         "withheld. So you can see what is yours to mend, and nobody else is exposed.\n\n"
         "Ask us when you need to reach the others, and we shall ask them.\n\n";
}

std::string EthicsAndContact(const BundleLetter& letter) {
  return StrCat(
      "## Ethics\n\n"
      "The data behind this is not published. We give each asset-holder what concerns its own "
      "hosts,\n"
      "and publish sums only. Please treat this bundle as you would a report of a weakness: hand "
      "it to\n"
      "those who can mend it, and do not pass it on beyond them.\n\n"
      "## Contact and opt-out\n\n"
      "Questions, corrections and requests to be left out of later surveys: ",
      EscapeForDisplay(letter.contact),
      "\n\n"
      "Tell us which addresses or which AS, and they are not contacted again; what was stored "
      "about\n"
      "them is deleted if you wish.\n");
}

Table ClustersTableOf(const Bundle& bundle) {
  Table table{"clusters", "Clusters with hosts of yours", {}, {}, false, {}};
  table.columns = {{"cluster", false}, {"hosts"},       {"yours"},
                   {"ASes"},           {"shared keys"}, {"most hosts of a key"}};
  for (const BundleCluster& cluster : bundle.clusters) {
    uint64_t shared = 0;
    uint64_t most = 0;
    for (const BundleKey& key : cluster.keys) {
      shared += key.hosts > 1 ? 1 : 0;
      most = std::max(most, key.hosts);
    }
    table.rows.push_back({TextCell(cluster.label), CountCell(cluster.members.size()),
                          CountCell(cluster.own_hosts), CountCell(cluster.hosts_of_as.size()),
                          CountCell(shared), CountCell(most)});
  }
  return table;
}

Table AsTableOf(const BundleCluster& cluster) {
  Table table{"ases", StrCat(cluster.label, ": hosts by AS"), {{"AS", false}, {"hosts"}}, {}, false,
              {}};
  for (const auto& [asn, hosts] : cluster.hosts_of_as) {
    table.rows.push_back({TextCell(AsText(asn)), CountCell(hosts)});
  }
  return table;
}

Table KeysTableOf(const BundleCluster& cluster) {
  Table table{"keys", StrCat(cluster.label, ": shared keys"), {}, {}, false, {}};
  table.columns = {{"key", false}, {"host/ports"}, {"hosts"}, {"yours"}};
  for (const BundleKey& key : cluster.keys) {
    if (key.hosts < 2) continue;
    if (table.rows.size() == kMaxKeysInTable) {
      table.notes.emplace_back("the rest is in keys.csv");
      break;
    }
    table.rows.push_back({TextCell(key.label), CountCell(key.host_ports), CountCell(key.hosts),
                          CountCell(key.own_hosts)});
  }
  return table;
}

// Names are a stranger's bytes: in code marks, Markdown leaves them alone.
std::string NamesText(const BundleMember& member) {
  constexpr size_t kNamesInTable = 5;
  std::vector<std::string> out;
  for (size_t i = 0; i < std::min(kNamesInTable, member.names.size()); ++i) {
    std::string name = EscapeForDisplay(member.names[i]);
    std::replace(name.begin(), name.end(), '`', '\'');
    out.push_back(StrCat("`", name, "`"));
  }
  const uint64_t more = member.names.size() - out.size() + member.names_more;
  if (more > 0) out.push_back(StrCat("and ", more, " more"));
  if (member.names_withheld > 0) out.push_back(StrCat(member.names_withheld, " withheld"));
  return Join(out, ", ");
}

Table OwnHostsTable(const BundleCluster& cluster) {
  Table table{"hosts", StrCat(cluster.label, ": your hosts"), {}, {}, false, {}};
  table.columns = {{"host", false},        {"AS"},          {"port"}, {"version", false},
                   {"shared keys", false}, {"names", false}};
  for (const BundleMember& member : cluster.members) {
    if (!member.own) continue;
    bool first = true;
    for (const BundlePort& port : member.ports) {
      std::vector<std::string> keys;
      for (const uint32_t key : port.keys) {
        if (cluster.keys[key].hosts > 1) keys.push_back(cluster.keys[key].label);
      }
      table.rows.push_back({TextCell(first ? member.label : ""),
                            TextCell(first ? AsText(member.asn) : ""),
                            TextCell(std::to_string(port.port)), TextCell(port.version),
                            TextCell(Join(keys, " ")), TextCell(first ? NamesText(member) : "")});
      first = false;
    }
  }
  return table;
}

}  // namespace

std::string BundleReadme(const Bundle& bundle, const BundleLetter& letter) {
  return Intro(bundle, letter) + WhyItMatters() + HowMeasured(bundle) + WhatIsHere() +
         EthicsAndContact(letter);
}

std::string BundleTables(const Bundle& bundle) {
  std::string out = "# Tables\n\n" + TableAsMarkdown(ClustersTableOf(bundle));
  for (const BundleCluster& cluster : bundle.clusters) {
    for (const Table& table : {AsTableOf(cluster), KeysTableOf(cluster), OwnHostsTable(cluster)}) {
      out += "\n" + TableAsMarkdown(table);
    }
  }
  return out;
}

}  // namespace hark
