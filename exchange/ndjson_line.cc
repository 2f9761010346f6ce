#include "exchange/ndjson_line.h"

#include <simdjson.h>

#include <array>

#include "base/strings.h"
#include "exchange/ndjson_format.h"

namespace hark {
namespace {

constexpr size_t kMaxDepth = 64;
constexpr uint8_t kNoDigit = 0xff;

std::array<uint8_t, 256> MakeDigits() {
  constexpr std::string_view kAlphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::array<uint8_t, 256> digits;
  digits.fill(kNoDigit);
  for (size_t i = 0; i < kAlphabet.size(); ++i) {
    digits[static_cast<uint8_t>(kAlphabet[i])] = static_cast<uint8_t>(i);
  }
  return digits;
}

}  // namespace

struct NdjsonLine::Document {
  simdjson::dom::parser parser{kMaxNdjsonLine + simdjson::SIMDJSON_PADDING};
  simdjson::dom::object object;
};

NdjsonLine::NdjsonLine() : document_(std::make_unique<Document>()) {}
NdjsonLine::~NdjsonLine() = default;

Status NdjsonLine::Parse(std::string_view line) {
  if (line.size() > kMaxNdjsonLine) return InvalidInput("the line is longer than any of ours");
  if (document_->parser.max_depth() != kMaxDepth) {
    // The parser's memory grows with the longest line seen; its depth is set once.
    const auto allocated = document_->parser.allocate(line.size() + 1, kMaxDepth);
    if (allocated != simdjson::SUCCESS) return Internal("no memory to read JSON");
  }
  const auto parsed = document_->parser.parse(line.data(), line.size());
  if (parsed.error() != simdjson::SUCCESS) {
    return InvalidInput(StrCat("not JSON: ", simdjson::error_message(parsed.error())));
  }
  if (parsed.get(document_->object) != simdjson::SUCCESS) {
    return InvalidInput("not a JSON object");
  }
  return Status::Ok();
}

std::optional<std::string_view> NdjsonLine::Text(const char* name) const {
  std::string_view value;
  if (document_->object[name].get(value) != simdjson::SUCCESS) return std::nullopt;
  return value;
}

std::optional<uint64_t> NdjsonLine::Uint(const char* name) const {
  uint64_t value = 0;
  if (document_->object[name].get(value) != simdjson::SUCCESS) return std::nullopt;
  return value;
}

std::optional<int64_t> NdjsonLine::Int(const char* name) const {
  int64_t value = 0;
  if (document_->object[name].get(value) != simdjson::SUCCESS) return std::nullopt;
  return value;
}

bool NdjsonLine::True(const char* name) const {
  bool value = false;
  return document_->object[name].get(value) == simdjson::SUCCESS && value;
}

std::optional<std::string> NdjsonLine::Base64(const char* name) const {
  const std::optional<std::string_view> text = Text(name);
  return text ? DecodeBase64(*text) : std::nullopt;
}

std::optional<std::string> NdjsonLine::Hex(const char* name, size_t bytes) const {
  const std::optional<std::string_view> text = Text(name);
  if (!text || text->size() != 2 * bytes) return std::nullopt;
  return HexDecode(*text);
}

std::optional<std::vector<std::string_view>> NdjsonLine::Texts(const char* name,
                                                               size_t most) const {
  simdjson::dom::array array;
  if (document_->object[name].get(array) != simdjson::SUCCESS) return std::nullopt;
  std::vector<std::string_view> out;
  for (const simdjson::dom::element element : array) {
    std::string_view text;
    if (out.size() == most || element.get(text) != simdjson::SUCCESS) return std::nullopt;
    out.push_back(text);
  }
  return out;
}

std::optional<std::string> DecodeBase64(std::string_view text) {
  static const std::array<uint8_t, 256> kDigits = MakeDigits();
  if (text.size() % 4 != 0) return std::nullopt;
  size_t padding = 0;
  while (padding < 2 && !text.empty() && text.back() == '=') {
    text.remove_suffix(1);
    ++padding;
  }
  std::string out;
  out.reserve(text.size() / 4 * 3 + 2);
  uint32_t bits = 0;
  int held = 0;
  for (const char c : text) {
    const uint8_t digit = kDigits[static_cast<uint8_t>(c)];
    if (digit == kNoDigit) return std::nullopt;
    bits = bits << 6 | digit;
    held += 6;
    if (held < 8) continue;
    held -= 8;
    out.push_back(static_cast<char>(bits >> held & 0xff));
  }
  // One way to write each text: what is left of the last digit is zero.
  if ((bits & ((1U << held) - 1)) != 0) return std::nullopt;
  return out;
}

}  // namespace hark
