#pragma once

// Zeek's logs, line by line, in both of its formats: tab-separated behind a header that names the
// columns (which may be in any order, and again later in the file), and a JSON object a line.
//
// Threads: a reader belongs to one.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace hark {

enum class ZeekKind : uint8_t {
  kNone,  // no log that is read here
  kSsh,
  kSsl,
  kX509,
};

// One entry: values by field name. Unset and empty values are not there.
class ZeekEntry {
 public:
  ZeekKind kind = ZeekKind::kNone;

  std::string_view Text(std::string_view field) const;  // "" if it is not there
  // The members of a set or vector; a plain value is its only one.
  std::vector<std::string> List(std::string_view field) const;
  // Of a time in any form Zeek writes (seconds, milliseconds, ISO 8601), whole seconds.
  std::optional<int64_t> Seconds(std::string_view field) const;

  void Add(std::string_view field, std::vector<std::string> members);

 private:
  struct Value {
    std::string field;
    std::vector<std::string> members;
  };
  const Value* Find(std::string_view field) const;
  std::vector<Value> values_;
};

class ZeekLogReader {
 public:
  ZeekLogReader();
  ~ZeekLogReader();
  ZeekLogReader(const ZeekLogReader&) = delete;
  ZeekLogReader& operator=(const ZeekLogReader&) = delete;

  // nullopt: a header or an empty line, and then `fault` is empty, or a line that cannot be used.
  std::optional<ZeekEntry> Read(std::string_view line, std::string* fault);
  // A header is remembered, everything else passed over.
  void Pass(std::string_view line);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace hark
