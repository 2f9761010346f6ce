#include "cli/exclude_command.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/strings.h"
#include "cli/control_client.h"
#include "cli/exit_code.h"
#include "cli/flags.h"
#include "cli/obedience_flag.h"
#include "cli/opt_out_add.h"
#include "cli/output.h"
#include "cli/plan_flags.h"
#include "cli/probe_flags.h"
#include "cli/render_text.h"
#include "coordinator/opt_outs.h"
#include "storage/store.h"

namespace hark {
namespace {

struct AddOptions {
  std::string db;
  std::string reason;
  std::string geo;
  bool purge = false;
  WaitWish wait;
};

Flag DbFlag(std::string* db) {
  return {"db", Text(db, "DIR"), "the store", true};
}

// "@file" and "-" are lists, everything else an entry.
Result<std::vector<OptOutLine>> LinesOf(const std::vector<std::string>& words) {
  std::vector<OptOutLine> lines;
  for (const std::string& word : words) {
    const bool is_list = word == "-" || word.starts_with('@');
    if (!is_list) {
      const Status status = CheckOptOutEntry(word);
      if (!status.ok()) return status.Prepend(StrCat("'", EscapeForDisplay(word), "'"));
      lines.push_back({word, "", ""});
      continue;
    }
    HARK_ASSIGN_OR_RETURN(const std::vector<OptOutLine> some,
                          ReadOptOutFile(word == "-" ? word : word.substr(1)));
    lines.insert(lines.end(), some.begin(), some.end());
  }
  if (lines.empty()) {
    return InvalidInput("needs an ENTRY: an address, prefix, range, AS, @FILE or -");
  }
  return lines;
}

Status CheckReasons(const OptOutWish& wish) {
  const bool told = std::all_of(wish.lines.begin(), wish.lines.end(),
                                [](const OptOutLine& line) { return !line.reason.empty(); });
  if (told || !wish.reason.empty()) return Status::Ok();
  return InvalidInput(
      "needs --reason=TEXT, or a date and a reason in each line: who asked, and when");
}

std::string Added(const OptOutWish& wish, const AddedOptOuts& added) {
  std::string text = StrCat(wish.lines.size(), wish.lines.size() == 1 ? " entry" : " entries",
                            " in the opt-outs, version ", added.version);
  if (wish.purge) text += StrCat("; purged ", WithThousands(added.purged_hosts), " hosts");
  return text;
}

Status Add(const AddOptions& options, const std::vector<std::string>& words) {
  OptOutWish wish{{}, options.reason, options.purge};
  HARK_ASSIGN_OR_RETURN(wish.lines, LinesOf(words));
  HARK_RETURN_IF_ERROR(CheckReasons(wish));
  HARK_ASSIGN_OR_RETURN(const GeoTable geo, LoadGeo(options.geo));
  HARK_ASSIGN_OR_RETURN(const std::unique_ptr<ControlClient> client,
                        ControlClient::Connect(options.db));
  if (client == nullptr) HARK_RETURN_IF_ERROR(CheckStoreThere(options.db));
  HARK_ASSIGN_OR_RETURN(const AddedOptOuts added, AddToStore(client.get(), options.db, wish, geo));
  if (client == nullptr) {
    return WriteOutput("",
                       Added(wish, added) + "; no coordinator runs, the next begins with them\n");
  }
  return TellObedience(*client, Added(wish, added), added.orders_version, added.version,
                       options.wait);
}

std::string DateOf(const proto::OptOutRow& row, int i) {
  return i < row.notes_size() ? row.notes(i).date() : "";
}

std::string ReasonOf(const proto::OptOutRow& row, int i) {
  const bool own = i < row.notes_size() && !row.notes(i).reason().empty();
  return own ? row.notes(i).reason() : row.reason();
}

std::string AsText(const OptOuts& all) {
  Table table{"opt_outs", "Opt-outs", {}, {}, false, {}};
  table.columns = {{"version"},      {"added", false},  {"asked", false},
                   {"entry", false}, {"purged", false}, {"reason", false}};
  for (const proto::OptOutRow& row : all.steps) {
    for (int i = 0; i < row.entries_size(); ++i) {
      table.rows.push_back(
          {CountCell(row.version()), TextCell(FormatUtc(row.unix_ms())),
           TextCell(EscapeForDisplay(DateOf(row, i))), TextCell(EscapeForDisplay(row.entries(i))),
           TextCell(row.purge() ? "yes" : ""), TextCell(EscapeForDisplay(ReasonOf(row, i)))});
    }
  }
  return TableAsText(table, StyleOfStdout());
}

std::string AsJson(const OptOuts& all) {
  using Json = nlohmann::ordered_json;
  Json steps = Json::array();
  for (const proto::OptOutRow& row : all.steps) {
    Json entries = Json::array(), notes = Json::array(), ases = Json::object();
    for (int i = 0; i < row.entries_size(); ++i) {
      entries.push_back(row.entries(i));
      notes.push_back({{"date", DateOf(row, i)}, {"reason", ReasonOf(row, i)}});
    }
    for (const proto::AsRanges& as : row.ases()) ases[StrCat("AS", as.asn())] = as.ranges_size();
    steps.push_back({{"version", row.version()},
                     {"added", FormatUtc(row.unix_ms())},
                     {"reason", row.reason()},
                     {"entries", entries},
                     {"notes", notes},
                     {"as_ranges", ases},
                     {"purge", row.purge()}});
  }
  const Json out = {{"version", all.version},
                    {"addresses", all.addresses.v4().size()},
                    {"ipv6_ranges", all.addresses.v6().size()},
                    {"steps", steps}};
  return out.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

// The entry of the step that is about it: the AS itself, or what the address lies in. -1: none.
int EntryAbout(const proto::OptOutRow& row, std::optional<uint32_t> asn,
               const std::optional<Address>& address) {
  for (int i = 0; i < row.entries_size(); ++i) {
    const std::optional<uint32_t> entry_as = ParseAs(row.entries(i));
    if (asn && entry_as == asn) return i;
    if (!address) continue;
    proto::OptOutRow alone;
    alone.add_entries(row.entries(i));
    for (const proto::AsRanges& as : row.ases()) {
      if (entry_as == as.asn()) *alone.add_ases() = as;
    }
    const Result<AddressSet> set = AddressesOf(alone);
    if (set.ok() && set->Contains(*address)) return i;
  }
  return -1;
}

Result<std::string> Check(const std::string& db, const std::string& text) {
  const std::optional<Address> address = Address::Parse(text);
  const std::optional<uint32_t> asn = ParseAs(text);
  if (!address && !asn) return InvalidInput("needs an ADDRESS or an AS");
  const std::string name = address ? address->ToString() : StrCat("AS", *asn);
  HARK_ASSIGN_OR_RETURN(const OptOuts all, ReadOptOuts(db));
  for (const proto::OptOutRow& row : all.steps) {
    const int i = EntryAbout(row, asn, address);
    if (i < 0) continue;
    const std::string reason = ReasonOf(row, i);
    const std::string& entry = row.entries(i);
    return StrCat(name, " is left out since version ", row.version(), " (",
                  FormatUtc(row.unix_ms()), ")",
                  entry == text ? "" : ", with " + EscapeForDisplay(entry),
                  reason.empty() ? "" : ": " + EscapeForDisplay(reason), "\n");
  }
  return NotFound(name + " is not among the opt-outs");
}

}  // namespace

int RunExcludeAdd(const std::vector<std::string>& args) {
  constexpr char kName[] = "hark exclude add";
  AddOptions options;
  FlagSet flags(
      kName, "leave addresses out of every run from now on",
      AllFlags(
          {{DbFlag(&options.db),
            {"reason", Text(&options.reason, "TEXT"),
             "who asked, and when; needed where a list does not tell"},
            {"geo", Text(&options.geo, "FILE"), "what ASes announce; default the coordinator's"},
            {"purge", Switch(&options.purge), "also take out what the store holds about them"}},
           WaitFlags(options.wait)}));
  flags.SetPositionalList("ENTRY");
  flags.SetExamples({"hark exclude add --db=out/db --reason='mail of 2026-11-20' 192.0.2.0/24",
                     "hark exclude add --db=out/db --reason='list of their NOC' @optouts.txt",
                     "hark exclude add --db=out/db --reason='mail of 2026-11-20' --geo=geo.csv "
                     "--purge AS64496 2001:db8::/32"});
  const Result<ParsedFlags> parsed = flags.Parse(args);
  if (!parsed.ok()) return Fail(kName, parsed.status());
  if (parsed->help) return Fail(kName, WriteOutput("", flags.Help()));
  return Fail(kName, Add(options, parsed->positional));
}

int RunExcludeList(const std::vector<std::string>& args) {
  constexpr char kName[] = "hark exclude list";
  std::string db, format = "text";
  FlagSet flags(kName, "the addresses that are left out, and why",
                {DbFlag(&db), {"format", Choice(&format, {"text", "json"}), "how to print"}});
  flags.SetExamples({"hark exclude list --db=out/db"});
  const Result<ParsedFlags> parsed = flags.Parse(args);
  if (!parsed.ok()) return Fail(kName, parsed.status());
  if (parsed->help) return Fail(kName, WriteOutput("", flags.Help()));
  const Result<OptOuts> all = ReadOptOuts(db);
  if (!all.ok()) return Fail(kName, all.status());
  return Fail(kName, WriteOutput("", format == "json" ? AsJson(*all) : AsText(*all)));
}

int RunExcludeCheck(const std::vector<std::string>& args) {
  constexpr char kName[] = "hark exclude check";
  std::string db;
  FlagSet flags(kName, "is an address or AS left out, and why", {DbFlag(&db)});
  flags.SetPositional({"ADDRESS|AS"});
  flags.SetExamples({"hark exclude check --db=out/db 192.0.2.7"});
  const Result<ParsedFlags> parsed = flags.Parse(args);
  if (!parsed.ok()) return Fail(kName, parsed.status());
  if (parsed->help) return Fail(kName, WriteOutput("", flags.Help()));
  const Result<std::string> found = Check(db, parsed->positional.at(0));
  return Fail(kName, found.ok() ? WriteOutput("", *found) : found.status());
}

}  // namespace hark
