#include "cli/targets_command.h"

#include <nlohmann/json.hpp>

#include "base/strings.h"
#include "cli/exit_code.h"
#include "cli/flags.h"
#include "cli/geo_targets.h"
#include "cli/output.h"
#include "cli/plan_flags.h"
#include "cli/progress_line.h"
#include "cli/render_text.h"
#include "coordinator/dry_run.h"
#include "coordinator/run_settings.h"

namespace hark {
namespace {

constexpr char kName[] = "hark targets";
using Json = nlohmann::ordered_json;

struct TargetsOptions {
  std::string db;
  PlanWishes plan;
  PaceWishes pace;
  std::string listeners = "1%";
  std::string format = "text";
  bool json = false;
  DryRunOptions dry_run;
};

struct Outlook {
  Plan plan;
  DryRun dry_run;
};

FlagSet MakeFlags(TargetsOptions& o) {
  FlagSet flags(
      kName, "what a country or a list would mean as a run; nothing is sent",
      AllFlags(
          {{{"db", Text(&o.db, "DIR"), "the store whose opt-outs count; it need not be there"},
            {"rate", Decimal(&o.pace.rate, 0.1, 10'000'000, "N"), "connection attempts a second"},
            {"listeners", Text(&o.listeners, "SHARE"),
             "of the targets that may answer on the gate port, for the time of the grab"},
            {"format", Choice(&o.format, {"text", "json"}), "how to print"},
            {"json", Switch(&o.json), "the same as --format=json"}},
           PlanFlags(o.plan)}));
  flags.SetExamples({
      "hark targets --country=IE,EE --geo=geo.csv --rate=1000",
      "hark targets --db=out/db --targets=hosts.txt --seed=7 --json",
  });
  return flags;
}

Json PartsJson(const std::vector<SpreadPart>& parts) {
  Json out = Json::array();
  for (const SpreadPart& part : parts) {
    out.push_back({{"name", part.name}, {"addresses", part.addresses}});
  }
  return out;
}

Json NamesJson(const NamedTargets& names) {
  Json out = Json::object();
  for (const auto& [address, known] : names) out[address.ToString()] = known;
  return out;
}

Json AsJson(const Outlook& o) {
  const proto::RunRow& run = o.plan.run;
  return {{"country", run.country()},
          {"source", run.source()},
          {"seed", run.seed()},
          {"planned", run.planned()},
          {"ipv4", o.plan.targets.size()},
          {"ipv6", o.plan.targets6.size()},
          {"names", NamesJson(o.plan.names)},
          {"excluded",
           {{"total", run.excluded()},
            {"special", run.excluded_special()},
            {"listed", run.excluded_listed()},
            {"opted_out", run.excluded_opted_out()}}},
          {"exclusions_version", run.exclusions_version()},
          {"ranges", o.dry_run.ranges},
          {"blocks24", o.dry_run.blocks24},
          {"blocks16", o.dry_run.blocks16},
          {"ases", o.dry_run.ases},
          {"without_as", o.dry_run.without_as},
          {"top_blocks16", PartsJson(o.dry_run.top16)},
          {"top_ases", PartsJson(o.dry_run.top_ases)},
          {"burst",
           {{"most_in_1s", o.dry_run.burst_1s},
            {"most_in_10s", o.dry_run.burst_10s},
            {"of_targets", o.dry_run.burst_of}}},
          {"connections_a_host", ConnectionsAHost(run)},
          {"sweep_seconds", ToMillis(o.dry_run.sweep) / 1000},
          {"grab_seconds", ToMillis(o.dry_run.grab) / 1000}};
}

Table FactsTable(const Outlook& o, double rate) {
  const proto::RunRow& run = o.plan.run;
  Table table{"targets", StrCat("Targets of ", run.source()), {}, {}, false, {}};
  table.columns = {{"what", false}, {"", true}};
  const auto add = [&](std::string what, uint64_t n) {
    table.rows.push_back({TextCell(std::move(what)), CountCell(n)});
  };
  const auto say = [&](std::string what, std::string text) {
    table.rows.push_back({TextCell(std::move(what)), TextCell(std::move(text))});
  };
  add("planned", run.planned());
  if (!o.plan.targets6.empty()) add("  of them IPv6, each visited", o.plan.targets6.size());
  if (!o.plan.names.empty()) add("  of them from names", o.plan.names.size());
  add("excluded", run.excluded());
  add("  special-purpose ranges", run.excluded_special());
  add("  by --exclude", run.excluded_listed());
  add(StrCat("  opted out, version ", run.exclusions_version()), run.excluded_opted_out());
  add("ranges", o.dry_run.ranges);
  add("/24s", o.dry_run.blocks24);
  add("/16s", o.dry_run.blocks16);
  if (o.dry_run.ases > 0) add("ASes", o.dry_run.ases);
  add("most knocks at one /24 in 1 s", o.dry_run.burst_1s);
  add("most knocks at one /24 in 10 s", o.dry_run.burst_10s);
  if (run.gate_port() != 0) say("sweep", DurationText(o.dry_run.sweep));
  say("grab, about", DurationText(o.dry_run.grab));
  table.notes.push_back(StrCat("at ", WithThousands(static_cast<uint64_t>(rate)),
                               " connection attempts a second; order of --seed=", run.seed()));
  if (o.dry_run.burst_of < o.plan.targets.size()) {
    table.notes.push_back(StrCat("bursts are those of the first ",
                                 WithThousands(o.dry_run.burst_of), " targets in that order"));
  }
  return table;
}

Table PartsTable(const std::string& title, const std::vector<SpreadPart>& parts, uint64_t targets) {
  Table table{"spread", title, {}, {}, false, {}};
  table.columns = {{"network", false}, {"addresses"}, {"share"}};
  for (const SpreadPart& part : parts) {
    const Share share{part.addresses, targets};
    table.rows.push_back({TextCell(part.name), CountCell(part.addresses),
                          TextCell(StrCat(share.percent_truncated(), " %"))});
  }
  return table;
}

std::string AsText(const Outlook& o, double rate) {
  const TextStyle style = StyleOfStdout();
  std::string out = TableAsText(FactsTable(o, rate), style);
  const uint64_t n = o.plan.targets.size();
  if (o.dry_run.top16.size() > 1) {
    out += "\n" + TableAsText(PartsTable("The largest /16s", o.dry_run.top16, n), style);
  }
  if (!o.dry_run.top_ases.empty()) {
    out += "\n" + TableAsText(PartsTable("The largest ASes", o.dry_run.top_ases, n), style);
  }
  return out;
}

// All plans one after the other, as they share the one rate.
struct Together {
  uint64_t planned = 0, excluded = 0;
  Duration sweep{}, grab{};
};

Together SumOf(const std::vector<Outlook>& all) {
  Together sum;
  for (const Outlook& o : all) {
    sum.planned += o.plan.run.planned();
    sum.excluded += o.plan.run.excluded();
    sum.sweep += o.dry_run.sweep;
    sum.grab += o.dry_run.grab;
  }
  return sum;
}

Json AsJson(const Together& sum) {
  return {{"planned", sum.planned},
          {"excluded", sum.excluded},
          {"sweep_seconds", ToMillis(sum.sweep) / 1000},
          {"grab_seconds", ToMillis(sum.grab) / 1000}};
}

std::string SumAsText(const std::vector<Outlook>& all) {
  const Together sum = SumOf(all);
  Table table{"together", StrCat("All ", all.size(), " together"), {}, {}, false, {}};
  table.columns = {{"country", false}, {"planned"}, {"excluded"}, {"sweep", true}, {"grab", true}};
  const auto add = [&](std::string name, uint64_t planned, uint64_t excluded, Duration sweep,
                       Duration grab) {
    table.rows.push_back({TextCell(std::move(name)), CountCell(planned), CountCell(excluded),
                          TextCell(DurationText(sweep)), TextCell(DurationText(grab))});
  };
  for (const Outlook& o : all) {
    const proto::RunRow& run = o.plan.run;
    add(run.country(), run.planned(), run.excluded(), o.dry_run.sweep, o.dry_run.grab);
  }
  add("sum", sum.planned, sum.excluded, sum.sweep, sum.grab);
  table.notes = {
      "hark scan works on them side by side, within one rate: the times are those of all"};
  return TableAsText(table, StyleOfStdout());
}

Result<std::vector<Outlook>> LookAll(const TargetsOptions& o) {
  HARK_ASSIGN_OR_RETURN(const GeoTable geo, LoadGeo(o.plan.geo));
  HARK_ASSIGN_OR_RETURN(const OptOuts opt_outs,
                        o.db.empty() ? Result<OptOuts>(OptOuts()) : ReadOptOuts(o.db));
  std::vector<Outlook> out;
  for (const std::string& country : CountriesOf(o.plan)) {
    HARK_ASSIGN_OR_RETURN(Plan plan, PlanOf(o.plan, country, geo, opt_outs));
    DryRun dry_run = TryOut(plan, geo, o.dry_run);
    out.push_back({std::move(plan), std::move(dry_run)});
  }
  return out;
}

Status Show(TargetsOptions o) {
  if (!o.plan.opt_out_file.empty()) {
    return InvalidInput("--opt_out_file changes a store; hark exclude add takes the file");
  }
  const Result<double> share = ParseShare(o.listeners);
  if (!share.ok()) return share.status().Prepend("--listeners");
  o.dry_run.rate = o.pace.rate;
  o.dry_run.listener_share = *share;
  o.plan.from.db = o.db;
  HARK_ASSIGN_OR_RETURN(const std::vector<Outlook> all, LookAll(o));
  std::string text;
  Json plans = Json::array();
  for (const Outlook& outlook : all) {
    plans.push_back(AsJson(outlook));
    text += (text.empty() ? "" : "\n") + AsText(outlook, o.pace.rate);
  }
  if (all.size() > 1) text += "\n" + SumAsText(all);
  if (!o.json && o.format != "json") return WriteOutput("", text);
  const Json out = {{"rate", o.pace.rate},
                    {"listener_share", *share},
                    {"plans", plans},
                    {"together", AsJson(SumOf(all))}};
  return WriteOutput("", out.dump(2, ' ', false, Json::error_handler_t::replace) + "\n");
}

}  // namespace

int RunTargets(const std::vector<std::string>& args) {
  TargetsOptions options;
  const FlagSet flags = MakeFlags(options);
  const Result<ParsedFlags> parsed = flags.Parse(args);
  if (!parsed.ok()) return Fail(kName, parsed.status());
  if (parsed->help) return Fail(kName, WriteOutput("", flags.Help()));
  const Status checked = CheckPlan(options.plan, *parsed);
  return Fail(kName, checked.ok() ? Show(std::move(options)) : checked);
}

}  // namespace hark
