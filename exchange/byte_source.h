#pragma once

// Bytes of a file or of stdin, unpacked where they begin with the magic of gzip (RFC 1952, also
// several members) or Zstandard (RFC 8878, also several frames). Memory is bounded whatever the
// packed bytes claim: nothing is unpacked before somebody asks for it.
//
// Threads: one; bytes_read() may be asked by another.

#include <cstdint>
#include <memory>
#include <string>

#include "base/status.h"

namespace hark {

class ByteSource {
 public:
  // path: "-" is stdin. kInvalidInput for what cannot be opened or is a directory.
  static Result<std::unique_ptr<ByteSource>> Open(const std::string& path);
  // For tests and fuzzers.
  static std::unique_ptr<ByteSource> FromString(std::string bytes);

  virtual ~ByteSource() = default;

  // Up to `size` unpacked bytes, at least one; 0 at the end. kCorruption for packed bytes that are
  // damaged or end early, after all bytes before the damage were given.
  virtual Result<size_t> Read(char* to, size_t size) = 0;
  // Leaves out that many unpacked bytes. kInvalidInput if the source is shorter.
  virtual Status Skip(uint64_t count) = 0;

  // As they lie in the file, for progress; size 0 = not known.
  virtual uint64_t bytes_read() const = 0;
  virtual uint64_t size() const = 0;

  // SHA-256 over size, first and last 64 KiB of what lies in the file: the same file again.
  // "" where it cannot be told (stdin, pipes).
  virtual const std::string& identity() const = 0;
};

}  // namespace hark
