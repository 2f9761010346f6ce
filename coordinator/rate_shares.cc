#include "coordinator/rate_shares.h"

#include <algorithm>

// Who is there, what it was told and what it has answered. The division is in
// rate_shares_divide.cc.

namespace hark {
namespace {

// Tellings nobody has answered, a worker. Older ones are taken together.
constexpr size_t kMaxTellings = 16;

const RateShares::Shares kNothing;

RateShare Most(const RateShare& a, const RateShare& b) {
  return {std::max(a.pps, b.pps), std::max(a.per_prefix, b.per_prefix),
          std::max(a.per_as, b.per_as)};
}

void TakeMost(const RateShares::Shares& shares, RateShares::Shares* most) {
  for (const auto& [run, share] : shares) (*most)[run] = Most((*most)[run], share);
}

}  // namespace

void RateShares::SetCeiling(double pps) {
  ceiling_ = pps;
  dirty_ = true;
}

void RateShares::SetRun(uint32_t run, const Run& terms) {
  const auto it = runs_.find(run);
  if (it != runs_.end() && it->second == terms) return;
  runs_[run] = terms;
  dirty_ = true;
}

void RateShares::DropRun(uint32_t run) {
  if (runs_.erase(run) > 0) dirty_ = true;
}

void RateShares::Join(const std::string& worker, Worker terms, const Shares& applies, bool lent) {
  Forget(worker);
  Member& member = members_[worker];
  member = Member();
  member.terms = std::move(terms);
  member.present = true;
  member.told.push_back({0, applies});
  member.lent = lent;
  // Until the next division it goes on as it is: with many coming at once that is a moment away.
  for (const auto& [run, share] : applies) {
    if (!lent) break;
    const auto known = runs_.find(run);
    const bool may = known != runs_.end() && known->second.open && member.terms.runs.contains(run);
    if (may && share.pps <= member.terms.max_pps) member.granted[run] = share;
  }
  Retake(member);
  dirty_ = true;
}

void RateShares::SetTerms(const std::string& worker, Worker terms) {
  const auto it = members_.find(worker);
  if (it == members_.end() || it->second.terms == terms) return;
  it->second.terms = std::move(terms);
  dirty_ = true;
}

void RateShares::Leave(const std::string& worker, MonoTime until, MonoTime now) {
  const auto it = members_.find(worker);
  if (it == members_.end()) return;
  dirty_ = true;
  Member& member = it->second;
  if (until <= now || member.taken.empty()) {
    members_.erase(it);
    return;
  }
  member.present = false;
  member.until = until;
  member.target.clear();
  next_end_ = std::min(next_end_, until);
}

void RateShares::Reserve(const std::set<std::string>& holders, MonoTime until) {
  holders_.insert(holders.begin(), holders.end());
  reserved_until_ = std::max(reserved_until_, until);
  next_end_ = std::min(next_end_, reserved_until_);
}

void RateShares::Forget(const std::string& holder) {
  if (holders_.erase(holder) > 0) dirty_ = true;
}

double RateShares::reserved() const {
  return holders_.empty() ? 0 : ceiling_;
}

const RateShares::Shares& RateShares::Granted(const std::string& worker) const {
  const auto it = members_.find(worker);
  return it == members_.end() ? kNothing : it->second.granted;
}

const RateShares::Shares& RateShares::Taken(const std::string& worker) const {
  const auto it = members_.find(worker);
  return it == members_.end() ? kNothing : it->second.taken;
}

double RateShares::TargetOf(uint32_t run) const {
  const auto it = target_of_run_.find(run);
  return it == target_of_run_.end() ? 0 : it->second;
}

void RateShares::Told(const std::string& worker, uint64_t version) {
  const auto it = members_.find(worker);
  if (it == members_.end()) return;
  Member& member = it->second;
  member.told.push_back({version, member.granted});
  if (member.told.size() > kMaxTellings) {
    TakeMost(member.told[1].shares, &member.told[0].shares);
    member.told.erase(member.told.begin() + 1);
  }
  Retake(member);
}

void RateShares::Obeyed(const std::string& worker, uint64_t version) {
  const auto it = members_.find(worker);
  if (it == members_.end()) return;
  Member& member = it->second;
  if (version > member.told.back().version) return;  // nobody has told it that
  const size_t before = member.told.size();
  while (member.told.size() > 1 && member.told[1].version <= version) member.told.pop_front();
  if (member.told.size() == before) return;
  member.lent = true;  // what it obeys now, we gave it
  const Shares had = member.taken;
  Retake(member);
  if (member.taken != had) dirty_ = true;
}

bool RateShares::Settled(const std::string& worker) const {
  const auto it = members_.find(worker);
  if (it == members_.end()) return true;
  const Member& member = it->second;
  return member.told.size() == 1 && member.told.front().shares == member.granted;
}

void RateShares::Retake(Member& member) {
  member.taken = member.granted;
  for (const Telling& telling : member.told) TakeMost(telling.shares, &member.taken);
  std::erase_if(member.taken, [](const auto& entry) { return entry.second == RateShare(); });
}

void RateShares::DropWhatIsOver(MonoTime now) {
  if (reserved_until_ <= now) holders_.clear();
  std::erase_if(members_, [&](const auto& entry) {
    return !entry.second.present && entry.second.until <= now;
  });
  next_end_ = holders_.empty() ? kNever : reserved_until_;
  for (const auto& [key, member] : members_) {
    if (!member.present) next_end_ = std::min(next_end_, member.until);
  }
}

}  // namespace hark
