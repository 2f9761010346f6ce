#include "coordinator/targets.h"

#include <vector>

#include "base/address.h"
#include "base/file.h"
#include "base/strings.h"

namespace hark {
namespace {

// Does it look like an address at all, so that its error is about an address and not a file?
bool LooksLikeAddress(std::string_view text) {
  if (Address::Parse(text.substr(0, text.find('/')))) return true;  // IPv6 may begin with a letter
  return !text.empty() &&
         text.find_first_not_of("0123456789./-: abcdefABCDEF") == std::string_view::npos &&
         text.find_first_of(".:") != std::string_view::npos &&
         (text.front() >= '0' && text.front() <= '9');
}

}  // namespace

Result<RangeSet> ParseTargetList(std::string_view text, const std::string& path) {
  std::vector<Range> ranges;
  size_t line_number = 0;
  for (std::string_view line : Split(text, '\n')) {
    ++line_number;
    line = Trim(line.substr(0, line.find('#')));
    while (!line.empty()) {
      const size_t end = std::min(line.find_first_of(" \t,"), line.size());
      const std::string_view piece = line.substr(0, end);
      line = Trim(line.substr(std::min(end + 1, line.size())));
      if (piece.empty()) continue;
      const Result<Range> range = ParseRange(piece);
      if (!range.ok()) {
        return InvalidInput(StrCat(path, ":", line_number, ": '", EscapeForDisplay(piece),
                                   "': ", range.status().message()));
      }
      ranges.push_back(*range);
    }
  }
  return RangeSet(std::move(ranges));
}

Result<RangeSet> ReadTargets(std::string_view spec) {
  RangeSet all;
  for (const std::string_view piece : Split(spec, ',')) {
    const std::string_view text = Trim(piece);
    if (text.empty()) continue;
    const Result<Range> range = ParseRange(text);
    if (range.ok()) {
      all = all.Union(RangeSet({*range}));
      continue;
    }
    if (LooksLikeAddress(text)) {
      return InvalidInput(StrCat("'", EscapeForDisplay(text), "': ", range.status().message()));
    }
    const std::string path(text);
    HARK_ASSIGN_OR_RETURN(const std::string content, ReadFile(path));
    HARK_ASSIGN_OR_RETURN(const RangeSet from_file,
                          ParseTargetList(content, path == "-" ? "stdin" : path));
    all = all.Union(from_file);
  }
  return all;
}

}  // namespace hark
