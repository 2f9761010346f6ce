#include "coordinator/purge.h"

#include <algorithm>
#include <map>
#include <memory>

#include "base/permutation.h"
#include "base/strings.h"
#include "base/target_states.h"
#include "coordinator/audit.h"
#include "coordinator/batch_check.h"
#include "coordinator/opt_outs.h"
#include "storage/run_order.h"

namespace hark {
namespace {

constexpr char kPurgedVersionName[] = "purged_version";
constexpr size_t kChangesAtOnce = 2000;  // hosts in one write
constexpr uint64_t kListenersAtOnce = 10'000;

// Takes a set of addresses out of one run, some thousand at a time. The counts travel in the write
// of what they count, so each host is counted once however often this is begun.
class RunPurge {
 public:
  RunPurge(Store& store, const proto::RunRow& run, const AddressSet& what)
      : store_(store), run_(run), what_(what) {}

  Result<uint64_t> Do() {
    HARK_ASSIGN_OR_RETURN(counts_, store_.Purged(run_.id()));
    const uint64_t before = counts_.hosts();
    write_ = store_.NewWrite();
    HARK_RETURN_IF_ERROR(Jobs());
    HARK_RETURN_IF_ERROR(Swept());
    HARK_RETURN_IF_ERROR(Listeners());
    HARK_RETURN_IF_ERROR(Revisits());
    HARK_RETURN_IF_ERROR(Names());
    HARK_RETURN_IF_ERROR(Hosts());
    HARK_RETURN_IF_ERROR(Commit());
    return counts_.hosts() - before;
  }

 private:
  Status Commit() {
    if (changes_ == 0) return Status::Ok();
    write_->PutPurged(run_.id(), counts_);
    HARK_RETURN_IF_ERROR(store_.Commit(*write_, true));
    write_ = store_.NewWrite();
    changes_ = 0;
    return Status::Ok();
  }

  Status Changed() { return ++changes_ < kChangesAtOnce ? Status::Ok() : Commit(); }

  // Which jobs visited targets of the plan; and what waits to be audited is forgotten.
  Status Jobs() {
    HARK_ASSIGN_OR_RETURN(std::vector<proto::JobRow> jobs, store_.Jobs(run_.id()));
    for (proto::JobRow& job : jobs) {
      of_plan_[job.id()] = job.kind() == proto::JobRow::GRAB_TARGETS;
      if (!RunState::IsAudit(job)) continue;
      HARK_RETURN_IF_ERROR(FindTargets());
      const auto address_of = [this](uint64_t index) { return AddressOf(index); };
      if (!Forget(what_, address_of, job.mutable_audit())) continue;
      write_->PutJob(run_.id(), job);
      HARK_RETURN_IF_ERROR(Changed());
    }
    return Status::Ok();
  }

  // Once, and only if somebody asks.
  Status FindTargets() {
    if (order_) return Status::Ok();
    const Result<std::string> encoded = store_.TargetSet(run_.target_set());
    if (!encoded.ok() && encoded.status().code() != StatusCode::kNotFound) return encoded.status();
    std::optional<RangeSet> targets = encoded.ok() ? RangeSet::Decode(*encoded) : RangeSet();
    if (!targets) return Corruption("the target set is unreadable");
    targets_ = std::move(*targets);
    order_.emplace(std::max<uint64_t>(1, targets_.size()), PermutationKey(run_));
    return Status::Ok();
  }

  Address AddressOf(uint64_t index) const {
    return index < targets_.size() ? Address::V4(targets_.At(order_->At(index))) : Address();
  }

  // Where they stand in the run's order, ascending.
  Result<std::vector<uint64_t>> IndicesOf(const RangeSet& what) {
    HARK_RETURN_IF_ERROR(FindTargets());
    std::vector<uint64_t> indices;
    const RangeSet meant = targets_.Intersect(what);
    for (const Range& range : meant.ranges()) {
      const uint64_t first = *targets_.Rank(range.first);
      const uint64_t last = *targets_.Rank(range.last);
      for (uint64_t n = first; n <= last; ++n) indices.push_back(order_->IndexOf(n));
    }
    std::sort(indices.begin(), indices.end());
    return indices;
  }

