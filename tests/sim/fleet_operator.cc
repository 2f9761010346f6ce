// What the operator of a simulated fleet does while it is in trouble, and how he ends it.

#include <algorithm>

#include "base/strings.h"
#include "tests/sim/fleet.h"

namespace hark::sim {
namespace {

using std::chrono::milliseconds;

constexpr uint64_t kMostOptOuts = 8;  // addresses at once
constexpr int64_t kMillisAMinute = 60'000;
constexpr uint32_t kMinutesADay = 24 * 60;
constexpr uint32_t kEveryDay = 0x7f;

double OrAll(double pps) {
  return pps > 0 ? pps : kUnlimited;
}

}  // namespace

void Fleet::ScheduleOperator() {
  const auto every = [this](double mean, const std::function<void()>& what) {
    if (mean <= 0) return;
    for (Duration at = Soon(mean); at < options_.trouble; at += Soon(mean)) At(at, what);
  };
  every(options_.opt_outs_every, [this] { OptOutSome(); });
  every(options_.changes_every, [this] { ChangeSomething(); });
  every(options_.cancels_every, [this] { CancelOne(); });
  every(options_.pressure_every, [this] { PressForAWhile(); });
  if (options_.changes_every > 0 || options_.pressure_every > 0) {
    At(options_.trouble, [this] { LetGo(); });
  }
}

// They are durable before the dispatcher hears of them, so one that is dead has them when it
// starts.
void Fleet::OptOutSome() {
  const SimWorld& world = *worlds_[random_.Below(worlds_.size())];
  const uint32_t base = world.target_set.ranges().front().first;
  const uint32_t first = base + static_cast<uint32_t>(random_.Below(options_.targets));
  const uint32_t last = std::min(base + static_cast<uint32_t>(options_.targets) - 1,
                                 first + static_cast<uint32_t>(random_.Below(kMostOptOuts)));
  if (options_.poison) return;  // who has opted out kills nobody, or somebody once
  opt_outs_ = opt_outs_.Union(RangeSet({{first, last}}));
  ++opt_outs_version_;
  watch_.Now("", nullptr, now_);
  for (uint32_t at = first; at <= last; ++at) {
    watch_.orders.OptOut(Address::V4(at), opt_outs_version_);
  }
  if (dispatcher_ == nullptr) return;
  dispatcher_->SetOptOuts(opt_outs_version_, opt_outs_, now_);
  Flush();
}

void Fleet::ChangeSomething() {
  if (dispatcher_ == nullptr) return;
  ++outcome_.changes;
  if (random_.Below(6) == 0) {
    ceiling_ = 100.0 + static_cast<double>(random_.Below(900));
    dispatcher_->SetCeiling(ceiling_, now_);
    NoteCeilings();
    return Flush();
  }
  const auto run = static_cast<uint32_t>(1 + random_.Below(worlds_.size()));
  Change(run, Changed(dispatcher_->FindRun(run)->run().settings()));
}

// One thing of it, some of them back to none.
proto::RunSettings Fleet::Changed(proto::RunSettings settings) {
  const bool none = random_.Below(3) == 0;
  switch (random_.Below(6)) {
    case 0:
      settings.set_weight(static_cast<uint32_t>(random_.Below(5)));
      break;
    case 1:
      settings.set_probes_per_second(none ? 0 : 50.0 + static_cast<double>(random_.Below(500)));
      break;
    case 2:
      settings.set_per_prefix(none ? 0 : 1.0 + static_cast<double>(random_.Below(20)));
      break;
    case 3: {
      settings.clear_windows();
      if (none) break;
      const auto minute = static_cast<uint32_t>(CoordinatorClock() / kMillisAMinute % kMinutesADay);
      proto::Window& window = *settings.add_windows();
      window.set_weekdays(kEveryDay);
      window.set_from_minute((minute + static_cast<uint32_t>(random_.Below(2))) % kMinutesADay);
      window.set_to_minute((minute + 1 + static_cast<uint32_t>(random_.Below(2))) % kMinutesADay);
      break;
    }
    case 4:
      settings.clear_only();
      settings.clear_except();
      if (none || workers_.size() < 2) break;
      if (random_.Below(2) == 0) {
        settings.add_only("name=" + Anyone().key);
      } else {
        settings.add_except("name=" + Anyone().key);
      }
      break;
    default:
      settings.set_paused(!settings.paused());
  }
  return settings;
}

void Fleet::Change(uint32_t run, const proto::RunSettings& settings) {
  if (disk_.RunOf(run).state() == proto::RunRow::DONE) return;
  proto::RunSettings then = settings;
  const bool was_cancelled = dispatcher_->FindRun(run)->run().settings().cancelled();
  then.set_cancelled(settings.cancelled() || was_cancelled);
  watch_.Now("", nullptr, now_);
  watch_.orders.Settings(run, then);
  if (then.cancelled()) watch_.Cancelled(run);
  dispatcher_->ChangeRun(run, settings, now_, CoordinatorClock());
  NoteCeilings();
  Flush();
}

void Fleet::CancelOne() {
  if (dispatcher_ == nullptr) return;
  const auto run = static_cast<uint32_t>(1 + random_.Below(worlds_.size()));
  proto::RunSettings settings = dispatcher_->FindRun(run)->run().settings();
  settings.set_cancelled(true);
  Change(run, settings);
}

void Fleet::PressForAWhile() {
  if (dispatcher_ == nullptr) return;
  dispatcher_->SetPressure("the disk is full", now_);
  watch_.orders.Pressure(true);
  At(Soon(4), [this] {
    watch_.orders.Pressure(false);
    if (dispatcher_ != nullptr) dispatcher_->SetPressure("", now_);
  });
}

// Whatever stood still goes on, so that the history has an end.
void Fleet::LetGo() {
  if (dispatcher_ == nullptr) return At(milliseconds(100), [this] { LetGo(); });
  dispatcher_->SetPressure("", now_);
  watch_.orders.Pressure(false);
  for (const auto& world : worlds_) {
    const proto::RunSettings settings = dispatcher_->FindRun(world->run.id())->run().settings();
    proto::RunSettings then = world->run.settings();
    if (options_.limits_stay) {
      *then.mutable_only() = settings.only();
      *then.mutable_except() = settings.except();
    }
    Change(world->run.id(), then);
  }
}

// Who was told of a higher ceiling and is cut off obeys it until its leases are over.
void Fleet::NoteCeilings() {
  const auto note = [this](uint32_t run, double pps) {
    Ceiling& ceiling = ceilings_[run];
    if (ceiling.now > pps) ceiling.before.emplace_back(now_, ceiling.now);
    ceiling.now = pps;
  };
  note(0, ceiling_);
  for (const auto& world : worlds_) {
    const uint32_t run = world->run.id();
    note(run, OrAll(dispatcher_->FindRun(run)->run().settings().probes_per_second()));
  }
}

double Fleet::HighestCeiling(uint32_t run) {
  Ceiling& ceiling = ceilings_[run];
  std::erase_if(ceiling.before, [&](const auto& one) { return one.first + kLease < now_; });
  double highest = ceiling.now;
  for (const auto& [until, pps] : ceiling.before) highest = std::max(highest, pps);
  return highest;
}

}  // namespace hark::sim
