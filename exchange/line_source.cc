#include "exchange/line_source.h"

#include <algorithm>
#include <cstring>

namespace hark {
namespace {

constexpr size_t kReadPiece = size_t{256} << 10;

}  // namespace

LineSource::LineSource(ByteSource& bytes, size_t max_record)
    : bytes_(bytes), max_record_(max_record), buffer_(kReadPiece + kRecordPadding, '\0') {}

Status LineSource::GoOn(uint64_t line, uint64_t byte) {
  if (byte < byte_) return Internal("a source does not go back");
  const uint64_t by = byte - byte_;
  const size_t held = held_ - at_;  // Peek may have read
  if (by <= held) {
    at_ += by;
  } else {
    HARK_RETURN_IF_ERROR(bytes_.Skip(by - held));
    at_ = held_ = 0;
  }
  line_ = line;
  byte_ = byte;
  return Status::Ok();
}

// More behind what is held; false at the end.
Result<bool> LineSource::Fill() {
  if (ended_) return false;
  if (at_ > 0) {
    std::memmove(buffer_.data(), buffer_.data() + at_, held_ - at_);
    held_ -= at_;
    at_ = 0;
  }
  if (buffer_.size() - kRecordPadding - held_ < kReadPiece) {
    buffer_.resize(buffer_.size() * 2 + kReadPiece);
  }
  const size_t room = buffer_.size() - kRecordPadding - held_;
  HARK_ASSIGN_OR_RETURN(const size_t n, bytes_.Read(buffer_.data() + held_, room));
  held_ += n;
  ended_ = n == 0;
  return n > 0;
}

// The line's beginning stays where it is and is given; the rest goes by.
Result<bool> LineSource::SkipRest(SourceRecord* record) {
  const std::string beginning = buffer_.substr(at_, held_ - at_);
  record->too_long = true;
  byte_ += held_ - at_;
  at_ = held_ = 0;
  for (bool found = false; !found;) {
    HARK_ASSIGN_OR_RETURN(const bool more, Fill());
    if (!more) break;
    const void* end = std::memchr(buffer_.data(), '\n', held_);
    found = end != nullptr;
    at_ = found ? static_cast<size_t>(static_cast<const char*>(end) - buffer_.data()) + 1 : held_;
    byte_ += at_;
  }
  // Room was made for the whole line already: what follows moves behind its beginning.
  std::string rest = buffer_.substr(at_, held_ - at_);
  buffer_ = beginning;
  buffer_ += rest;
  at_ = beginning.size();
  held_ = buffer_.size();
  buffer_.resize(held_ + kRecordPadding);
  record->text = std::string_view(buffer_).substr(0, at_);
  record->next_line = ++line_;
  record->next_byte = byte_;
  return true;
}

Result<bool> LineSource::Next(SourceRecord* record) {
  *record = {};
  record->line = line_;
  size_t seen = 0;
  for (;;) {
    const char* const start = buffer_.data() + at_;
    const void* end = std::memchr(start + seen, '\n', held_ - at_ - seen);
    if (end == nullptr) {
      seen = held_ - at_;
      if (seen > max_record_) return SkipRest(record);
      HARK_ASSIGN_OR_RETURN(const bool more, Fill());
      if (more) continue;
      if (seen == 0) return false;
    }
    const size_t length =
        end == nullptr ? seen : static_cast<size_t>(static_cast<const char*>(end) - start);
    const size_t taken = end == nullptr ? length : length + 1;
    record->text = std::string_view(buffer_).substr(at_, length);
    record->too_long = length > max_record_;
    at_ += taken;
    byte_ += taken;
    record->next_line = ++line_;
    record->next_byte = byte_;
    if (record->text.ends_with('\r')) record->text.remove_suffix(1);
    return true;
  }
}

Result<std::vector<std::string_view>> LineSource::Peek(size_t most) {
  while (held_ - at_ < kReadPiece) {
    HARK_ASSIGN_OR_RETURN(const bool more, Fill());
    if (!more) break;
  }
  std::vector<std::string_view> lines;
  std::string_view rest = std::string_view(buffer_).substr(at_, held_ - at_);
  while (!rest.empty() && lines.size() < most) {
    const size_t end = std::min(rest.find('\n'), rest.size());
    std::string_view line = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    if (line.ends_with('\r')) line.remove_suffix(1);
    lines.push_back(line);
  }
  return lines;
}

}  // namespace hark
