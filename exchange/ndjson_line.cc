#include "exchange/ndjson_line.h"

#include <simdjson.h>

#include "base/strings.h"
#include "exchange/base64.h"
#include "exchange/ndjson_format.h"

namespace hark {
namespace {

constexpr size_t kMaxDepth = 64;

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

}  // namespace hark
