#include "cli/opt_out_file.h"

#include <algorithm>

#include "base/file.h"
#include "base/strings.h"
#include "coordinator/opt_outs.h"

namespace hark {
namespace {

constexpr std::string_view kBetween = " \t\r,";

// YYYY-MM-DD of a day that can be; the calendar's finer points do not matter here.
bool IsDate(std::string_view word) {
  if (word.size() != 10 || word[4] != '-' || word[7] != '-') return false;
  const auto year = ParseUint(word.substr(0, 4));
  const auto month = ParseUint(word.substr(5, 2));
  const auto day = ParseUint(word.substr(8, 2));
  return year && month && day && *month >= 1 && *month <= 12 && *day >= 1 && *day <= 31;
}

Status ParseLine(std::string_view line, std::vector<OptOutLine>* out) {
  const size_t first = out->size();
  for (line = Trim(line); !line.empty();) {
    const size_t end = std::min(line.find_first_of(kBetween), line.size());
    const std::string_view word = line.substr(0, end);
    line.remove_prefix(std::min(std::max(end, line.find_first_not_of(kBetween, end)), line.size()));
    if (IsDate(word)) {
      if (out->size() == first) return InvalidInput("a date without an entry before it");
      for (size_t i = first; i < out->size(); ++i) {
        (*out)[i].date = word;
        (*out)[i].reason = Trim(line);
      }
      return Status::Ok();
    }
    if (word.empty()) continue;
    const Status status = CheckOptOutEntry(word);
    if (!status.ok()) return status.Prepend(StrCat("'", EscapeForDisplay(word), "'"));
    out->push_back({std::string(word), "", ""});
  }
  return Status::Ok();
}

}  // namespace

Result<std::vector<OptOutLine>> ParseOptOutText(std::string_view text, const std::string& path) {
  std::vector<OptOutLine> out;
  size_t number = 0;
  for (const std::string_view line : Split(text, '\n')) {
    ++number;
    const Status status = ParseLine(line.substr(0, line.find('#')), &out);
    if (!status.ok()) return status.Prepend(StrCat(path, ":", number));
  }
  return out;
}

Result<std::vector<OptOutLine>> ReadOptOutFile(const std::string& path) {
  HARK_ASSIGN_OR_RETURN(const std::string text, ReadFile(path));
  return ParseOptOutText(text, path == "-" ? "stdin" : path);
}

}  // namespace hark
