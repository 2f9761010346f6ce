#pragma once

// Cursors over bytes. All parsing of what peers send goes through ByteReader; it never reads past
// its end and never allocates more than it was given. Integers are big-endian (network order), as
// in SSH, TLS and our store's keys.
//
// Owned bytes are std::string, borrowed bytes std::string_view: the same types protobuf, OpenSSL
// adapters and RocksDB speak, so nothing is copied to change its type.

#include <cstdint>
#include <string>
#include <string_view>

namespace hark {

// Reads from the front of a view. Once a read fails the reader stays failed: callers may read a
// whole structure and ask ok() once.
class ByteReader {
 public:
  explicit ByteReader(std::string_view bytes) : rest_(bytes) {}

  uint8_t U8() { return static_cast<uint8_t>(Uint(1)); }
  uint16_t U16() { return static_cast<uint16_t>(Uint(2)); }
  uint32_t U24() { return static_cast<uint32_t>(Uint(3)); }
  uint32_t U32() { return static_cast<uint32_t>(Uint(4)); }
  uint64_t U64() { return Uint(8); }

  // Exactly n bytes, or failure and an empty view.
  std::string_view Bytes(size_t n) {
    if (n > rest_.size()) {
      ok_ = false;
      rest_ = {};
      return {};
    }
    std::string_view out = rest_.substr(0, n);
    rest_.remove_prefix(n);
    return out;
  }

  // An SSH string (RFC 4251 §5): u32 length, then that many bytes, at most max.
  std::string_view String32(size_t max) {
    const uint32_t n = U32();
    if (n > max) ok_ = false;
    return ok_ ? Bytes(n) : std::string_view();
  }

  bool ok() const { return ok_; }
  bool empty() const { return rest_.empty(); }
  size_t remaining() const { return rest_.size(); }
  std::string_view rest() const { return rest_; }

 private:
  uint64_t Uint(size_t n) {
    uint64_t value = 0;
    for (unsigned char c : Bytes(n)) value = value << 8 | c;
    return value;
  }

  std::string_view rest_;
  bool ok_ = true;
};

// Appends to a string it owns.
class ByteWriter {
 public:
  void U8(uint8_t v) { Uint(v, 1); }
  void U16(uint16_t v) { Uint(v, 2); }
  void U24(uint32_t v) { Uint(v, 3); }
  void U32(uint32_t v) { Uint(v, 4); }
  void U64(uint64_t v) { Uint(v, 8); }
  void Bytes(std::string_view bytes) { out_ += bytes; }
  void String32(std::string_view bytes) {
    U32(static_cast<uint32_t>(bytes.size()));
    Bytes(bytes);
  }
  // An SSH mpint (RFC 4251 §5) from an unsigned big-endian magnitude: leading zeros dropped, one
  // zero byte added where the top bit is set.
  void Mpint(std::string_view magnitude) {
    while (!magnitude.empty() && magnitude.front() == '\0') magnitude.remove_prefix(1);
    const bool pad = !magnitude.empty() && (static_cast<uint8_t>(magnitude.front()) & 0x80) != 0;
    U32(static_cast<uint32_t>(magnitude.size() + (pad ? 1 : 0)));
    if (pad) U8(0);
    Bytes(magnitude);
  }

  const std::string& str() const { return out_; }
  std::string Take() { return std::move(out_); }
  size_t size() const { return out_.size(); }

 private:
  void Uint(uint64_t v, int n) {
    for (int i = n - 1; i >= 0; --i) out_.push_back(static_cast<char>(v >> (8 * i)));
  }

  std::string out_;
};

}  // namespace hark
