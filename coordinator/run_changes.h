#pragma once

// What an operator may make of a run's settings: the check of what was asked, and the settings that
// come of it. The same for a coordinator that is running and for a store at rest.

#include <vector>

#include "base/status.h"
#include "proto/control.pb.h"
#include "proto/store.pb.h"

namespace hark {

// Of a new run or a changed one. kInvalidInput says what cannot be.
Status CheckSettings(const proto::RunSettings& settings);
// The settings after the change. A cancelled run stays so.
Result<proto::RunSettings> SettingsAfter(const proto::RunSettings& now,
                                         const proto::ChangeRun& change);
// The run has rules that need to know an address's AS, or a plan made with a geo file.
bool NeedsGeo(const proto::RunRow& run);
// kInvalidInput names what differs between the geo data a run was planned with and those at hand: a
// host's country is checked against the data that made it a target, or the check says nothing.
Status CheckSameGeo(const proto::RunRow& run, const std::vector<proto::GeoSource>& at_hand);

}  // namespace hark
