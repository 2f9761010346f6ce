#pragma once

// What a program says about itself while it works: one line an event on stderr, as text or as JSON
// (docs/logs.md). Results never go here. One write a line of at most PIPE_BUF bytes, so lines of
// several threads and processes do not mix. Nobody waits for who reads them: a line that stderr
// does not take at once is dropped, and counted in the next one that it takes.
//
// A test that sees an ERROR it did not expect fails (tests count them through SetLogSink).

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <string_view>
#include <type_traits>
#include <variant>

#include "base/status.h"

namespace hark {

enum class LogLevel { kDebug, kInfo, kWarning, kError };

// Lines below the level are dropped. Default kWarning. Thread-safe.
void SetLogLevel(LogLevel level);
bool LogEnabled(LogLevel level);
// "text" (the default) or "json"; anything else is kInvalidInput and changes nothing. Thread-safe.
Status SetLogFormat(std::string_view format);
// Where lines go instead of stderr, without a line break; nullptr = stderr again. Call before
// threads start.
void SetLogSink(std::function<void(LogLevel, std::string_view line)> sink);

// One fact of an event: {"worker", name}, {"job", 7}. Lives no longer than the call it is made for.
class LogField {
 public:
  // Neither copies. value: any bytes, also a peer's; what is not printable is escaped.
  LogField(std::string_view key, std::string_view value) : key_(key), value_(value) {}
  template <typename T>
  requires std::is_arithmetic_v<T> LogField(std::string_view key, T value)
      : key_(key), value_(Widened(value)) {}

  using Value = std::variant<std::string_view, int64_t, uint64_t, double, bool>;
  std::string_view key() const { return key_; }
  const Value& value() const { return value_; }

 private:
  template <typename T>
  static Value Widened(T value) {
    if constexpr (std::is_same_v<T, bool>) {
      return value;
    } else if constexpr (std::is_floating_point_v<T>) {
      return static_cast<double>(value);
    } else if constexpr (std::is_signed_v<T>) {
      return static_cast<int64_t>(value);
    } else {
      return static_cast<uint64_t>(value);
    }
  }

  std::string_view key_;
  Value value_;
};

// module: who says it, e.g. "worker/session". text: what happened, in words that do not change from
// one event of its kind to the next; what does change belongs into the fields. Keys are lower-case
// words of ours, and none of time, level, module, event, cut.
void LogEvent(LogLevel level, std::string_view module, std::string_view text,
              std::initializer_list<LogField> fields);

// An event without fields. What a peer sent must have gone through EscapeForDisplay.
void Log(LogLevel level, std::string_view module, std::string_view text);

inline void LogDebug(std::string_view module, std::string_view text) {
  Log(LogLevel::kDebug, module, text);
}
inline void LogInfo(std::string_view module, std::string_view text) {
  Log(LogLevel::kInfo, module, text);
}
inline void LogWarning(std::string_view module, std::string_view text) {
  Log(LogLevel::kWarning, module, text);
}
inline void LogError(std::string_view module, std::string_view text) {
  Log(LogLevel::kError, module, text);
}

// Our own bug: prints and aborts.
[[noreturn]] void CheckFailed(const char* file, int line, const char* condition);
#define HARK_CHECK(condition) \
  ((condition) ? static_cast<void>(0) : ::hark::CheckFailed(__FILE__, __LINE__, #condition))

}  // namespace hark
