#pragma once

// Looking things up in what simdjson has parsed. Everything that is not there, is of another type
// or is longer than wanted is simply not there: foreign records are odd in more ways than one.

#include <simdjson.h>

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

namespace hark {

using Json = simdjson::dom::element;
using JsonPath = std::initializer_list<std::string_view>;

// Where a path of member names leads.
std::optional<Json> FindJson(const Json& from, JsonPath path);
// Text of at most `most` bytes, else "".
std::string_view JsonText(const Json& from, JsonPath path, size_t most = 4096);
// A whole number from 0 on, also of digits in a text (decimal, or hex after 0x).
std::optional<uint64_t> JsonNumber(const Json& from, JsonPath path);
bool JsonTrue(const Json& from, JsonPath path);
// Base64; "" if it is none.
std::string JsonBytes(const Json& from, JsonPath path, size_t most);
// 32 bytes of 64 hex digits; "" if it is none.
std::string JsonSha256(const Json& from, JsonPath path);

// For whoever parses record after record. The element is valid until the next call.
class JsonRecords {
 public:
  // nullopt: no JSON object; `why` says what is wrong with it.
  // text: with kRecordPadding readable bytes behind it (exchange/line_source.h).
  std::optional<Json> Parse(std::string_view text, std::string* why);

 private:
  simdjson::dom::parser parser_;
};

}  // namespace hark
