#pragma once

// Just enough DER (X.690) to cut a certificate at its SubjectPublicKeyInfo and to write one for an
// SSH key: definite lengths of at most four bytes, single-byte tags. Used inside keys/ only.

#include <optional>
#include <string>
#include <string_view>

namespace hark::der {

inline constexpr uint8_t kInteger = 0x02;
inline constexpr uint8_t kBitString = 0x03;
inline constexpr uint8_t kNull = 0x05;
inline constexpr uint8_t kOid = 0x06;
inline constexpr uint8_t kSequence = 0x30;
inline constexpr uint8_t kContext0 = 0xa0;

struct Element {
  uint8_t tag = 0;
  std::string_view content;
  std::string_view encoded;  // tag and length included, exactly as given
};

// The element at the front of `in`, which then begins behind it; nullopt when none can be read.
std::optional<Element> Next(std::string_view& in);
// The same, but only if it has this tag.
std::optional<Element> Next(std::string_view& in, uint8_t tag);

std::string Encode(uint8_t tag, std::string_view content);
// An INTEGER of an unsigned big-endian magnitude without leading zeros.
std::string EncodeUnsigned(std::string_view magnitude);
// A BIT STRING of whole bytes.
std::string EncodeBits(std::string_view bytes);

}  // namespace hark::der
