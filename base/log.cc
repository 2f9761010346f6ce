#include "base/log.h"

#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <string>

namespace hark {
namespace {

std::atomic<LogLevel> g_level{LogLevel::kWarning};

std::function<void(LogLevel, std::string_view)>& Sink() {
  static std::function<void(LogLevel, std::string_view)> sink;
  return sink;
}

std::string Timestamp() {
  const auto now = std::chrono::system_clock::now();
  const std::time_t seconds = std::chrono::system_clock::to_time_t(now);
  const auto millis =
      std::chrono::duration_cast<std::chrono::milliseconds>(now.time_since_epoch()).count() % 1000;
  std::tm utc{};
  gmtime_r(&seconds, &utc);
  char buffer[40];
  const size_t n = std::strftime(buffer, sizeof buffer, "%Y-%m-%dT%H:%M:%S", &utc);
  std::snprintf(buffer + n, sizeof buffer - n, ".%03dZ", static_cast<int>(millis));
  return buffer;
}

}  // namespace

void SetLogLevel(LogLevel level) {
  g_level = level;
}
bool LogEnabled(LogLevel level) {
  return level >= g_level;
}
void SetLogSink(std::function<void(LogLevel, std::string_view)> sink) {
  Sink() = std::move(sink);
}

void Log(LogLevel level, std::string_view where, std::string_view text) {
  if (!LogEnabled(level)) return;
  std::string line = Timestamp();
  line += ' ';
  line += "DIWE"[static_cast<int>(level)];
  line += ' ';
  line += where;
  line += ": ";
  line += text;
  if (Sink()) {
    Sink()(level, line);
    return;
  }
  line += '\n';
  // A full or closed stderr must not stop a survey.
  [[maybe_unused]] const ssize_t written = write(STDERR_FILENO, line.data(), line.size());
}

void CheckFailed(const char* file, int line, const char* condition) {
  std::fprintf(stderr, "%s:%d: check failed: %s\n", file, line, condition);
  std::abort();
}

}  // namespace hark
