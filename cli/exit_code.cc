#include "cli/exit_code.h"

#include <algorithm>
#include <cstdio>

#include "base/strings.h"

namespace hark {

int ExitCodeOf(const Status& status) {
  switch (status.code()) {
    case StatusCode::kOk:
      return 0;
    case StatusCode::kInvalidInput:
      return 2;
    case StatusCode::kInterrupted:
      return 130;  // 128 + SIGINT, as shells report it
    case StatusCode::kNotFound:
    case StatusCode::kIo:
    case StatusCode::kDiskFull:
    case StatusCode::kCorruption:
    case StatusCode::kUnavailable:
    case StatusCode::kInternal:
      return 1;
  }
  return 1;
}

int Fail(std::string_view command, const Status& status) {
  if (!status.ok()) {
    std::string line = StrCat(command, ": ", status.message());
    // Messages of libraries may hold line breaks; scripts count on one line.
    std::replace(line.begin(), line.end(), '\n', ' ');
    std::fputs((line + "\n").c_str(), stderr);
  }
  return ExitCodeOf(status);
}

}  // namespace hark
