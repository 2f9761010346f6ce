#include "coordinator/fleet_registry.h"

#include <algorithm>
#include <optional>
#include <vector>

#include "base/strings.h"
#include "bus/curve.h"

namespace hark {
namespace {

// Its version is part of it: a hark that does not know the next one must not guess who is revoked.
constexpr std::string_view kHeading = "hark-fleet 1";
constexpr std::string_view kNone = "-";
constexpr uint64_t kMaxTime = 253402300799;  // the year 9999

constexpr FleetWorker::State kStates[] = {
    FleetWorker::State::kAllowed, FleetWorker::State::kDraining, FleetWorker::State::kRevoked,
    FleetWorker::State::kQuarantined};

std::string_view OrNone(std::string_view text) {
  return text.empty() ? kNone : text;
}

std::optional<int64_t> ParseTime(std::string_view text) {
  const auto seconds = ParseUint(text);
  if (!seconds || *seconds > kMaxTime) return std::nullopt;
  return static_cast<int64_t>(*seconds);
}

std::optional<FleetWorker::State> ParseState(std::string_view text) {
  for (const FleetWorker::State state : kStates) {
    if (NameOf(state) == text) return state;
  }
  return std::nullopt;
}

}  // namespace

std::string_view NameOf(FleetWorker::State state) {
  switch (state) {
    case FleetWorker::State::kAllowed:
      return "allowed";
    case FleetWorker::State::kDraining:
      return "draining";
    case FleetWorker::State::kRevoked:
      return "revoked";
    case FleetWorker::State::kQuarantined:
      return "quarantined";
  }
  return "";
}

Status CheckFleetName(std::string_view name) {
  const bool printable =
      std::all_of(name.begin(), name.end(), [](char c) { return c > ' ' && c < 0x7f; });
  if (printable && name.size() <= kMaxFleetName && name != kNone && !IsCurveKey(name)) {
    return Status::Ok();
  }
  return InvalidInput(StrCat("a worker's name is at most ", kMaxFleetName,
                             " printable characters without blanks, and no key"));
}

std::string FleetName(std::string_view text) {
  std::string name = EscapeForDisplay(text.substr(0, kMaxFleetName)).substr(0, kMaxFleetName);
  std::replace(name.begin(), name.end(), ' ', '_');
  return CheckFleetName(name).ok() ? name : std::string();
}

Result<FleetRegistry> FleetRegistry::Parse(std::string_view text) {
  FleetRegistry registry;
  size_t number = 0;
  bool headed = false;
  for (const std::string_view line : Split(text, '\n')) {
    ++number;
    if (line.empty() || line.front() == '#') continue;
    if (!headed && line != kHeading) {
      return InvalidInput(StrCat("line ", number, ": '", kHeading, "' should stand here"));
    }
    if (headed) {
      HARK_RETURN_IF_ERROR(registry.ParseLine(line).Prepend(StrCat("line ", number)));
    }
    headed = true;
    if (registry.workers_.size() + registry.invites_.size() > kMaxFleetEntries) {
      return InvalidInput(StrCat("more than ", kMaxFleetEntries, " lines"));
    }
  }
  if (!headed) return InvalidInput(StrCat("line 1: '", kHeading, "' should stand here"));
  return registry;
}

// "worker KEY STATE SINCE NAME" or "invite KEY EXPIRES USED_BY NAME".
Status FleetRegistry::ParseLine(std::string_view line) {
  const std::vector<std::string_view> words = Split(line, ' ');
  if (words.size() != 5) return InvalidInput("five words wanted");
  if (!IsCurveKey(words[1])) return InvalidInput("the second word is no key");
  const std::string key = CurveKeyBytes(words[1]);
  if (workers_.contains(key) || invites_.contains(key)) return InvalidInput("a key twice");
  const std::string name(words[4] == kNone ? "" : words[4]);
  HARK_RETURN_IF_ERROR(CheckFleetName(name));
  if (words[0] == "worker") {
    const auto state = ParseState(words[2]);
    const auto since = ParseTime(words[3]);
    if (!state) return InvalidInput("no such state");
    if (!since) return InvalidInput("no time (Unix seconds)");
    workers_[key] = {*state, *since, name};
    return Status::Ok();
  }
  if (words[0] != "invite") return InvalidInput("neither worker nor invite");
  const auto expires = ParseTime(words[2]);
  if (!expires) return InvalidInput("no time (Unix seconds)");
  if (words[3] != kNone && !IsCurveKey(words[3])) return InvalidInput("the fourth word is no key");
  invites_[key] = {*expires, words[3] == kNone ? "" : CurveKeyBytes(words[3]), name};
  return Status::Ok();
}

std::string FleetRegistry::Encode() const {
  std::string out = "# Written by hark fleet; a coordinator reads it again when it changes.\n";
  out += StrCat(kHeading, "\n");
  for (const auto& [key, worker] : workers_) {
    out += StrCat("worker ", CurveKeyText(key), " ", NameOf(worker.state), " ", worker.since, " ",
                  OrNone(worker.name), "\n");
  }
  for (const auto& [key, invite] : invites_) {
    const std::string used_by = invite.used_by.empty() ? "" : CurveKeyText(invite.used_by);
    out += StrCat("invite ", CurveKeyText(key), " ", invite.expires, " ", OrNone(used_by), " ",
                  OrNone(invite.name), "\n");
  }
  return out;
}

Result<std::string> FleetRegistry::Find(std::string_view worker) const {
  if (IsCurveKey(worker)) return CurveKeyBytes(worker);
  std::vector<std::string> found;
  for (const auto& [key, row] : workers_) {
    if (!worker.empty() && row.name == worker) found.push_back(key);
  }
  if (found.size() == 1) return found.front();
  if (found.empty()) {
    return InvalidInput(StrCat("no worker of the name '", EscapeForDisplay(worker),
                               "'; hark fleet list shows names and keys"));
  }
  return InvalidInput(StrCat(found.size(), " workers have the name '", EscapeForDisplay(worker),
                             "'; give the key that hark fleet list shows"));
}

bool FleetRegistry::SetState(const std::string& key, FleetWorker::State state,
                             std::string_view name, int64_t now) {
  const auto [it, added] = workers_.try_emplace(key);
  FleetWorker& worker = it->second;
  const bool moved = added || worker.state != state;
  const bool renamed = !name.empty() && worker.name != name;
  if (moved) worker.since = now;
  worker.state = state;
  if (renamed) worker.name = name;
  return moved || renamed;
}

bool FleetRegistry::Quarantine(const std::string& key, std::string_view name, int64_t now) {
  const auto known = workers_.find(key);
  if (known == workers_.end()) {
    return SetState(key, FleetWorker::State::kQuarantined, FleetName(name), now);
  }
  if (known->second.state == FleetWorker::State::kRevoked) return false;
  return SetState(key, FleetWorker::State::kQuarantined, "", now);
}

void FleetRegistry::Invite(const std::string& key, FleetInvite invite) {
  invites_[key] = std::move(invite);
}

FleetRegistry::JoinResult FleetRegistry::Join(const std::string& invite, const std::string& worker,
                                              std::string_view name, int64_t now) {
  const auto it = invites_.find(invite);
  if (it == invites_.end() || invites_.contains(worker)) return JoinResult::kUnknown;
  const auto known = workers_.find(worker);
  if (known != workers_.end() && known->second.state == FleetWorker::State::kRevoked) {
    return JoinResult::kRevoked;
  }
  // The same again: its JOINED was lost, or it died before it could write it down.
  if (it->second.used_by == worker) return JoinResult::kAgain;
  if (!it->second.used_by.empty()) return JoinResult::kSpent;
  if (now >= it->second.expires) return JoinResult::kExpired;
  it->second.used_by = worker;
  if (known == workers_.end()) {
    SetState(worker, FleetWorker::State::kAllowed,
             it->second.name.empty() ? FleetName(name) : it->second.name, now);
  }
  return JoinResult::kJoined;
}

void FleetRegistry::Forget(int64_t now) {
  std::erase_if(invites_, [&](const auto& entry) {
    return now >= entry.second.expires + kInviteMemorySeconds;
  });
}

}  // namespace hark
