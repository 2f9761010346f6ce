#pragma once

// Bodies as gzip (RFC 1952) or Zstandard (RFC 8878).

#include <memory>
#include <string>
#include <string_view>

#include "api/http_text.h"
#include "base/status.h"

namespace hark {

// One body in pieces.
class BodyPacker {
 public:
  virtual ~BodyPacker() = default;
  // What is ready of it, which may be nothing. last: gives all that is left; the last call.
  virtual Result<std::string> Add(std::string_view piece, bool last) = 0;
};

// coding: not kIdentity.
Result<std::unique_ptr<BodyPacker>> NewBodyPacker(ContentCoding coding);
Result<std::string> Pack(ContentCoding coding, std::string_view body);

}  // namespace hark
