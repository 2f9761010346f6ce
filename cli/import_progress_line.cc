#include "cli/import_progress_line.h"

#include <algorithm>

#include "base/strings.h"
#include "cli/progress_line.h"

namespace hark {
namespace {

constexpr Duration kTerminalEvery = std::chrono::seconds(1);
constexpr Duration kPipeEvery = std::chrono::seconds(10);
constexpr char kClearLine[] = "\r\x1b[K";

double Seconds(Duration d) {
  return std::max(std::chrono::duration<double>(d).count(), 1e-3);
}

std::string Megabytes(double bytes) {
  const auto tenths = static_cast<uint64_t>(bytes / 1e5);
  return StrCat(WithThousands(tenths / 10), ".", tenths % 10, " MB");
}

}  // namespace

ImportProgressLine::ImportProgressLine(bool terminal, std::string source, MonoTime now)
    : terminal_(terminal), source_(EscapeForDisplay(source)), started_(now), last_(now) {}

std::string ImportProgressLine::Update(const ImportStanding& standing, uint64_t rejected,
                                       MonoTime now) {
  if (!begun_) first_bytes_ = last_bytes_ = standing.bytes_read;
  begun_ = true;
  if (now - last_ < (terminal_ ? kTerminalEvery : kPipeEvery)) return "";
  const double since = Seconds(now - last_);
  const auto records = static_cast<double>(standing.records - last_records_);
  const auto bytes = static_cast<double>(standing.bytes_read - last_bytes_);
  const auto pace =
      static_cast<double>(standing.bytes_read - first_bytes_) / Seconds(now - started_);
  std::string text = StrCat(source_, ": ", DurationText(now - started_));
  if (standing.bytes > 0) {
    text += StrCat(" ", standing.bytes_read * 100 / standing.bytes, "%");
    const auto left =
        static_cast<double>(standing.bytes - std::min(standing.bytes, standing.bytes_read));
    if (pace > 0) {
      text +=
          StrCat(" (", DurationText(Duration(static_cast<int64_t>(left / pace * 1e9))), " left)");
    }
  }
  text += StrCat("; records ", WithThousands(standing.records), " (",
                 WithThousands(static_cast<uint64_t>(records / since)), "/s, ",
                 Megabytes(bytes / since), "/s); rejected ", WithThousands(rejected));
  last_ = now;
  last_records_ = standing.records;
  last_bytes_ = standing.bytes_read;
  shown_ = true;
  return terminal_ ? kClearLine + text : text + "\n";
}

}  // namespace hark
