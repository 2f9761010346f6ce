#pragma once

// One line of hark NDJSON, taken apart. Whoever wrote it may be hostile: a line is bounded, nesting
// too, and every getter checks what it gives.
//
// Threads: none. What a getter gives as a view lives until the next Parse.

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace hark {

class NdjsonLine {
 public:
  NdjsonLine();
  ~NdjsonLine();

  // The message says what is wrong with the line. At most kMaxNdjsonLine bytes.
  Status Parse(std::string_view line);

  // Of the members of the object.
  std::optional<std::string_view> Text(const char* name) const;
  std::optional<uint64_t> Uint(const char* name) const;
  std::optional<int64_t> Int(const char* name) const;
  bool True(const char* name) const;                                     // false if absent
  std::optional<std::string> Base64(const char* name) const;             // decoded
  std::optional<std::string> Hex(const char* name, size_t bytes) const;  // of exactly that length
  std::optional<std::vector<std::string_view>> Texts(const char* name, size_t most) const;

 private:
  struct Document;
  std::unique_ptr<Document> document_;
};

}  // namespace hark
