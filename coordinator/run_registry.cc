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
  if (!plan.targets6.empty()) {
    write->PutTargetSet(run.targets6(), EncodeTargets6(plan.targets6));
  }
  for (const auto& [address, names] : plan.names) {
    proto::NameRow row;
    for (const std::string& name : names) row.add_names(name);
    write->PutNames(run.id(), address, row);
  }
  write->PutRun(run);
  for (const proto::JobRow& job : FirstJobs(run)) write->PutJob(run.id(), job);
  return store.Commit(*write, true);
}

struct StoredTargets {
  RangeSet v4;
  std::vector<Address> v6;
  NamedTargets names;
};

// The check before jobs are cut: they can only be of targets that are read here.
Result<StoredTargets> LoadTargets(const Store& store, const proto::RunRow& run) {
  StoredTargets out;
  HARK_ASSIGN_OR_RETURN(const std::string encoded, store.TargetSet(run.target_set()));
  std::optional<RangeSet> v4 = RangeSet::Decode(encoded);
  if (run.targets6_count() > 0) {
    HARK_ASSIGN_OR_RETURN(const std::string encoded6, store.TargetSet(run.targets6()));
    HARK_ASSIGN_OR_RETURN(out.v6, DecodeTargets6(encoded6));
  }
  if (!v4 || out.v6.size() != run.targets6_count() || v4->size() + out.v6.size() != run.planned()) {
    return Corruption(StrCat("the target set of run '", run.name(), "' is unreadable"));
  }
  const Status closed = CheckTargets(run, *v4, out.v6);
  if (!closed.ok()) return closed.Prepend(StrCat("run '", run.name(), "'"));
  if (run.names() > 0) {
    HARK_RETURN_IF_ERROR(
        store.ForEachName(run.id(), [&](const Address& address, const proto::NameRow& row) {
          out.names[address] = {row.names().begin(), row.names().end()};
          return Status::Ok();
        }));
  }
  out.v4 = std::move(*v4);
  return out;
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
  HARK_ASSIGN_OR_RETURN(StoredTargets targets, LoadTargets(store, run));
  HARK_ASSIGN_OR_RETURN(AddressSet exclusions, ExclusionsOf(run));
  HARK_ASSIGN_OR_RETURN(std::vector<proto::JobRow> jobs, store.Jobs(run.id()));
  HARK_ASSIGN_OR_RETURN(const uint64_t listeners, store.ListenerCount(run.id()));
  std::vector<StoredRevisit> revisits;
  HARK_RETURN_IF_ERROR(store.ForEachRevisit(run.id(), [&](StoredRevisit revisit) {
    revisits.push_back(std::move(revisit));
    return Status::Ok();
  }));
  HARK_ASSIGN_OR_RETURN(std::optional<std::string> audit_secret, store.Meta(kAuditSecretName));
  RunState state(run, std::move(targets.v4), std::move(exclusions), std::move(jobs), listeners,
                 revisits);
  state.SetTargets6(std::move(targets.v6));
  state.SetNames(std::move(targets.names));
  state.SetAuditSecret(std::move(audit_secret).value_or(""));
  return state;
}

}  // namespace hark
