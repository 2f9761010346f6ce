#include "coordinator/fleet_live.h"

#include <array>
#include <vector>

#include "base/strings.h"
#include "bus/curve.h"
#include "coordinator/fleet_registry.h"

namespace hark {
namespace {

constexpr std::string_view kHeading = "hark-fleet-live 1 ";
constexpr size_t kWords = 9;
constexpr size_t kNumbers = 6;  // of them, from the third on
constexpr uint64_t kMaxNumber = INT64_MAX;

Status ParseWorker(std::string_view line, LiveFleet* fleet) {
  const std::vector<std::string_view> words = Split(line, ' ');
  if (words.size() != kWords || words[0] != "seen" || !IsCurveKey(words[1])) {
    return InvalidInput("not 'seen KEY …'");
  }
  std::array<uint64_t, kNumbers> numbers{};
  for (size_t i = 0; i < kNumbers; ++i) {
    const auto number = ParseUint(words[2 + i]);
    if (!number || *number > kMaxNumber) return InvalidInput("not a number");
    numbers[i] = *number;
  }
  const std::string software(words[8] == "-" ? "" : words[8]);
  HARK_RETURN_IF_ERROR(CheckFleetName(software));
  fleet->workers[CurveKeyBytes(words[1])] = {static_cast<int64_t>(numbers[0]),
                                             numbers[1] != 0,
                                             numbers[2],
                                             numbers[3],
                                             numbers[4],
                                             numbers[5],
                                             software};
  return Status::Ok();
}

}  // namespace

Result<LiveFleet> LiveFleet::Parse(std::string_view text) {
  LiveFleet fleet;
  for (const std::string_view line : Split(text, '\n')) {
    if (line.empty()) continue;
    if (fleet.workers.size() > kMaxFleetEntries) return InvalidInput("too many lines");
    if (fleet.written != 0) {
      HARK_RETURN_IF_ERROR(ParseWorker(line, &fleet));
      continue;
    }
    const auto written =
        line.starts_with(kHeading) ? ParseUint(line.substr(kHeading.size())) : std::nullopt;
    if (!written || *written == 0 || *written > kMaxNumber) return InvalidInput("no heading");
    fleet.written = static_cast<int64_t>(*written);
  }
  if (fleet.written == 0) return InvalidInput("no heading");
  return fleet;
}

std::string LiveFleet::Encode() const {
  std::string out = StrCat(kHeading, written, "\n");
  for (const auto& [key, worker] : workers) {
    out += StrCat("seen ", CurveKeyText(key), " ", worker.last_seen, " ", worker.connected ? 1 : 0,
                  " ", worker.pps, " ", worker.in_flight, " ", worker.jobs, " ", worker.spool_bytes,
                  " ", worker.software.empty() ? "-" : worker.software, "\n");
  }
  return out;
}

}  // namespace hark
