#pragma once

// How an event of the log is written: docs/logs.md has the two forms. Pure.

#include <cstddef>
#include <initializer_list>
#include <string>
#include <string_view>

#include "base/log.h"

namespace hark {

// With its line break a line is written in one piece: PIPE_BUF of Linux.
inline constexpr size_t kLongestLogLine = 4095;
// Of an event's text, after escaping.
inline constexpr size_t kLongestLogText = 2000;
// Of one value, after escaping: a peer's 64 KB banner must not push out the fields behind it.
inline constexpr size_t kLongestLogValue = 400;

struct LogRecord {
  int64_t unix_ms = 0;
  LogLevel level = LogLevel::kInfo;
  std::string_view module;
  std::string_view text;
  std::initializer_list<LogField> fields;
};

// Both: printable ASCII only, no line break, at most kLongestLogLine bytes.
// 2026-11-21T20:23:36.123Z W coordinator: bad batch worker=tokyo-1 job=7
std::string LogLineAsText(const LogRecord& record);
// {"time":"…","level":"warning","module":"coordinator","event":"bad
// batch","worker":"tokyo-1","job":7}
std::string LogLineAsJson(const LogRecord& record);

// "debug", "info", "warning", "error".
std::string_view LogLevelName(LogLevel level);

}  // namespace hark
