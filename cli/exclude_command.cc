#include "cli/exclude_command.h"

#include <nlohmann/json.hpp>

#include "base/file.h"
#include "base/strings.h"
#include "cli/control_client.h"
#include "cli/exit_code.h"
#include "cli/flags.h"
#include "cli/obedience_flag.h"
#include "cli/output.h"
#include "cli/plan_flags.h"
#include "cli/probe_flags.h"
#include "cli/render_text.h"
#include "cli/target_words.h"
#include "coordinator/opt_outs.h"
#include "storage/store.h"

namespace hark {
namespace {

struct AddOptions {
  std::string db;
  std::string reason;
  WaitWish wait;
};

Flag DbFlag(std::string* db) {
  return {"db", Text(db, "DIR"), "the store", true};
}

// "@file" and "-" are lists, everything else an entry.
Result<std::vector<std::string>> EntriesOf(const std::vector<std::string>& words) {
  std::vector<std::string> entries;
  const auto take = [&](std::string_view word) {
    proto::AddOptOuts one;
    one.add_entries(std::string(word));
    HARK_RETURN_IF_ERROR(ParseOptOuts(one).status());
    entries.emplace_back(word);
    return Status::Ok();
  };
  for (const std::string& word : words) {
    const bool is_list = word == "-" || word.starts_with('@');
    HARK_RETURN_IF_ERROR(is_list ? TakeFile(word == "-" ? word : word.substr(1), take)
                                 : take(word));
  }
  if (entries.empty()) return InvalidInput("needs an ENTRY: an address, prefix, range, @FILE or -");
  return entries;
}

// At most so many at once; the later ones follow when the earlier ones are durable.
std::vector<proto::AddOptOuts> StepsOf(const std::vector<std::string>& entries,
                                       const std::string& reason) {
  std::vector<proto::AddOptOuts> steps;
  for (const std::string& entry : entries) {
    if (steps.empty() || steps.back().entries_size() == kMaxOptOutEntries) {
      steps.emplace_back().set_reason(reason);
    }
    steps.back().add_entries(entry);
  }
  return steps;
}

std::string Added(size_t entries, uint64_t version) {
  return StrCat(entries, entries == 1 ? " entry" : " entries", " in the opt-outs, version ",
                version);
}

Status AddAtRest(const std::string& db, const std::vector<proto::AddOptOuts>& steps,
                 size_t entries) {
  HARK_RETURN_IF_ERROR(CheckStoreThere(db));
  HARK_ASSIGN_OR_RETURN(const std::unique_ptr<Store> store,
                        Store::Open(db, Store::Mode::kReadWrite));
  uint64_t version = 0;
  for (const proto::AddOptOuts& step : steps) {
    HARK_ASSIGN_OR_RETURN(version, AddOptOuts(*store, step, SystemClock().UnixMillis()));
  }
  return WriteOutput(
      "", Added(entries, version) + "; no coordinator runs, the next begins with them\n");
}

Status Add(const AddOptions& options, const std::vector<std::string>& words) {
  HARK_ASSIGN_OR_RETURN(const std::vector<std::string> entries, EntriesOf(words));
  const std::vector<proto::AddOptOuts> steps = StepsOf(entries, options.reason);
  HARK_ASSIGN_OR_RETURN(const std::unique_ptr<ControlClient> client,
                        ControlClient::Connect(options.db));
  if (client == nullptr) return AddAtRest(options.db, steps, entries.size());
  proto::ControlReply reply;
  for (const proto::AddOptOuts& step : steps) {
    proto::ControlRequest request;
    *request.mutable_add_opt_outs() = step;
    HARK_ASSIGN_OR_RETURN(reply, client->Ask(std::move(request)));
  }
  return TellObedience(*client, Added(entries.size(), reply.exclusions_version()),
                       reply.orders_version(), reply.exclusions_version(), options.wait);
}

std::string AsText(const OptOuts& all) {
  Table table{"opt_outs", "Opt-outs", {}, {}, false, {}};
  table.columns = {{"version"}, {"added", false}, {"entry", false}, {"reason", false}};
  for (const proto::OptOutRow& row : all.steps) {
    for (const std::string& entry : row.entries()) {
      table.rows.push_back({CountCell(row.version()), TextCell(FormatUtc(row.unix_ms())),
                            TextCell(EscapeForDisplay(entry)),
                            TextCell(EscapeForDisplay(row.reason()))});
    }
  }
  return TableAsText(table, StyleOfStdout());
}

std::string AsJson(const OptOuts& all) {
  using Json = nlohmann::ordered_json;
  Json steps = Json::array();
  for (const proto::OptOutRow& row : all.steps) {
    steps.push_back(
        {{"version", row.version()},
         {"added", FormatUtc(row.unix_ms())},
         {"reason", row.reason()},
         {"entries", std::vector<std::string>(row.entries().begin(), row.entries().end())}});
  }
  const Json out = {
      {"version", all.version}, {"addresses", all.addresses.size()}, {"steps", steps}};
  return out.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

// The first step that has it, or nullptr.
const proto::OptOutRow* StepWith(const OptOuts& all, uint32_t address) {
  for (const proto::OptOutRow& row : all.steps) {
    proto::AddOptOuts entries;
    *entries.mutable_entries() = row.entries();
    const Result<RangeSet> set = ParseOptOuts(entries);
    if (set.ok() && set->Contains(address)) return &row;
  }
  return nullptr;
}

Result<std::string> Check(const std::string& db, const std::string& text) {
  const std::optional<Address> address = Address::Parse(text);
  if (!address || !address->is_v4()) return InvalidInput("needs an IPv4 ADDRESS");
  HARK_ASSIGN_OR_RETURN(const OptOuts all, ReadOptOuts(db));
  const proto::OptOutRow* row = StepWith(all, address->v4());
  if (row == nullptr) return NotFound(address->ToString() + " is not among the opt-outs");
  return StrCat(address->ToString(), " is left out since version ", row->version(), " (",
                FormatUtc(row->unix_ms()), ")",
                row->reason().empty() ? "" : ": " + EscapeForDisplay(row->reason()), "\n");
}

}  // namespace

int RunExcludeAdd(const std::vector<std::string>& args) {
  constexpr char kName[] = "hark exclude add";
  AddOptions options;
  FlagSet flags(kName, "leave addresses out of every run from now on",
                AllFlags({{DbFlag(&options.db),
                           {"reason", Text(&options.reason, "TEXT"), "who asked, and when", true}},
                          WaitFlags(options.wait)}));
  flags.SetPositionalList("ENTRY");
  flags.SetExamples({"hark exclude add --db=out/db --reason='mail of 2026-11-20' 192.0.2.0/24",
                     "hark exclude add --db=out/db --reason='list of their NOC' @optouts.txt"});
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
  FlagSet flags(kName, "is an address left out, and why", {DbFlag(&db)});
  flags.SetPositional({"ADDRESS"});
  flags.SetExamples({"hark exclude check --db=out/db 192.0.2.7"});
  const Result<ParsedFlags> parsed = flags.Parse(args);
  if (!parsed.ok()) return Fail(kName, parsed.status());
  if (parsed->help) return Fail(kName, WriteOutput("", flags.Help()));
  const Result<std::string> found = Check(db, parsed->positional.at(0));
  return Fail(kName, found.ok() ? WriteOutput("", *found) : found.status());
}

}  // namespace hark
