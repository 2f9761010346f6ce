#pragma once

// What an operator may say of a run while it goes on: parsing of the flags, and the questions that
// the dispatcher asks. Pure: time is an argument.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "base/time.h"
#include "proto/store.pb.h"

namespace hark {

// Of a worker, as it says itself.
struct WorkerIdentity {
  std::string_view name, region, provider;
};

// May it work on the run? Selectors are "name=GLOB", "region=GLOB", "provider=GLOB" (* and ?,
// upper and lower case alike); an empty `only` lets everybody in, `except` wins.
bool MayWorkOn(const proto::RunSettings& settings, const WorkerIdentity& worker);
// kInvalidInput names what is wrong with the selector.
Status CheckSelector(std::string_view selector);

// "Mon-Fri 22:00-06:00", "Sat,Sun", "08:00-18:00", all UTC; from = to means the whole day.
Result<proto::Window> ParseWindow(std::string_view text);
std::string WindowText(const proto::Window& window);

// nullopt: it may probe now. Else how long until it may (at most a week).
std::optional<Duration> ClosedFor(const proto::RunSettings& settings, int64_t unix_ms);
// Until the window that is open closes; nullopt: no windows, or not open.
std::optional<Duration> OpenFor(const proto::RunSettings& settings, int64_t unix_ms);

}  // namespace hark
