#pragma once

// Text geo data a line at a time, whatever its size: plain or compressed with gzip (RFC 1952, also
// of several members), from a file or out of a zip. Holds one piece and one line.

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "coordinator/geo_file.h"

namespace hark {

class GeoLines {
 public:
  // The longest line of real data is an AS name of some hundred bytes.
  static constexpr size_t kMaxLine = 16 << 10;
  // Unpacked: four times GeoLite2 City, the largest text known. A gzip bomb ends here.
  static constexpr uint64_t kMaxText = uint64_t{1} << 30;

  // path: for messages.
  GeoLines(GeoBytes bytes, std::string path);
  ~GeoLines();
  GeoLines(GeoLines&&) noexcept;
  GeoLines& operator=(GeoLines&&) = delete;

  // The next line, without its end and outer blanks; false when there is none. Valid until the next
  // call. kInvalidInput for what is no text, a damaged gzip, or a limit.
  Result<bool> Next(std::string_view* line);
  // As Next, but leaves out empty lines and those beginning with '#'.
  Result<bool> NextFull(std::string_view* line);

  const std::string& path() const { return path_; }
  uint64_t number() const { return number_; }  // of the line Next gave, from 1
  // kInvalidInput: "path:line: message".
  Status Wrong(std::string_view message) const;

 private:
  class Unpacker;

  Result<bool> Fill();

  GeoBytes bytes_;
  std::string path_;
  std::unique_ptr<Unpacker> unpacker_;  // null before the first piece, and for plain text
  bool started_ = false;
  bool ended_ = false;
  std::string buffer_;
  size_t at_ = 0;
  uint64_t total_ = 0;
  uint64_t number_ = 0;
};

// The fields of a line of CSV (RFC 4180, one line a row) or TSV. `unquoted` keeps those that the
// line itself does not hold as they are meant; false: a quote is not closed.
bool SplitFields(std::string_view line, char separator, std::vector<std::string_view>* fields,
                 std::vector<std::string>* unquoted);

}  // namespace hark
