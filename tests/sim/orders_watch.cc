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
  opt_outs_version_ = version;
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
  Said& said = said_[orders.version()];
  said.opt_outs = orders.exclusions_version();
  for (const proto::RunOrder& order : orders.runs()) {
    if (order.kind() != proto::RunOrder::GO) said.still.insert(order.run());
    if (order.kind() == proto::RunOrder::CANCEL) said.over.insert(order.run());
  }
}

void OrdersWatch::Heard(const std::string& worker, uint64_t version) {
  Worker& its = workers_[worker];
  if (version > its.acknowledged) its.heard.insert(version);
}

void OrdersWatch::Acknowledges(const std::string& worker, const proto::OrdersAck& ack) {
  Worker& its = workers_[worker];
  if (!said_.contains(ack.version())) Say("orders acknowledged that nobody gave");
  its.acknowledged = std::max(its.acknowledged, ack.version());
  its.heard.erase(its.heard.begin(), its.heard.upper_bound(its.acknowledged));
  uint64_t& exclusions = exclusions_[worker];
  exclusions = std::max(exclusions, ack.exclusions_version());
}

void OrdersWatch::InForce(const SimHost& host, uint64_t version) {
  const auto found = said_.find(version);
  if (found == said_.end()) return Say("obeys orders that nobody gave");
  const Said& said = found->second;
  for (const auto& [address, out] : opt_outs_) {
    if (out.version > said.opt_outs || host.Excludes(address)) continue;
    return Say("an opt-out acknowledged and not in force");
  }
  for (const uint32_t run : said.still) {
    const bool over = said.over.contains(run);
    if (!over && host.Begins(run)) Say("a pause acknowledged and not in force");
  }
  for (const uint32_t run : said.over) {
    if (host.Has(run)) Say("a cancellation acknowledged and not in force");
  }
}

bool OrdersWatch::Forbids(uint64_t version, uint32_t run) const {
  const auto orders = said_.find(version);
  return orders != said_.end() && orders->second.still.contains(run);
}

void OrdersWatch::Contact(const std::string& worker, uint32_t run, const Address& address,
                          uint64_t leased_at) {
  const Worker& its = workers_[worker];
  const bool may = !Forbids(its.acknowledged, run) ||
                   std::any_of(its.heard.begin(), its.heard.end(),
                               [&](uint64_t version) { return !Forbids(version, run); });
  if (!may) Say("a contact for a run that it acknowledged to stand still");
  const auto out = opt_outs_.find(address);
  if (out == opt_outs_.end()) return;
  if (exclusions_[worker] >= out->second.version)
    Say("a contact after the opt-out was acknowledged");
  if (leased_at >= out->second.version) Say("a contact under a job leased after the opt-out");
  if (now_ > out->second.at + lease_ + kUnderWay) Say("a contact long after the opt-out");
}

}  // namespace hark::sim
