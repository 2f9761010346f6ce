#include "cli/settings_flags.h"

#include "base/strings.h"
#include "coordinator/run_changes.h"
#include "coordinator/run_settings.h"

namespace hark {
namespace {

constexpr double kMaxRate = 10'000'000;
constexpr uint32_t kMaxWeight = 1000;

// Given alone, each takes a limit away.
constexpr std::string_view kAny = "any";
constexpr std::string_view kNone = "none";
constexpr std::string_view kAlways = "always";

bool IsWord(const std::vector<std::string>& values, std::string_view word) {
  return values.size() == 1 && values.front() == word;
}

// One value each time it is given: a window has commas of its own.
FlagValue OneMore(std::vector<std::string>* target, std::string placeholder) {
  return {std::move(placeholder), "", [=](std::string_view text) {
            target->emplace_back(text);
            return Status::Ok();
          }};
}

Status PutWindows(const std::vector<std::string>& texts,
                  google::protobuf::RepeatedPtrField<proto::Window>* out) {
  if (IsWord(texts, kAlways)) return Status::Ok();
  for (const std::string& text : texts) {
    Result<proto::Window> window = ParseWindow(text);
    if (!window.ok()) return window.status().Prepend("--window");
    *out->Add() = std::move(*window);
  }
  return Status::Ok();
}

}  // namespace

std::vector<Flag> SettingsFlags(SettingsWishes& w) {
  return {
      {"weight", Number(&w.weight, 1, kMaxWeight, "N"), "its part of the rate, against other runs"},
      {"rate", Decimal(&w.rate, 0, kMaxRate, "N"),
       "connection attempts a second of this run at most; 0: what the coordinator's rate leaves"},
      {"rate_per_24", Decimal(&w.rate_per_24, 0, kMaxRate, "N"),
       "likewise to any one /24, all workers together; 0: no such ceiling"},
      {"rate_per_as", Decimal(&w.rate_per_as, 0, kMaxRate, "N"),
       "likewise to any one AS; the coordinator needs --geo"},
      {"only", List(&w.only, "SELECTOR,…"),
       "workers that may work on it: name=GLOB, region=GLOB or provider=GLOB; any: all"},
      {"except", List(&w.except, "SELECTOR,…"), "workers that may not; none: all may"},
      {"window", OneMore(&w.windows, "WHEN"),
       "when it may probe, UTC, e.g. 'Mon-Fri 22:00-06:00' or 'Sat,Sun'; several times; always: no "
       "windows"},
  };
}

Result<proto::RunSettings> SettingsOf(const SettingsWishes& w) {
  proto::RunSettings settings;
  settings.set_weight(w.weight);
  settings.set_probes_per_second(w.rate);
  settings.set_per_prefix(w.rate_per_24);
  settings.set_per_as(w.rate_per_as);
  if (!IsWord(w.only, kAny)) settings.mutable_only()->Assign(w.only.begin(), w.only.end());
  if (!IsWord(w.except, kNone)) settings.mutable_except()->Assign(w.except.begin(), w.except.end());
  HARK_RETURN_IF_ERROR(PutWindows(w.windows, settings.mutable_windows()));
  HARK_RETURN_IF_ERROR(CheckSettings(settings));
  return settings;
}

Result<proto::ChangeRun> ChangeOf(const SettingsWishes& w, const ParsedFlags& parsed,
                                  const proto::RunSettings& now) {
  HARK_ASSIGN_OR_RETURN(const proto::RunSettings wanted, SettingsOf(w));
  const auto given = [&](const char* flag) { return parsed.given.contains(flag); };
  proto::ChangeRun change;
  if (given("weight")) change.set_weight(wanted.weight());
  if (given("rate")) change.set_probes_per_second(wanted.probes_per_second());
  if (given("rate_per_24")) change.set_per_prefix(wanted.per_prefix());
  if (given("rate_per_as")) change.set_per_as(wanted.per_as());
  change.set_set_limits(given("only") || given("except"));
  if (change.set_limits()) {
    *change.mutable_only() = given("only") ? wanted.only() : now.only();
    *change.mutable_except() = given("except") ? wanted.except() : now.except();
  }
  change.set_set_windows(given("window"));
  if (change.set_windows()) *change.mutable_windows() = wanted.windows();
  return change;
}

}  // namespace hark
