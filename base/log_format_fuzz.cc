// What a peer wrote, in every place of an event: both forms stay one printable line of bounded
// length, and the object gives back the text that people see.

#include <algorithm>
#include <cstdint>
#include <nlohmann/json.hpp>

#include "base/log_format.h"
#include "base/strings.h"

namespace hark {
namespace {

void CheckLine(const std::string& line) {
  HARK_CHECK(line.size() <= kLongestLogLine);
  HARK_CHECK(std::all_of(line.begin(), line.end(), [](char c) { return c >= ' ' && c < '\x7f'; }));
}

}  // namespace
}  // namespace hark

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace hark;  // NOLINT(google-build-using-namespace)
  const std::string_view all(reinterpret_cast<const char*>(data), size);
  const std::string_view text = all.substr(0, size / 2), value = all.substr(size / 2);
  const std::initializer_list<LogField> fields = {
      {"worker", value}, {"job", size}, {"why", all}, {"last", true}};
  const LogRecord record{static_cast<int64_t>(size), LogLevel::kWarning, "m", text, fields};
  CheckLine(LogLineAsText(record));
  const std::string object = LogLineAsJson(record);
  CheckLine(object);
  const nlohmann::json json = nlohmann::json::parse(object);
  HARK_CHECK(json["job"] == size && json["last"] == true);
  const std::string shown = EscapeForDisplay(value);
  if (shown.size() < kLongestLogValue) HARK_CHECK(json["worker"] == shown);
  return 0;
}
