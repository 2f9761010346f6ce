#pragma once

// What a running import says about itself, once a second.

#include <string>

#include "base/time.h"
#include "exchange/import_driver.h"

namespace hark {

class ImportProgressLine {
 public:
  // On a terminal the line is rewritten in place every second; elsewhere a line every ten.
  ImportProgressLine(bool terminal, std::string source, MonoTime now);

  // The text to write to stderr now, "" if it is not time. rejected: of all records.
  std::string Update(const ImportStanding& standing, uint64_t rejected, MonoTime now);
  // What ends the last line.
  std::string End() const { return terminal_ && shown_ ? "\n" : ""; }

 private:
  const bool terminal_;
  const std::string source_;
  const MonoTime started_;
  MonoTime last_;
  uint64_t first_bytes_ = 0;  // read when it began: where it went on from
  uint64_t last_records_ = 0, last_bytes_ = 0;
  bool shown_ = false;
  bool begun_ = false;
};

}  // namespace hark
