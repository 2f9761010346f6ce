#pragma once

// Leveled lines on stderr: "2026-11-21T20:23:36.123Z W worker/session: text". One write per line,
// so lines of several threads and processes do not mix. For programs' own news; results never go
// here. A test that sees an ERROR it did not expect fails (tests count them through SetLogSink).

#include <functional>
#include <string_view>

namespace hark {

enum class LogLevel { kDebug, kInfo, kWarning, kError };

// Lines below the level are dropped. Default kWarning. Thread-safe.
void SetLogLevel(LogLevel level);
bool LogEnabled(LogLevel level);
// Where lines go instead of stderr; nullptr = stderr again. Call before threads start.
void SetLogSink(std::function<void(LogLevel, std::string_view line)> sink);

// where: the module, e.g. "worker/session".
void Log(LogLevel level, std::string_view where, std::string_view text);

inline void LogDebug(std::string_view where, std::string_view text) {
  Log(LogLevel::kDebug, where, text);
}
inline void LogInfo(std::string_view where, std::string_view text) {
  Log(LogLevel::kInfo, where, text);
}
inline void LogWarning(std::string_view where, std::string_view text) {
  Log(LogLevel::kWarning, where, text);
}
inline void LogError(std::string_view where, std::string_view text) {
  Log(LogLevel::kError, where, text);
}

// Our own bug: prints and aborts.
[[noreturn]] void CheckFailed(const char* file, int line, const char* condition);
#define HARK_CHECK(condition) \
  ((condition) ? static_cast<void>(0) : ::hark::CheckFailed(__FILE__, __LINE__, #condition))

}  // namespace hark
