#pragma once

// Where rejected records go: NDJSON, {"file", "line", "reason", "text"} a line.

#include <cstdint>
#include <string>
#include <vector>

#include "base/status.h"
#include "base/unique_fd.h"
#include "exchange/imported_host.h"

namespace hark {

class RejectFile {
 public:
  RejectFile() = default;  // nowhere
  // Appends to what is there. kInvalidInput: it cannot be written.
  static Result<RejectFile> Open(const std::string& path);

  // Takes back what an interrupted import wrote after its last commit. Only for regular files.
  Status TruncateTo(uint64_t bytes);
  Status Write(const std::string& source, const std::vector<RejectedLine>& lines);
  uint64_t bytes() const { return bytes_; }

 private:
  std::string path_;
  UniqueFd fd_;
  uint64_t bytes_ = 0;
  bool regular_ = false;
};

// One line of it, without the line end.
std::string RejectedLineText(const std::string& source, const RejectedLine& line);

}  // namespace hark
