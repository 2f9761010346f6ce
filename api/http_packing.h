#pragma once

// Bodies as gzip (RFC 1952) or Zstandard (RFC 8878).

#include <memory>
#include <string>
#include <string_view>

#include "api/http_text.h"
#include "base/status.h"

namespace hark {

// What a packer is to do when it has a piece.
enum class PackThen : unsigned char {
  kGoOn,   // give what is ready, which may be nothing
  kFlush,  // give everything so far; costs some bytes
  kEnd,    // and that was all; the last call
};

// One body in pieces.
class BodyPacker {
 public:
  virtual ~BodyPacker() = default;
  virtual Result<std::string> Add(std::string_view piece, PackThen then) = 0;
};

// coding: not kIdentity.
Result<std::unique_ptr<BodyPacker>> NewBodyPacker(ContentCoding coding);
Result<std::string> Pack(ContentCoding coding, std::string_view body);

}  // namespace hark