  // What the sweep saw of them, which is counted by what it was.
  Status Swept() {
    HARK_ASSIGN_OR_RETURN(const std::vector<uint64_t> indices, IndicesOf(what_.v4()));
    if (indices.empty()) return Status::Ok();
    return store_.ForEachSwept(run_.id(), [&](uint64_t first, const proto::SweptRow& row) {
      const uint64_t end = first + row.targets();
      auto at = std::lower_bound(indices.begin(), indices.end(), first);
      if (at == indices.end() || *at >= end) return Status::Ok();
      std::optional<TargetStates> states = TargetStates::Decode(row.states(), row.targets());
      if (!states) return Corruption("an unreadable row of a sweep");
      for (; at != indices.end() && *at < end; ++at) {
        const TargetState was = states->At(*at - first);
        if (was == TargetState::kExcluded) continue;  // nobody looked
        TakeOut(was, *counts_.mutable_swept());
        states->Set(*at - first, TargetState::kPurged);
      }
      proto::SweptRow without = row;
      without.set_states(states->Take());
      write_->PutSwept(run_.id(), first, without);
      return Changed();
    });
  }

  static void TakeOut(TargetState state, proto::Tally& counts) {
    switch (state) {
      case TargetState::kSilent:
        return counts.set_silent(counts.silent() + 1);
      case TargetState::kRefused:
        return counts.set_refused(counts.refused() + 1);
      case TargetState::kUnreachable:
        return counts.set_unreachable(counts.unreachable() + 1);
      case TargetState::kAnswered:
        return counts.set_answered(counts.answered() + 1);
      case TargetState::kFailed:
        return counts.set_failed(counts.failed() + 1);
      case TargetState::kExcluded:
      case TargetState::kPurged:  // by an earlier one
        return;
    }
  }

  Status Listeners() {
    HARK_ASSIGN_OR_RETURN(const uint64_t count, store_.ListenerCount(run_.id()));
    for (uint64_t from = 0; from < count; from += kListenersAtOnce) {
      const uint64_t to = std::min(count, from + kListenersAtOnce);
      HARK_ASSIGN_OR_RETURN(const std::vector<Address> addresses,
                            store_.Listeners(run_.id(), from, to));
      for (size_t i = 0; i < addresses.size(); ++i) {
        if (addresses[i] == Address() || !what_.Contains(addresses[i])) continue;
        write_->PutListener(run_.id(), from + i, Address());
        counts_.set_listeners(counts_.listeners() + 1);
        HARK_RETURN_IF_ERROR(Changed());
      }
    }
    return Status::Ok();
  }

  Status Revisits() {
    return store_.ForEachRevisit(run_.id(), [&](StoredRevisit entry) {
      const std::optional<Address> address = Address::FromBytes(entry.row.address());
      if (!address || *address == Address() || !what_.Contains(*address)) return Status::Ok();
      entry.row.set_address(std::string(Address().bytes()));
      write_->PutRevisit(run_.id(), entry);
      return Changed();
    });
  }

  Status Names() {
    return store_.ForEachName(run_.id(), [&](const Address& address, const proto::NameRow&) {
      if (!what_.Contains(address)) return Status::Ok();
      write_->DeleteNames(run_.id(), address);
      return Changed();
    });
  }

  Status Hosts() {
    return store_.ForEachHostIn(
        run_.id(), what_,
        [&](const Address& address, const proto::HostRow& host,
            const std::vector<proto::PortRow>& ports) {
          proto::HostObservation seen;
          for (const proto::PortRow& row : ports) *seen.add_ports() = row.observation();
          CountHost(seen, of_plan_[host.job()] ? counts_.mutable_plan() : counts_.mutable_grabs());
          counts_.set_hosts(counts_.hosts() + 1);
          write_->DeleteHost(run_.id(), address, ports);
          return Changed();
        });
  }

