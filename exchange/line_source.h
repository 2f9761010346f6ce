#pragma once

// The records of a source one after another: lines, or JSON objects however they are laid out.
// Holds one buffer; records longer than kMaxRecord are reported and skipped, never held.
//
// Threads: one.

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "exchange/byte_source.h"

namespace hark {

// What one record may take: a zgrab2 line with long chains on several ports is some hundred KiB.
inline constexpr size_t kMaxRecord = size_t{16} << 20;
// So many readable bytes lie behind every record's text, as simdjson wants them.
inline constexpr size_t kRecordPadding = 64;

struct SourceRecord {
  // Without its line end (LF or CR LF); bytes as they are, whether UTF-8 or not. Valid until the
  // next call. Of one that is too long: its beginning, at least kMaxRejectedText bytes.
  std::string_view text;
  uint64_t line = 0;       // where it begins, from 1
  uint64_t next_line = 0;  // a place to go on from, and
  uint64_t next_byte = 0;  // its unpacked byte
  bool too_long = false;
};

class RecordSource {
 public:
  virtual ~RecordSource() = default;
  // False at the end. An error is the source's: damaged packed bytes, a failing disk.
  virtual Result<bool> Next(SourceRecord* record) = 0;
  // Before the first Next: goes on from a place that a record named as its next.
  virtual Status GoOn(uint64_t line, uint64_t byte) = 0;
};

// Lines. Empty ones are given, too; the last one needs no line end.
class LineSource : public RecordSource {
 public:
  explicit LineSource(ByteSource& bytes, size_t max_record = kMaxRecord);

  Result<bool> Next(SourceRecord* record) override;
  Status GoOn(uint64_t line, uint64_t byte) override;

  // The first lines, for guessing: at most `most` of them, as far as they lie in the first piece.
  // Before the first Next, which gives them again. Valid until then.
  Result<std::vector<std::string_view>> Peek(size_t most);

 private:
  Result<bool> Fill();
  Result<bool> SkipRest(SourceRecord* record);

  ByteSource& bytes_;
  const size_t max_record_;
  std::string buffer_;  // kRecordPadding more than what is held
  size_t at_ = 0;       // the next line begins here
  size_t held_ = 0;     // bytes in the buffer
  bool ended_ = false;
  uint64_t line_ = 1;
  uint64_t byte_ = 0;  // of buffer_[at_]
};

}  // namespace hark
