#include "coordinator/run_changes.h"

#include <algorithm>
#include <cmath>

#include "base/strings.h"
#include "coordinator/run_settings.h"

namespace hark {
namespace {

constexpr double kMaxRate = 10'000'000;
constexpr uint32_t kMaxWeight = 1000;
constexpr int kMaxSelectors = 64;
constexpr int kMaxWindows = 64;
constexpr uint32_t kDayMinutes = 24 * 60;
constexpr uint32_t kEveryDay = 0x7f;

// 0 = no ceiling.
Status CheckRate(double rate, std::string_view name) {
  if (std::isfinite(rate) && rate >= 0 && rate <= kMaxRate) return Status::Ok();
  return InvalidInput(StrCat(name, ": not a rate between 0 (no ceiling) and 10,000,000"));
}

template <typename Selectors>
Status CheckSelectors(const Selectors& selectors, std::string_view name) {
  if (selectors.size() > kMaxSelectors) {
    return InvalidInput(StrCat(name, ": more than ", kMaxSelectors, " selectors"));
  }
  for (const std::string& selector : selectors) {
    HARK_RETURN_IF_ERROR(CheckSelector(selector).Prepend(name));
  }
  return Status::Ok();
}

Status CheckWindow(const proto::Window& window) {
  const bool sane = window.weekdays() != 0 && window.weekdays() <= kEveryDay &&
                    window.from_minute() < kDayMinutes && window.to_minute() < kDayMinutes;
  return sane ? Status::Ok() : InvalidInput("window: no such stretch of the week");
}

}  // namespace

Status CheckSettings(const proto::RunSettings& settings) {
  if (settings.weight() > kMaxWeight) {
    return InvalidInput(
        StrCat("weight: ", settings.weight(), " is not between 1 and ", kMaxWeight));
  }
  HARK_RETURN_IF_ERROR(CheckRate(settings.probes_per_second(), "rate"));
  HARK_RETURN_IF_ERROR(CheckRate(settings.per_prefix(), "rate_per_24"));
  HARK_RETURN_IF_ERROR(CheckRate(settings.per_as(), "rate_per_as"));
  HARK_RETURN_IF_ERROR(CheckSelectors(settings.only(), "only"));
  HARK_RETURN_IF_ERROR(CheckSelectors(settings.except(), "except"));
  if (settings.windows_size() > kMaxWindows) {
    return InvalidInput(StrCat("window: more than ", kMaxWindows));
  }
  for (const proto::Window& window : settings.windows()) HARK_RETURN_IF_ERROR(CheckWindow(window));
  if (!(settings.audit() >= 0 && settings.audit() <= 1)) {
    return InvalidInput("audit: not a share between 0 and 1");
  }
  return Status::Ok();
}

Result<proto::RunSettings> SettingsAfter(const proto::RunSettings& now,
                                         const proto::ChangeRun& change) {
  if (now.cancelled()) return InvalidInput("the run is cancelled; nothing of it can be changed");
  proto::RunSettings after = now;
  switch (change.state()) {
    case proto::ChangeRun::PAUSE:
      after.set_paused(true);
      break;
    case proto::ChangeRun::RESUME:
      after.set_paused(false);
      break;
    case proto::ChangeRun::CANCEL:
      after.set_cancelled(true);
      break;
    case proto::ChangeRun::KEEP:
      break;
    default:  // proto3 enums are open: a later hark's word
      return InvalidInput("an unknown state for a run");
  }
  if (change.has_weight()) after.set_weight(change.weight());
  if (change.has_probes_per_second()) after.set_probes_per_second(change.probes_per_second());
  if (change.has_per_prefix()) after.set_per_prefix(change.per_prefix());
  if (change.has_per_as()) after.set_per_as(change.per_as());
  if (change.set_limits()) {
    *after.mutable_only() = change.only();
    *after.mutable_except() = change.except();
  }
  if (change.set_windows()) *after.mutable_windows() = change.windows();
  HARK_RETURN_IF_ERROR(CheckSettings(after));
  return after;
}

bool NeedsGeo(const proto::RunRow& run) {
  return !run.geo_source().empty() || run.settings().per_as() > 0;
}

Status CheckSameGeo(const proto::RunRow& run, const std::vector<proto::GeoSource>& at_hand) {
  const auto same = [](const proto::GeoSource& a, const proto::GeoSource& b) {
    return a.sha256() == b.sha256();
  };
  const auto& planned = run.geo_sources();
  if (planned.empty() ||
      std::equal(planned.begin(), planned.end(), at_hand.begin(), at_hand.end(), same)) {
    return Status::Ok();
  }
  return InvalidInput(StrCat("the geo data that the run was planned with (", run.geo_source(),
                             ", SHA-256 ", HexEncode(planned[0].sha256()).substr(0, 12),
                             "…) are not those that the coordinator has"));
}

}  // namespace hark
