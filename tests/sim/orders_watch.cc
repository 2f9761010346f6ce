#include "tests/sim/orders_watch.h"

#include <algorithm>

#include "coordinator/run_settings.h"

namespace hark::sim {
namespace {

// On its way when the lease began, and what a tick is late.
constexpr Duration kUnderWay = std::chrono::seconds(4);

}  // namespace

void OrdersWatch::OptOut(const Address& address, uint64_t version) {
  opt_outs_.emplace(address, OptedOutAt{version, now_});
}

void OrdersWatch::Submitted(const CommitItem& item) {
  for (const proto::HostObservation& host : item.hosts) {
    if (!host.excluded() && OptedOut(*Address::FromBytes(host.address()))) {
      return Say("a late record of one that has opted out");
    }
  }
  for (const auto& [position, address] : item.listeners) {
    if (OptedOut(address)) return Say("a late listener that has opted out");
  }
}

void OrdersWatch::Leased(uint32_t run, const std::string& worker) {
  if (pressure_) Say("a job leased under pressure");
  const proto::RunSettings& settings = settings_[run];
  if (settings.paused()) Say("a job leased of a run that is paused");
  if (settings.cancelled()) Say("a job leased of a run that is cancelled");
  if (!MayWorkOn(settings, {worker, "", ""})) Say("a job leased to one the limits leave out");
}

void OrdersWatch::Says(const proto::Orders& orders) {
  std::set<uint32_t>& runs = forbidden_[orders.version()];
  for (const proto::RunOrder& order : orders.runs()) {
    if (order.kind() != proto::RunOrder::GO) runs.insert(order.run());
  }
}

void OrdersWatch::Heard(const std::string& worker, uint64_t version) {
  Worker& its = workers_[worker];
  if (version > its.acknowledged) its.heard.insert(version);
}

void OrdersWatch::Acknowledges(const std::string& worker, const proto::OrdersAck& ack) {
  Worker& its = workers_[worker];
  if (!forbidden_.contains(ack.version())) Say("orders acknowledged that nobody gave");
  its.acknowledged = std::max(its.acknowledged, ack.version());
  its.heard.erase(its.heard.begin(), its.heard.upper_bound(its.acknowledged));
  uint64_t& exclusions = exclusions_[worker];
  exclusions = std::max(exclusions, ack.exclusions_version());
}

bool OrdersWatch::Forbids(uint64_t version, uint32_t run) const {
  const auto orders = forbidden_.find(version);
  return orders != forbidden_.end() && orders->second.contains(run);
}

void OrdersWatch::Contact(const std::string& worker, uint32_t run, const Address& address) {
  const Worker& its = workers_[worker];
  const bool may = !Forbids(its.acknowledged, run) ||
                   std::any_of(its.heard.begin(), its.heard.end(),
                               [&](uint64_t version) { return !Forbids(version, run); });
  if (!may) Say("a contact for a run that it acknowledged to stand still");
  const auto out = opt_outs_.find(address);
  if (out == opt_outs_.end()) return;
  if (exclusions_[worker] >= out->second.version)
    Say("a contact after the opt-out was acknowledged");
  if (now_ > out->second.at + lease_ + kUnderWay) Say("a contact long after the opt-out");
}

}  // namespace hark::sim
