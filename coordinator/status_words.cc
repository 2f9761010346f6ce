#include "coordinator/status_words.h"

#include "base/strings.h"
#include "bus/curve.h"

namespace hark {
namespace {

constexpr size_t kKeyBytes = 32;

}  // namespace

// A newer coordinator may use values this program has no word for.
std::string_view RunStateName(proto::RunStatus::State state) {
  switch (static_cast<int>(state)) {
    case proto::RunStatus::OPEN:
      return "open";
    case proto::RunStatus::PAUSED:
      return "paused";
    case proto::RunStatus::OUTSIDE_WINDOW:
      return "outside-window";
    case proto::RunStatus::CANCELLING:
      return "cancelling";
    case proto::RunStatus::CANCELLED:
      return "cancelled";
    case proto::RunStatus::DONE:
      return "done";
  }
  return "unknown";
}

std::string_view JobKindName(proto::JobRow::Kind kind) {
  switch (static_cast<int>(kind)) {
    case proto::JobRow::SWEEP:
      return "sweep";
    case proto::JobRow::GRAB_LISTENERS:
    case proto::JobRow::GRAB_TARGETS:
      return "grab";
    case proto::JobRow::GRAB_REVISITS:
      return "revisit";
    case proto::JobRow::AUDIT_SWEEP:
      return "audit-sweep";
    case proto::JobRow::AUDIT_GRAB:
      return "audit-grab";
  }
  return "unknown";
}

std::string_view CheckName(proto::Capabilities::Check check) {
  switch (static_cast<int>(check)) {
    case proto::Capabilities::WORKS:
      return "works";
    case proto::Capabilities::FAILS:
      return "fails";
  }
  return "not-tested";
}

std::string_view PreflightName(proto::Preflight::Result result) {
  switch (static_cast<int>(result)) {
    case proto::Preflight::PASS:
      return "pass";
    case proto::Preflight::WARN:
      return "warn";
    case proto::Preflight::FAIL:
      return "fail";
  }
  return "unknown";
}

std::string WorkerKeyText(std::string_view key) {
  return key.size() == kKeyBytes ? CurveKeyText(key) : HexEncode(key);
}

std::string OrdersText(uint64_t version) {
  return StrCat(version >> 32, ".", version & 0xffffffff);
}

}  // namespace hark
