#include "base/status.h"

#include <cerrno>
#include <system_error>

namespace hark {

Status ErrnoStatus(std::string_view what, int error_number) {
  std::string message(what);
  message += ": ";
  message += std::generic_category().message(error_number);  // strerror without its shared buffer
  const bool full = error_number == ENOSPC || error_number == EDQUOT;
  return {full ? StatusCode::kDiskFull : StatusCode::kIo, std::move(message)};
}

}  // namespace hark
