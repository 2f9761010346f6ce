#include "cli/lookup_text.h"

#include <algorithm>

#include "base/strings.h"

namespace hark {
namespace {

// What a column of a terminal has room for; the JSON has all of it.
constexpr size_t kMostWords = 100;

std::string Text(const Json& object, const char* member) {
  const auto at = object.find(member);
  if (at == object.end() || at->is_null()) return "";
  return at->is_string() ? at->get<std::string>() : at->dump();
}

std::string Shortened(std::string text) {
  if (text.size() > kMostWords) text = text.substr(0, kMostWords - 3) + "...";
  return text;
}

// "2026-11-22 17:30", which is as fine as a person reads.
std::string When(const Json& object, const char* member) {
  std::string text = Text(object, member);
  if (text.size() < 16) return text;
  text[10] = ' ';
  return text.substr(0, 16);
}

std::string Names(const Json& list, size_t most) {
  std::vector<std::string> names;
  for (const Json& name : list) {
    if (names.size() == most) {
      names.emplace_back("...");
      break;
    }
    names.push_back(name.get<std::string>());
  }
  return Join(names, " ");
}

std::string KeyWords(const Json& fact) {
  std::string out = Text(fact, "algorithm");
  const std::string size = fact.contains("curve") ? Text(fact, "curve") : Text(fact, "bits");
  if (!out.empty() && size != "0") out += " " + size;
  const std::string print = Text(fact, "fingerprint_sha256");
  if (!print.empty()) return out + "  " + print;
  const std::string id = Text(fact, "key_id");
  return id.empty() ? Text(fact, "fact") : StrCat(out, out.empty() ? "" : "  ", id);
}

std::string CertificateWords(const Json& fact) {
  if (!fact.contains("subject")) return Text(fact, "fact");
  std::string out = Text(fact, "subject");
  if (fact.contains("names") && !fact["names"].empty()) out += "  " + Names(fact["names"], 3);
  return StrCat(out, "  until ", Text(fact, "not_after").substr(0, 10));
}

std::string FactWords(const Json& fact) {
  const std::string kind = Text(fact, "kind");
  if (kind == "key") return KeyWords(fact);
  if (kind == "certificate") return CertificateWords(fact);
  if (kind == "banner") return fact.contains("banner") ? Text(fact, "banner") : Text(fact, "fact");
  if (kind == "algorithms") {
    const std::string hassh = Text(fact, "hassh_server");
    return hassh.empty() ? Text(fact, "fact") : "HASSH " + hassh;
  }
  if (kind == "outcome") return StrCat(Text(fact, "outcome"), " at ", Text(fact, "stage"));
  if (kind != "tls") return Text(fact, "fact");
  std::string out = StrCat(Text(fact["version"], "name"), " ", Text(fact["cipher_suite"], "name"));
  return fact.contains("group") ? StrCat(out, " ", Text(fact, "group")) : out;
}

Table MakeTable(std::string title, std::vector<Column> columns) {
  Table table;
  table.title = std::move(title);
  table.columns = std::move(columns);
  return table;
}

void AddRow(const std::vector<std::string>& texts, Table& table) {
  std::vector<Cell> row;
  for (const std::string& text : texts) row.push_back(TextCell(Shortened(text)));
  table.rows.push_back(std::move(row));
}

const std::vector<Column> kFactColumns = {{"first seen", false}, {"last seen", false},
                                          {"sightings", true},   {"", false},
                                          {"what", false},       {"", false}};

void AddFactRow(const Json& fact, Table& table) {
  const bool current = !fact.contains("current") || fact["current"].get<bool>();
  AddRow({When(fact, "first_seen"), When(fact, "last_seen"), Text(fact, "sightings"),
          current ? "" : "gone", Text(fact, "kind"), FactWords(fact)},
         table);
}

std::string PlaceWords(const Json& object) {
  std::string out;
  if (object.contains("country")) out += StrCat("  ", Text(object, "country"));
  if (object.contains("asn")) out += StrCat("  AS", Text(object, "asn"));
  return out;
}

std::string HostAsText(const Json& host, const TextStyle& style) {
  std::string out = style.Heading(Text(host, "host")) + PlaceWords(host);
  if (host.contains("first_seen")) {
    out += StrCat("  seen from ", When(host, "first_seen"), " to ", When(host, "last_seen"));
  }
  out += "\n";
  for (const Json& port : host["ports"]) {
    Table table = MakeTable(StrCat("port ", Text(port, "port")), kFactColumns);
    for (const Json& fact : port["facts"]) AddFactRow(fact, table);
    out += "\n" + TableAsText(table, style);
  }
  if (host["runs"].empty()) return out;
  Table runs = MakeTable("runs", {{"run", false}, {"visited", false}});
  for (const Json& run : host["runs"]) AddRow({Text(run, "run"), When(run, "visited")}, runs);
  return out + "\n" + TableAsText(runs, style);
}

std::string PlacesAsText(const std::string& title, const Json& places, const Json& next,
                         const TextStyle& style) {
  Table table = MakeTable(title, {{"host", false},
                                  {"port", true},
                                  {"first seen", false},
                                  {"last seen", false},
                                  {"sightings", true}});
  for (const Json& place : places) {
    AddRow({Text(place, "host"), Text(place, "port"), When(place, "first_seen"),
            When(place, "last_seen"), Text(place, "sightings")},
           table);
  }
  if (!next.is_null()) table.notes.emplace_back("and more: --limit=N shows them");
  return table.rows.empty() ? "" : "\n" + TableAsText(table, style);
}

std::string SummaryWords(const Json& object) {
  if (!object.contains("hosts")) return "";
  const uint64_t hosts = object["hosts"].get<uint64_t>();
  if (hosts == 0) return "seen nowhere";
  const bool complete = object["summary_complete"].get<bool>();
  return StrCat(complete ? "on " : "on more than ", WithThousands(hosts),
                hosts == 1 ? " host" : " hosts", ", first seen ", When(object, "first_seen"),
                ", last seen ", When(object, "last_seen"));
}

std::string KeysAsText(const Json& keys, const TextStyle& style) {
  std::string out;
  for (const Json& key : keys) {
    out += style.Heading(KeyWords(key)) + "\n";
    for (const char* member : {"key_id", "fingerprint_md5", "ssh_type"}) {
      if (key.contains(member)) out += StrCat("  ", member, "  ", Text(key, member), "\n");
    }
  }
  return out;
}

std::string KeyAsText(const Json& answer, const TextStyle& style) {
  return StrCat(KeysAsText(answer["keys"], style), SummaryWords(answer), "\n",
                PlacesAsText("seen at", answer["places"], answer["next"], style));
}

std::string SideAsText(const char* title, const Json& side, const TextStyle& style) {
  const Json more = side["complete"].get<bool>() ? Json(nullptr) : Json(true);
  return StrCat(title, ": ", SummaryWords(side), "\n",
                PlacesAsText(title, side["places"], more, style));
}

std::string EnvironmentAsText(const Json& answer, const TextStyle& style) {
  const std::string verdict = Text(answer, "verdict");
  std::string out = KeysAsText(answer["keys"], style);
  if (verdict == "known") out += "not new: this environment has shown it before\n";
  if (verdict == "new") out += "new to this environment; others have shown it\n";
  if (verdict == "never-seen") return out + "new: it was never seen anywhere\n";
  return out + SideAsText("inside", answer["inside"], style) +
         SideAsText("outside", answer["outside"], style);
}

std::string CertificateAsText(const Json& answer, const TextStyle& style) {
  std::string out;
  const Json& certificate = answer["certificate"];
  if (certificate.is_object()) {
    for (const char* member :
         {"sha256", "subject", "issuer", "not_before", "not_after", "key_id"}) {
      if (certificate.contains(member)) {
        out += StrCat(member, "  ", Shortened(Text(certificate, member)), "\n");
      }
    }
    if (certificate.contains("dns_names")) {
      out += StrCat("dns_names  ", Names(certificate["dns_names"], 10), "\n");
    }
  }
  return StrCat(out, SummaryWords(answer), "\n",
                PlacesAsText("seen at", answer["places"], answer["next"], style));
}

std::string CertificatesAsText(const Json& answer, const TextStyle& style) {
  Table table = MakeTable("certificates", {{"first seen", false},
                                           {"last seen", false},
                                           {"hosts", true},
                                           {"reference", false},
                                           {"certificate", false}});
  for (const Json& item : answer["certificates"]) {
    AddRow({When(item, "first_seen"), When(item, "last_seen"), Text(item, "hosts"),
            Text(item, "fact").substr(Text(item, "fact").find(':') + 1), CertificateWords(item)},
           table);
  }
  if (!answer["next"].is_null()) table.notes.emplace_back("and more: --limit=N shows them");
  return TableAsText(table, style);
}

std::string ChangesAsText(const Json& answer, const TextStyle& style) {
  Table table = MakeTable(StrCat("changes of ", Text(answer, "host")),
                          {{"time", false}, {"port", true}, {"", false}, {"", false}, {"", false}});
  for (const Json& change : answer["changes"]) {
    for (const auto& [member, sign] : {std::pair{"disappeared", "-"}, {"appeared", "+"}}) {
      for (const Json& fact : change[member]) {
        AddRow(
            {When(change, "time"), Text(change, "port"), sign, Text(fact, "kind"), FactWords(fact)},
            table);
      }
    }
  }
  if (!answer["next"].is_null()) table.notes.emplace_back("and more: --limit=N shows them");
  return TableAsText(table, style);
}

std::string SoftwareAsText(const Json& answer, const TextStyle& style) {
  std::string out;
  if (answer.contains("banner")) out += style.Heading(Text(answer, "banner")) + "\n";
  if (answer.contains("formulas")) {
    out += StrCat(style.Heading(Text(answer, "asked")), "  ", Names(answer["formulas"], 2), "\n");
  }
  return StrCat(out, SummaryWords(answer), "\n",
                PlacesAsText("seen at", answer["places"], answer["next"], style));
}

}  // namespace

std::string LookupAsText(const LookupAnswer& answer, const TextStyle& style) {
  const std::string head = style.Faint(StrCat("taken for ", answer.took_for)) + "\n";
  const Json& json = answer.answer;
  if (answer.kind == "host") return head + HostAsText(json, style);
  if (answer.kind == "changes") return head + ChangesAsText(json, style);
  if (answer.kind == "key") return head + KeyAsText(json, style);
  if (answer.kind == "environment") return head + EnvironmentAsText(json, style);
  if (answer.kind == "certificate") return head + CertificateAsText(json, style);
  if (answer.kind == "certificates") return head + CertificatesAsText(json, style);
  return head + SoftwareAsText(json, style);
}

}  // namespace hark
