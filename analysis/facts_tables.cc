#include "analysis/facts_tables.h"

#include <cstdio>

#include "analysis/hygiene_tables.h"
#include "analysis/json_text.h"
#include "base/strings.h"

namespace hark {
namespace {

Table NewTable(std::string name, std::string title, std::vector<Column> columns) {
  return {std::move(name), std::move(title), std::move(columns), {}, false, {}};
}

void AddReuse(std::vector<Cell>& row, const ReusedKeys& count) {
  for (const uint64_t n : {count.keys, count.host_ports, count.hosts}) row.push_back(CountCell(n));
}

std::vector<Cell> PortTrustRow(std::string name, const PortTrust& port) {
  std::vector<Cell> row = {TextCell(std::move(name)), CountCell(port.listeners)};
  AddReuse(row, port.trusted);
  AddReuse(row, port.wildcard);
  row.push_back(CountCell(port.mixed_trust));
  row.push_back(CountCell(port.mixed_names));
  return row;
}

std::string SuiteCode(uint16_t suite) {
  char text[8];
  std::snprintf(text, sizeof text, "0x%04X", static_cast<unsigned>(suite));
  return text;
}

void AddKindRow(std::string name, const ReuseCount& count, Table& table) {
  if (count.hosts == 0) return;
  table.rows.push_back({TextCell(std::move(name)), CountCell(count.hosts), CountCell(count.reusing),
                        PercentCell(count.ratio())});
}

}  // namespace

std::string TrustNote(const TrustBasis& trust) {
  if (!trust.judged) return StrCat("trust is not judged: ", PrintableText(trust.name));
  const std::string when =
      trust.at_unix ? StrCat("at ", UtcText(*trust.at_unix)) : "when each host was grabbed";
  return StrCat("trusted = a chain to one of ", trust.roots, " roots of ",
                PrintableText(trust.name), " for TLS servers, ", when,
                "; host names and revocation are not checked");
}

Table CertClassesTable(const RunFacts& facts) {
  Table table = NewTable("cert_classes", "Certificates: within their dates, and who vouches",
                         {{"class", false}, {"host/ports"}, {"in clusters"}});
  const auto add = [&](std::string name, const CertClassCount& count) {
    table.rows.push_back({TextCell(std::move(name)), CountCell(count.host_ports),
                          CountCell(count.clustered_host_ports)});
  };
  const CertClasses& classes = facts.classes;
  CertClassCount sum = classes.unread;
  for (const bool timely : {true, false}) {
    const std::string dates = timely ? ", timely" : ", not timely";
    add("trusted" + dates, classes.Of(timely, CertVoucher::kTrusted));
    add("self-signed" + dates, classes.Of(timely, CertVoucher::kSelfSigned));
    add("other" + dates, classes.Of(timely, CertVoucher::kOther));
  }
  if (classes.unread.host_ports > 0) add("not readable", classes.unread);
  for (const auto& of_time : {classes.timely, classes.not_timely}) {
    for (const CertClassCount& count : of_time) {
      sum.host_ports += count.host_ports;
      sum.clustered_host_ports += count.clustered_host_ports;
    }
  }
  add("total", sum);
  table.total = true;
  table.notes = {TrustNote(facts.trust),
                 "trusted, not timely: it would be trusted, were it not for its own dates"};
  return table;
}

Table KeyKindsTable(const RunFacts& facts) {
  Table table = NewTable(
      "key_kinds", "Key types and lengths",
      {{"kind", false}, {"TLS keys"}, {"TLS host/ports"}, {"SSH keys"}, {"SSH host/ports"}});
  for (size_t i = 0; i < kKeyKindRows; ++i) {
    const KindCount& tls = facts.key_kinds.tls[i];
    const KindCount& ssh = facts.key_kinds.ssh[i];
    if (tls.host_ports + ssh.host_ports == 0) continue;
    table.rows.push_back({TextCell(kKeyKindNames[i]), CountCell(tls.keys),
                          CountCell(tls.host_ports), CountCell(ssh.keys),
                          CountCell(ssh.host_ports)});
  }
  table.notes = {"a server with keys of several kinds is in several rows"};
  return table;
}

Table HarkKindsTable(const RunFacts& facts) {
  Table table = NewTable("hark_kinds", "HARK by kind of key: hosts that re-use keys of that kind",
                         {{"kind", false}, {"hosts with such keys"}, {"re-using"}, {"share"}});
  for (size_t i = 0; i < kKeyFamilies.size(); ++i) {
    const KeyFamily& family = kKeyFamilies[i];
    AddKindRow(family.name, facts.kind_reuse.families[i], table);
    for (size_t row = family.begin; family.has_lengths() && row < family.end; ++row) {
      AddKindRow(StrCat("  ", kKeyKindNames[row]), facts.kind_reuse.kinds[row], table);
    }
  }
  table.notes = {"by SSH or TLS; a host with keys of several kinds is in several rows"};
  return table;
}

Table PortTrustTable(const RunFacts& facts) {
  Table table =
      NewTable("port_trust", "Trusted and wildcard certificates with re-used keys, by port",
               {{"port", false},
                {"listeners"},
                {"trusted: keys"},
                {"trusted: host/ports"},
                {"trusted: hosts"},
                {"wildcard: keys"},
                {"wildcard: host/ports"},
                {"wildcard: hosts"},
                {"keys of mixed trust"},
                {"keys of differing names"}});
  for (const auto& [port, trust] : facts.port_trust.ports) {
    table.rows.push_back(PortTrustRow(std::to_string(port), trust));
  }
  table.rows.push_back(PortTrustRow("total", facts.port_trust.total));
  table.total = true;
  table.notes = {
      "hosts in clusters; keys that two hosts or more show on that port; the paper's "
      "columns are listeners and the two of keys",
      "the total counts each key and each host once", TrustNote(facts.trust)};
  return table;
}

Table SuitesTable(const RunFacts& facts) {
  const SuiteCounts& counts = facts.suites;
  Table table = NewTable("suites", "Bad cipher suites in clusters",
                         {{"suite", false},
                          {"name", false},
                          {"host/ports"},
                          {"hosts"},
                          {"re-used keys"},
                          {"host/ports of all hosts"}});
  uint64_t bad = 0;
  uint64_t bad_all = 0;
  for (const auto& [suite, count] : counts.suites) {
    if (!count.bad) continue;
    bad += count.clustered_host_ports;
    bad_all += count.host_ports;
    table.rows.push_back({TextCell(SuiteCode(suite)), TextCell(count.name),
                          CountCell(count.clustered_host_ports), CountCell(count.clustered_hosts),
                          CountCell(count.clustered_keys), CountCell(count.host_ports)});
  }
  table.rows.push_back({TextCell("total"), TextCell(""), CountCell(bad),
                        CountCell(counts.bad_clustered_hosts), CountCell(counts.bad_clustered_keys),
                        CountCell(bad_all)});
  table.total = true;
  table.notes = {StrCat(WithThousands(bad), " of ", WithThousands(counts.clustered_host_ports),
                        " TLS host/ports in clusters, ", WithThousands(bad_all), " of ",
                        WithThousands(counts.host_ports), " of all hosts"),
                 StrCat("bad by ", PrintableText(counts.policy),
                        "; the total counts each host and each key once")};
  return table;
}

std::vector<Table> FactsTables(const RunFacts& facts) {
  std::vector<Table> tables = {CertClassesTable(facts), KeyKindsTable(facts), HarkKindsTable(facts),
                               PortTrustTable(facts), SuitesTable(facts)};
  for (Table& table : HygieneTables(facts)) tables.push_back(std::move(table));
  return tables;
}

}  // namespace hark
