#include "keys/der.h"

#include "base/bytes.h"

namespace hark::der {
namespace {

// Content length at the reader, 0x80 (indefinite, BER only) and absurd lengths are refused.
std::optional<size_t> ReadLength(ByteReader& reader) {
  const uint8_t first = reader.U8();
  if (first < 0x80) return first;
  const int bytes = first & 0x7f;
  if (bytes == 0 || bytes > 4) return std::nullopt;
  size_t length = 0;
  for (int i = 0; i < bytes; ++i) length = length << 8 | reader.U8();
  return length;
}

}  // namespace

std::optional<Element> Next(std::string_view& in) {
  ByteReader reader(in);
  Element element;
  element.tag = reader.U8();
  if ((element.tag & 0x1f) == 0x1f) return std::nullopt;  // multi-byte tags have no use here
  const std::optional<size_t> length = ReadLength(reader);
  if (!length || !reader.ok()) return std::nullopt;
  element.content = reader.Bytes(*length);
  if (!reader.ok()) return std::nullopt;
  element.encoded = in.substr(0, in.size() - reader.remaining());
  in = reader.rest();
  return element;
}

std::optional<Element> Next(std::string_view& in, uint8_t tag) {
  if (in.empty() || static_cast<uint8_t>(in.front()) != tag) return std::nullopt;
  return Next(in);
}

std::string Encode(uint8_t tag, std::string_view content) {
  ByteWriter out;
  out.U8(tag);
  const size_t n = content.size();
  if (n < 0x80) {
    out.U8(static_cast<uint8_t>(n));
  } else if (n <= 0xff) {
    out.U8(0x81);
    out.U8(static_cast<uint8_t>(n));
  } else if (n <= 0xffff) {
    out.U8(0x82);
    out.U16(static_cast<uint16_t>(n));
  } else {
    out.U8(0x84);
    out.U32(static_cast<uint32_t>(n));
  }
  out.Bytes(content);
  return out.Take();
}

std::string EncodeUnsigned(std::string_view magnitude) {
  const bool pad = magnitude.empty() || (static_cast<uint8_t>(magnitude.front()) & 0x80) != 0;
  std::string content(pad ? 1 : 0, '\0');
  content += magnitude;
  return Encode(kInteger, content);
}

std::string EncodeBits(std::string_view bytes) {
  std::string content(1, '\0');  // no unused bits in the last byte
  content += bytes;
  return Encode(kBitString, content);
}

}  // namespace hark::der
