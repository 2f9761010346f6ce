#include "base/log.h"

#include <poll.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <string>

#include "base/log_format.h"
#include "base/strings.h"

namespace hark {
namespace {

enum class LogFormat { kText, kJson };

std::atomic<LogLevel> g_level{LogLevel::kWarning};
std::atomic<LogFormat> g_format{LogFormat::kText};

std::function<void(LogLevel, std::string_view)>& Sink() {
  static std::function<void(LogLevel, std::string_view)> sink;
  return sink;
}

std::string LineOf(const LogRecord& record) {
  switch (g_format.load(std::memory_order_relaxed)) {
    case LogFormat::kText:
      return LogLineAsText(record);
    case LogFormat::kJson:
      return LogLineAsJson(record);
  }
  return {};
}

int64_t UnixMillis() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::milliseconds>(now).count();
}

// stderr of a service is often a pipe, and who reads it may stop. A thread and a queue for it would
// be a second memory to bound and would lose the last lines of a crash; asking first costs one more
// system call. Linux reports a pipe as writable when it has room for PIPE_BUF bytes, which is as
// long as a line gets, so that the write below does not block. (Another process that writes to the
// same pipe can take the room in between: then we wait for its reader, once.)
bool TakenAtOnce(std::string line) {
  pollfd out{STDERR_FILENO, POLLOUT, 0};
  if (poll(&out, 1, 0) != 1 || (out.revents & POLLOUT) == 0) return false;
  line += '\n';
  return write(STDERR_FILENO, line.data(), line.size()) == static_cast<ssize_t>(line.size());
}

void Write(std::string line) {
  static std::mutex mutex;
  static uint64_t lost = 0;
  const std::lock_guard<std::mutex> lock(mutex);
  if (lost > 0) {
    const std::initializer_list<LogField> fields = {{"lines", lost}};
    if (TakenAtOnce(LineOf({UnixMillis(), LogLevel::kWarning, "base/log",
                            "lines were lost: stderr did not take them", fields}))) {
      lost = 0;
    }
  }
  if (lost > 0 || !TakenAtOnce(std::move(line))) ++lost;
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

Status SetLogFormat(std::string_view format) {
  if (format == "text") {
    g_format = LogFormat::kText;
  } else if (format == "json") {
    g_format = LogFormat::kJson;
  } else {
    return InvalidInput(StrCat("log_format is text or json, not '", EscapeForDisplay(format), "'"));
  }
  return Status::Ok();
}

void LogEvent(LogLevel level, std::string_view module, std::string_view text,
              std::initializer_list<LogField> fields) {
  if (!LogEnabled(level)) return;
  std::string line = LineOf({UnixMillis(), level, module, text, fields});
  if (Sink()) {
    Sink()(level, line);
  } else {
    Write(std::move(line));
  }
}

void Log(LogLevel level, std::string_view module, std::string_view text) {
  LogEvent(level, module, text, {});
}

void CheckFailed(const char* file, int line, const char* condition) {
  std::fprintf(stderr, "%s:%d: check failed: %s\n", file, line, condition);
  std::abort();
}

}  // namespace hark
