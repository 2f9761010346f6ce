#include "exchange/json_source.h"

#include <algorithm>

#include "base/strings.h"

namespace hark {

JsonSource::JsonSource(ByteSource& bytes, size_t max_record)
    : lines_(bytes, max_record), max_record_(max_record) {}

// Goes on over a line; *end: behind the brace that closes the object, npos if none does.
void JsonSource::Walk(std::string_view line, Scan* scan, size_t* end) const {
  *end = line.npos;
  scan->in_string = scan->escaped = false;  // no string goes over a line's end
  for (size_t i = 0; i < line.size(); ++i) {
    const char c = line[i];
    if (scan->in_string) {
      if (scan->escaped) {
        scan->escaped = false;
      } else if (c == '\\') {
        scan->escaped = true;
      } else if (c == '"') {
        scan->in_string = false;
      }
      continue;
    }
    if (c == ' ' || c == '\t' || c == '\r') continue;
    scan->last = c;
    if (c == '"') scan->in_string = true;
    if (c == '{') ++scan->depth;
    if (c == '}' && --scan->depth == 0) {
      *end = i + 1;
      return;
    }
  }
}

// Objects inside of an object are indented, or come after a comma, a bracket or a colon.
bool JsonSource::BeginsAnother(const Scan& scan, std::string_view line) const {
  if (!line.starts_with('{')) return false;
  const bool inside = scan.last == ',' || scan.last == '[' || scan.last == ':';
  return compact_ || !flush_left_ || !inside;
}

Result<bool> JsonSource::NextLine() {
  const uint64_t from = line_.next_byte;
  SourceRecord line;
  HARK_ASSIGN_OR_RETURN(has_line_, lines_.Next(&line));
  rest_ = {};
  if (!has_line_) return false;
  line_ = line;
  line_from_ = from;
  rest_ = line_.text;
  return true;
}

void JsonSource::Add(std::string_view piece, SourceRecord* record) {
  const size_t room = max_record_ - std::min(max_record_, text_.size());
  record->too_long = record->too_long || line_.too_long || piece.size() > room;
  text_ += piece.substr(0, room);
}

void JsonSource::Give(SourceRecord* record) {
  const size_t length = text_.size();
  text_.resize(length + kRecordPadding);
  std::swap(text_, given_);
  record->text = std::string_view(given_).substr(0, length);
}

// From the brace that rest_ begins with to the one that closes it. True: it was found on line_.
Result<bool> JsonSource::Collect(SourceRecord* record) {
  Scan scan;
  for (;;) {
    size_t end = 0;
    Walk(rest_, &scan, &end);
    Add(rest_.substr(0, end), record);
    if (end != rest_.npos) {
      rest_.remove_prefix(end);
      return true;
    }
    Add("\n", record);
    HARK_ASSIGN_OR_RETURN(const bool more, NextLine());
    if (!more || BeginsAnother(scan, rest_)) return false;
    flush_left_ = flush_left_ || rest_.starts_with('"');
  }
}

Result<bool> JsonSource::Next(SourceRecord* record) {
  *record = {};
  // What stands between objects is of no interest.
  size_t brace = rest_.find('{');
  while (brace == rest_.npos) {
    HARK_ASSIGN_OR_RETURN(const bool more, NextLine());
    if (!more) return false;
    brace = rest_.find('{');
  }
  rest_.remove_prefix(brace);
  record->line = line_.line;
  compact_ = Trim(rest_).size() > 1;
  flush_left_ = false;
  text_.clear();
  HARK_ASSIGN_OR_RETURN(const bool closed, Collect(record));
  // More objects on this line, or the line that broke the object off: it is gone on from there.
  const bool on_this_line = closed ? rest_.find('{') != rest_.npos : has_line_;
  const uint64_t used = line_.text.size() - rest_.size();
  record->next_line = on_this_line ? line_.line : line_.next_line;
  record->next_byte = on_this_line ? line_from_ + used : line_.next_byte;
  Give(record);
  return true;
}

}  // namespace hark
