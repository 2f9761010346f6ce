#pragma once

// The words of the fleet's state, one set for text, JSON, metrics and log.
// docs/formats/status.md has them all.

#include <cstdint>
#include <string>
#include <string_view>

#include "proto/control.pb.h"

namespace hark {

// "open", "paused", "outside-window", "cancelling", "cancelled", "done".
std::string_view RunStateName(proto::RunStatus::State state);
// "sweep", "grab", "revisit", "audit-sweep", "audit-grab".
std::string_view JobKindName(proto::JobRow::Kind kind);
// "works", "fails", "not-tested".
std::string_view CheckName(proto::Capabilities::Check check);
// "pass", "warn", "fail".
std::string_view PreflightName(proto::Preflight::Result result);

// A worker's key as `hark fleet` shows it; hexadecimal if it is no key.
std::string WorkerKeyText(std::string_view key);
// Orders are (start of the coordinator, number within it): "7.13".
std::string OrdersText(uint64_t version);

}  // namespace hark
