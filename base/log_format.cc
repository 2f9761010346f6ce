#include "base/log_format.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <ctime>
#include <vector>

namespace hark {
namespace {

constexpr char kHexDigits[] = "0123456789abcdef";
constexpr char kCutMark[] = "...";

// What a caller writes may hold what it has escaped already, so its backslashes stay single; in a
// value they are doubled, and the bytes can be found again.
enum class Backslash { kStays, kDoubled };

// Printable ASCII as it is, the rest \xNN: no terminal obeys it, and no reader of JSON meets bytes
// that are not UTF-8.
std::string Printable(std::string_view bytes, Backslash backslash, size_t longest) {
  std::string out;
  out.reserve(std::min(bytes.size(), longest) + 8);
  for (const char c : bytes) {
    if (out.size() >= longest) return out + kCutMark;
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte >= 0x7f) {
      out += "\\x";
      out += kHexDigits[byte >> 4];
      out += kHexDigits[byte & 15];
    } else {
      if (c == '\\' && backslash == Backslash::kDoubled) out += '\\';
      out += c;
    }
  }
  return out;
}

std::string Quoted(std::string_view printable) {
  std::string out = "\"";
  for (const char c : printable) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + "\"";
}

// RFC 3339, UTC, milliseconds.
std::string Timestamp(int64_t unix_ms) {
  const std::time_t seconds = unix_ms / 1000;
  std::tm utc{};
  gmtime_r(&seconds, &utc);
  char text[64];
  std::snprintf(text, sizeof text, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", utc.tm_year + 1900,
                utc.tm_mon + 1, utc.tm_mday, utc.tm_hour, utc.tm_min, utc.tm_sec,
                static_cast<int>(unix_ms % 1000));
  return text;
}

std::string NumberText(double value) {
  if (!std::isfinite(value)) return "null";  // JSON has no word for it
  char text[40];
  std::snprintf(text, sizeof text, "%.15g", value);
  return text;
}

struct TextValue {
  std::string operator()(std::string_view bytes) const {
    std::string value = Printable(bytes, Backslash::kDoubled, kLongestLogValue);
    if (!value.empty() && value.find_first_of(" \"=") == value.npos) return value;
    std::string out = "\"";
    for (const char c : value) {
      if (c == '"') out += '\\';
      out += c;
    }
    return out + "\"";
  }
  std::string operator()(bool value) const { return value ? "true" : "false"; }
  std::string operator()(double value) const { return NumberText(value); }
  std::string operator()(int64_t value) const { return std::to_string(value); }
  std::string operator()(uint64_t value) const { return std::to_string(value); }
};

struct JsonValue : TextValue {
  using TextValue::operator();
  std::string operator()(std::string_view bytes) const {
    return Quoted(Printable(bytes, Backslash::kDoubled, kLongestLogValue));
  }
};

// Adds what fits, and says so when something did not.
void AddFields(const std::vector<std::string>& fields, std::string_view cut, std::string& line,
               std::string_view end) {
  for (const std::string& field : fields) {
    const size_t reserve = &field == &fields.back() ? 0 : cut.size();
    if (line.size() + field.size() + reserve + end.size() > kLongestLogLine) {
      line += cut;
      break;
    }
    line += field;
  }
  line += end;
}

}  // namespace

std::string_view LogLevelName(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
      return "debug";
    case LogLevel::kInfo:
      return "info";
    case LogLevel::kWarning:
      return "warning";
    case LogLevel::kError:
      return "error";
  }
  return "unknown";
}

std::string LogLineAsText(const LogRecord& record) {
  std::string line = Timestamp(record.unix_ms);
  line += ' ';
  line += "DIWE"[static_cast<int>(record.level)];
  line += ' ';
  line += record.module;
  line += ": ";
  line += Printable(record.text, Backslash::kStays, kLongestLogText);
  std::vector<std::string> fields;
  fields.reserve(record.fields.size());
  for (const LogField& field : record.fields) {
    fields.push_back(" " + std::string(field.key()) + "=" + std::visit(TextValue{}, field.value()));
  }
  AddFields(fields, " cut=true", line, "");
  return line;
}

std::string LogLineAsJson(const LogRecord& record) {
  std::string line = "{\"time\":\"" + Timestamp(record.unix_ms) + "\",\"level\":\"";
  line += LogLevelName(record.level);
  line += "\",\"module\":\"";
  line += record.module;
  line += "\",\"event\":";
  // Half as much of it, since all of it may be quotes.
  line += Quoted(Printable(record.text, Backslash::kStays, kLongestLogText / 2));
  std::vector<std::string> fields;
  fields.reserve(record.fields.size());
  for (const LogField& field : record.fields) {
    fields.push_back(",\"" + std::string(field.key()) +
                     "\":" + std::visit(JsonValue{}, field.value()));
  }
  AddFields(fields, ",\"cut\":true", line, "}");
  return line;
}

}  // namespace hark
