#include "coordinator/run_registry.h"

#include <algorithm>
#include <ctime>

#include "base/permutation.h"
#include "base/strings.h"

namespace hark {
namespace {

std::string DateOf(int64_t unix_ms) {
  const std::time_t seconds = static_cast<std::time_t>(unix_ms / 1000);
  std::tm utc{};
  gmtime_r(&seconds, &utc);
  char text[16];
  std::strftime(text, sizeof text, "%Y%m%d", &utc);
  return text;
}

bool Taken(const std::vector<proto::RunRow>& runs, const std::string& name) {
  return std::any_of(runs.begin(), runs.end(),
                     [&](const proto::RunRow& run) { return run.name() == name; });
}

std::string NewName(const std::vector<proto::RunRow>& runs, const std::string& country,
                    int64_t unix_ms) {
  const std::string stem = StrCat(country.empty() ? "list" : country, "-", DateOf(unix_ms));
  std::string name = stem;
  for (int n = 2; Taken(runs, name); ++n) name = StrCat(stem, "-", n);
  return name;
}

// Names go into file names, tables and URLs.
Status CheckName(const std::string& name) {
  const bool plain = std::all_of(name.begin(), name.end(), [](unsigned char c) {
    return std::isalnum(c) || c == '-' || c == '_' || c == '.';
  });
  if (plain && name.size() <= 64) return Status::Ok();
  return InvalidInput(StrCat("run name '", EscapeForDisplay(name),
                             "': use at most 64 letters, digits, '-', '_' and '.'"));
}

Status Create(Store& store, const Plan& plan, const proto::RunRow& run) {
  const std::unique_ptr<StoreWrite> write = store.NewWrite();
  write->PutTargetSet(run.target_set(), plan.targets.Encode());
  write->PutRun(run);
  for (const proto::JobRow& job : FirstJobs(run)) write->PutJob(run.id(), job);
  return store.Commit(*write, true);
}

}  // namespace

Result<OpenedRun> OpenRun(Store& store, const Plan& plan, const std::string& name,
                          int64_t unix_ms) {
  HARK_RETURN_IF_ERROR(CheckName(name));
  HARK_ASSIGN_OR_RETURN(const std::vector<proto::RunRow> runs, store.Runs());
  uint32_t last_id = 0;
  for (const proto::RunRow& run : runs) {
    last_id = std::max(last_id, run.id());
    const bool same_plan = run.plan_hash() == plan.run.plan_hash();
    if (run.name() == name && !same_plan) {
      return InvalidInput(StrCat("run '", name,
                                 "' is in the store with other targets, ports or exclusions; "
                                 "give another --run"));
    }
    const bool meant = name.empty() ? run.state() == proto::RunRow::OPEN : run.name() == name;
    if (same_plan && meant) return OpenedRun{run, true};
  }
  proto::RunRow run = plan.run;
  run.set_id(last_id + 1);
  run.set_name(name.empty() ? NewName(runs, run.country(), unix_ms) : name);
  run.set_created_unix_ms(unix_ms);
  HARK_RETURN_IF_ERROR(Create(store, plan, run));
  return OpenedRun{run, false};
}

Result<LoadedRun> LoadRunWithTable(const Store& store, const GeoTable& geo,
                                   const proto::RunRow& run) {
  HARK_ASSIGN_OR_RETURN(RunState state, LoadRun(store, run));
  HARK_ASSIGN_OR_RETURN(const AsTable table, geo.AsesOf(state.targets()));
  return LoadedRun{std::move(state), table.empty() ? std::string() : table.Encode()};
}

Result<RunState> LoadRun(const Store& store, const proto::RunRow& run) {
  if (run.permutation_version() != kPermutationVersion) {
    return InvalidInput(StrCat("run '", run.name(), "' was planned with order ",
                               run.permutation_version(), ", this hark knows ",
                               kPermutationVersion));
  }
  HARK_ASSIGN_OR_RETURN(const std::string encoded, store.TargetSet(run.target_set()));
  std::optional<RangeSet> targets = RangeSet::Decode(encoded);
  if (!targets || targets->size() != run.planned()) {
    return Corruption(StrCat("the target set of run '", run.name(), "' is unreadable"));
  }
  HARK_ASSIGN_OR_RETURN(RangeSet exclusions, ExclusionsOf(run));
  HARK_ASSIGN_OR_RETURN(std::vector<proto::JobRow> jobs, store.Jobs(run.id()));
  HARK_ASSIGN_OR_RETURN(const uint64_t listeners, store.ListenerCount(run.id()));
  std::vector<StoredRevisit> revisits;
  HARK_RETURN_IF_ERROR(store.ForEachRevisit(run.id(), [&](StoredRevisit revisit) {
    revisits.push_back(std::move(revisit));
    return Status::Ok();
  }));
  return RunState(run, std::move(*targets), std::move(exclusions), std::move(jobs), listeners,
                  revisits);
}

}  // namespace hark
