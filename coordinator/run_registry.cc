#include "coordinator/run_registry.h"

#include <algorithm>
#include <ctime>
#include <set>

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

void PutNewRun(StoreWrite& write, const Plan& plan, const proto::RunRow& run) {
  write.PutTargetSet(run.target_set(), plan.targets.Encode());
  if (!plan.left_out.empty()) write.PutTargetSet(run.left_out(), plan.left_out.Encode());
  if (!plan.targets6.empty()) {
    write.PutTargetSet(run.targets6(), EncodeTargets6(plan.targets6));
  }
  for (const auto& [address, names] : plan.names) {
    proto::NameRow row;
    for (const std::string& name : names) row.add_names(name);
    write.PutNames(run.id(), address, row);
  }
  write.PutRun(run);
  for (const proto::JobRow& job : FirstJobs(run)) write.PutJob(run.id(), job);
}

// Which of the stored runs the plans mean, and what is missing of them.
class RunOpener {
 public:
  RunOpener(std::vector<proto::RunRow> stored, const std::vector<Plan>& plans,
            const std::string& name, int64_t unix_ms)
      : stored_(std::move(stored)), plans_(plans), name_(name), unix_ms_(unix_ms) {}

  Result<std::vector<OpenedRun>> Open(Store& store) {
    for (const Plan& plan : plans_) HARK_RETURN_IF_ERROR(Find(plan));
    if (name_.empty()) FindFinished();
    const std::unique_ptr<StoreWrite> write = store.NewWrite();
    AddMissing(*write);
    if (plans_.size() > 1) JoinAll(*write);
    if (changed_) HARK_RETURN_IF_ERROR(store.Commit(*write, true));
    return std::move(opened_);
  }

 private:
  std::string NameOf(const Plan& plan) const {
    if (name_.empty() || plans_.size() == 1) return name_;
    return StrCat(name_, "-", plan.run.country());
  }

  // The run of that name, or the unfinished one with this plan; a row without an id: none yet.
  Status Find(const Plan& plan) {
    const std::string name = NameOf(plan);
    HARK_RETURN_IF_ERROR(CheckName(name));
    OpenedRun& opened = opened_.emplace_back();
    for (const proto::RunRow& run : stored_) {
      const bool same_plan = run.plan_hash() == plan.run.plan_hash();
      if (run.name() == name && !same_plan) {
        return InvalidInput(StrCat("run '", name,
                                   "' is in the store with other targets, ports or exclusions; "
                                   "give another --run"));
      }
      const bool meant = name.empty() ? run.state() == proto::RunRow::OPEN : run.name() == name;
      if (!same_plan || !meant) continue;
      opened = {run, true};
      return Status::Ok();
    }
    return Status::Ok();
  }

  void FindFinished() {
    std::set<uint32_t> together;
    for (const OpenedRun& opened : opened_) together.insert(opened.run.made_with());
    together.erase(0);
    for (size_t i = 0; i < plans_.size(); ++i) {
      for (const proto::RunRow& run : stored_) {
        const bool meant =
            together.contains(run.made_with()) && run.plan_hash() == plans_[i].run.plan_hash();
        if (!opened_[i].resumed && meant) opened_[i] = {run, true};
      }
    }
  }

  void AddMissing(StoreWrite& write) {
    for (size_t i = 0; i < plans_.size(); ++i) {
      if (opened_[i].resumed) continue;
      uint32_t last_id = 0;
      for (const proto::RunRow& run : stored_) last_id = std::max(last_id, run.id());
      proto::RunRow& run = opened_[i].run;
      run = plans_[i].run;
      const std::string name = NameOf(plans_[i]);
      run.set_id(last_id + 1);
      run.set_name(name.empty() ? NewName(stored_, run.country(), unix_ms_) : name);
      run.set_created_unix_ms(unix_ms_);
      PutNewRun(write, plans_[i], run);
      changed_ = true;
      stored_.push_back(run);
    }
  }

  // Runs that were made alone join, too: the next start knows them by that when they are done.
  void JoinAll(StoreWrite& write) {
    uint32_t first = 0;
    for (const OpenedRun& opened : opened_) {
      if (first == 0) first = opened.run.made_with();
    }
    if (first == 0) first = opened_.front().run.id();
    for (OpenedRun& opened : opened_) {
      if (opened.run.made_with() != 0) continue;
      opened.run.set_made_with(first);
      write.PutRun(opened.run);
      changed_ = true;
    }
  }

  std::vector<proto::RunRow> stored_;
  const std::vector<Plan>& plans_;
  const std::string& name_;
  const int64_t unix_ms_;
  std::vector<OpenedRun> opened_;
  bool changed_ = false;
};

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

Result<std::vector<OpenedRun>> OpenRuns(Store& store, const std::vector<Plan>& plans,
                                        const std::string& name, int64_t unix_ms) {
  HARK_ASSIGN_OR_RETURN(std::vector<proto::RunRow> stored, store.Runs());
  return RunOpener(std::move(stored), plans, name, unix_ms).Open(store);
}

Result<OpenedRun> OpenRun(Store& store, const Plan& plan, const std::string& name,
                          int64_t unix_ms) {
  HARK_ASSIGN_OR_RETURN(std::vector<OpenedRun> opened, OpenRuns(store, {plan}, name, unix_ms));
  return std::move(opened.front());
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