  Store& store_;
  const proto::RunRow& run_;
  const AddressSet& what_;
  proto::PurgeRow counts_;
  std::unique_ptr<StoreWrite> write_;
  RangeSet targets_;
  std::optional<Permutation> order_;
  std::map<uint32_t, bool> of_plan_;  // by job
  size_t changes_ = 0;
};

// What the opt-outs of versions behind this one ask to be purged.
Result<AddressSet> ToPurge(const OptOuts& opt_outs, uint64_t behind) {
  AddressSet what;
  for (const proto::OptOutRow& row : opt_outs.steps) {
    if (!row.purge() || row.version() <= behind) continue;
    HARK_ASSIGN_OR_RETURN(const AddressSet added, AddressesOf(row));
    what = what.Union(added);
  }
  return what;
}

// Hosts of the history from first to last.
Result<std::vector<HostId>> RememberedHosts(const Store& store, const AddressSpan& span) {
  std::vector<HostId> hosts;
  bool beyond = false;
  const Status walked = store.ReadHistory()->ForEachPort(
      span.first, [&](const FactUse& place, const Timeline&) -> Status {
        beyond = !place.host.is_address() || place.host.address() > span.last;
        if (beyond) return Unavailable("beyond the span");
        if (hosts.empty() || hosts.back() != place.host) hosts.push_back(place.host);
        return Status::Ok();
      });
  if (!beyond && !walked.ok()) return walked;
  return hosts;
}

Status ForgetHistory(Store& store, const AddressSet& what) {
  std::vector<AddressSpan> spans = what.v6();
  for (const Range& range : what.v4().ranges()) {
    spans.push_back({Address::V4(range.first), Address::V4(range.last)});
  }
  for (const AddressSpan& span : spans) {
    HARK_ASSIGN_OR_RETURN(const std::vector<HostId> hosts, RememberedHosts(store, span));
    for (size_t i = 0; i < hosts.size();) {
      const std::unique_ptr<StoreWrite> write = store.NewWrite();
      for (const size_t end = std::min(hosts.size(), i + kChangesAtOnce); i < end; ++i) {
        write->ForgetHost(hosts[i]);
      }
      HARK_RETURN_IF_ERROR(store.Commit(*write, true));
    }
  }
  return Status::Ok();
}

// Gives the hosts that runs had records of.
Result<uint64_t> Purge(Store& store, const AddressSet& what) {
  uint64_t hosts = 0;
  HARK_ASSIGN_OR_RETURN(const std::vector<proto::RunRow> runs, store.Runs());
  for (const proto::RunRow& run : runs) {
    HARK_ASSIGN_OR_RETURN(const uint64_t gone, RunPurge(store, run, what).Do());
    hosts += gone;
  }
  HARK_RETURN_IF_ERROR(ForgetHistory(store, what));
  return hosts;
}

}  // namespace

Result<uint64_t> PurgedVersion(const Store& store) {
  HARK_ASSIGN_OR_RETURN(const std::optional<std::string> text, store.Meta(kPurgedVersionName));
  return text ? ParseUint(*text).value_or(0) : 0;
}

Status ForgetPurgedSince(Store& store, uint64_t version) {
  HARK_ASSIGN_OR_RETURN(const uint64_t done, PurgedVersion(store));
  if (done <= version) return Status::Ok();
  HARK_ASSIGN_OR_RETURN(const OptOuts opt_outs, LoadOptOuts(store));
  HARK_ASSIGN_OR_RETURN(const AddressSet what, ToPurge(opt_outs, version));
  return ForgetHistory(store, what);
}

Result<uint64_t> PurgeDue(Store& store) {
  HARK_ASSIGN_OR_RETURN(const uint64_t done, PurgedVersion(store));
  HARK_ASSIGN_OR_RETURN(const OptOuts opt_outs, LoadOptOuts(store));
  HARK_ASSIGN_OR_RETURN(const AddressSet what, ToPurge(opt_outs, done));
  if (what.empty()) return uint64_t{0};
  HARK_ASSIGN_OR_RETURN(const uint64_t hosts, Purge(store, what));
  const std::unique_ptr<StoreWrite> write = store.NewWrite();
  write->PutMeta(kPurgedVersionName, std::to_string(opt_outs.version));
  HARK_RETURN_IF_ERROR(store.Commit(*write, true));
  return hosts;
}

Result<uint64_t> PurgeAgain(Store& store) {
  HARK_ASSIGN_OR_RETURN(const OptOuts opt_outs, LoadOptOuts(store));
  HARK_ASSIGN_OR_RETURN(const AddressSet what, ToPurge(opt_outs, 0));
  if (what.empty()) return uint64_t{0};
  return Purge(store, what);
}

}  // namespace hark
