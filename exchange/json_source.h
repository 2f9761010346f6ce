#pragma once

// JSON objects one after another, however they are laid out: one a line, pretty-printed over many,
// with commas between them, in an array. Nothing is parsed but strings and brackets, so a broken
// object is given as it is and its reader refuses it; the next one begins where a line begins with
// a brace that cannot be the broken one's.
//
// Threads: one.

#include "exchange/line_source.h"

namespace hark {

class JsonSource : public RecordSource {
 public:
  explicit JsonSource(ByteSource& bytes, size_t max_record = kMaxRecord);

  Result<bool> Next(SourceRecord* record) override;
  Status GoOn(uint64_t line, uint64_t byte) override {
    line_.next_byte = byte;
    return lines_.GoOn(line, byte);
  }

 private:
  struct Scan {
    int depth = 0;
    bool in_string = false;
    bool escaped = false;
    char last = 0;  // the last character that is no blank, outside of strings
  };
  void Walk(std::string_view line, Scan* scan, size_t* end) const;
  Result<bool> NextLine();
  bool BeginsAnother(const Scan& scan, std::string_view line) const;
  Result<bool> Collect(SourceRecord* record);
  void Add(std::string_view piece, SourceRecord* record);
  void Give(SourceRecord* record);

  LineSource lines_;
  const size_t max_record_;
  std::string text_;        // of the object so far
  std::string given_;       // the last object given, with padding
  SourceRecord line_;       // the line that rest_ is of
  std::string_view rest_;   // of the line that is not used yet
  uint64_t line_from_ = 0;  // its first byte
  bool has_line_ = false;
  bool compact_ = false;     // the object began with more than a brace on its line
  bool flush_left_ = false;  // its members are not indented
};

}  // namespace hark
