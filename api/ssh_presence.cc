#include "api/ssh_presence.h"

#include <algorithm>
#include <utility>

#include "base/distinct.h"
#include "base/outcome.h"
#include "base/ssh_port.h"

namespace hark {
namespace {

constexpr uint16_t kLastPort = 65535;

// Ends a walk that has seen enough; never leaves this file.
Status Enough() {
  return Status(StatusCode::kInterrupted, "enough");
}

bool IsEnough(const Status& status) {
  return status.code() == StatusCode::kInterrupted;
}

bool HasKind(const Timeline& timeline, FactKind kind) {
  const auto& facts = timeline.facts();
  return std::any_of(facts.begin(), facts.end(), [&](const Fact& f) { return f.kind == kind; });
}

Result<bool> HasSshBanner(const HistoryReader& history, const Timeline& timeline) {
  for (const Fact& fact : timeline.facts()) {
    if (fact.kind != FactKind::kBanner) continue;
    const Result<std::string> text = history.Banner(fact);
    if (!text.ok() && text.status().code() != StatusCode::kNotFound) return text.status();
    if (text.ok() && IsSshBanner(*text)) return true;
  }
  return false;
}

}  // namespace

bool IsSshBanner(std::string_view text) {
  return text.starts_with("SSH-");
}

Result<bool> SpeaksSsh(const HistoryReader& history, uint16_t port, const Timeline& timeline) {
  if (HasKind(timeline, FactKind::kAlgorithms)) return true;
  if (HasKind(timeline, FactKind::kKey)) {
    if (IsSshPort(port)) return true;
    const bool known = ProtocolOfPort(port) != Protocol::kUnknown;
    if (!known && !HasKind(timeline, FactKind::kCertificate)) return true;
  }
  return HasSshBanner(history, timeline);
}

Result<std::vector<PortHistory>> SshPortsOf(const HistoryReader& history, const HostId& host) {
  HARK_ASSIGN_OR_RETURN(std::vector<PortHistory> all, history.Host(host));
  std::vector<PortHistory> ports;
  for (PortHistory& port : all) {
    HARK_ASSIGN_OR_RETURN(const bool speaks, SpeaksSsh(history, port.port, port.timeline));
    if (speaks) ports.push_back(std::move(port));
  }
  return ports;
}

SshHostWalk::SshHostWalk(std::shared_ptr<const HistoryReader> history, std::vector<Fact> facts,
                         std::optional<HostId> after)
    : history_(std::move(history)), facts_(std::move(facts)), after_(std::move(after)) {}

Result<bool> SshHostWalk::Counts(const Fact& fact, const FactUse& use) const {
  if (fact.kind != FactKind::kKey || IsSshPort(use.port)) return true;
  HARK_ASSIGN_OR_RETURN(const Timeline timeline, history_->Port(use));
  return SpeaksSsh(*history_, use.port, timeline);
}

Result<std::vector<HostId>> SshHostWalk::NextOf(const Fact& fact, size_t most,
                                                size_t* places) const {
  std::vector<HostId> hosts;
  const FactUse from = after_ ? FactUse{*after_, kLastPort} : FactUse{};
  const auto visit = [&](const FactUse& use) -> Status {
    if (after_ && use.host <= *after_) return Status::Ok();
    if (!hosts.empty() && hosts.back() == use.host) return Status::Ok();
    if (hosts.size() == most || *places == 0) return Enough();
    --*places;
    HARK_ASSIGN_OR_RETURN(const bool counts, Counts(fact, use));
    if (counts) hosts.push_back(use.host);
    return Status::Ok();
  };
  const Status walked = history_->ForEachUse(fact, visit, from);
  if (!walked.ok() && !IsEnough(walked)) return walked;
  return hosts;
}

// The first of each fact are among the first of all.
Result<std::vector<HostId>> SshHostWalk::NextWithin(size_t most, size_t* places) {
  std::vector<HostId> hosts;
  for (const Fact& fact : facts_) {
    HARK_ASSIGN_OR_RETURN(const std::vector<HostId> some, NextOf(fact, most, places));
    hosts.insert(hosts.end(), some.begin(), some.end());
  }
  MakeDistinct(hosts);
  if (hosts.size() > most) hosts.resize(most);
  if (!hosts.empty()) after_ = hosts.back();
  return hosts;
}

Result<std::vector<HostId>> SshHostWalk::Next(size_t most) {
  size_t places = SIZE_MAX;
  return NextWithin(most, &places);
}

Result<std::optional<std::vector<HostId>>> SshHostWalk::AllWithin(size_t places) {
  ++places;  // one more than allowed tells that there are more
  HARK_ASSIGN_OR_RETURN(std::vector<HostId> hosts, NextWithin(SIZE_MAX, &places));
  if (places == 0) return std::optional<std::vector<HostId>>();
  return std::optional<std::vector<HostId>>(std::move(hosts));
}

void SightedSpan::Add(int64_t from_unix_s, int64_t to_unix_s) {
  first_unix_s = std::min(first_unix_s, from_unix_s);
  last_unix_s = std::max(last_unix_s, to_unix_s);
}

Result<std::optional<SightedSpan>> SshSpanOf(const HistoryReader& history,
                                             const std::vector<Fact>& keys, size_t most_places,
                                             std::vector<HostId>* hosts) {
  SightedSpan span;
  for (const Fact& key : keys) {
    const auto visit = [&](const FactUse& use) -> Status {
      if (most_places-- == 0) return Enough();
      HARK_ASSIGN_OR_RETURN(const Timeline timeline, history.Port(use));
      HARK_ASSIGN_OR_RETURN(const bool speaks, SpeaksSsh(history, use.port, timeline));
      const auto seen = speaks ? timeline.Span(key) : std::nullopt;
      if (!seen) return Status::Ok();
      span.Add(seen->first_unix_s, seen->last_unix_s);
      if (hosts != nullptr) hosts->push_back(use.host);
      return Status::Ok();
    };
    const Status walked = history.ForEachUse(key, visit);
    if (IsEnough(walked)) return std::optional<SightedSpan>();
    HARK_RETURN_IF_ERROR(walked);
  }
  if (hosts != nullptr) MakeDistinct(*hosts);
  return std::optional<SightedSpan>(span);
}

}  // namespace hark
