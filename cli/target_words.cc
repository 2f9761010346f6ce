#include "cli/target_words.h"

#include <algorithm>
#include <filesystem>
#include <string>

#include "base/file.h"
#include "base/strings.h"

namespace hark {
namespace {

Status Wrong(std::string_view where, std::string_view word, const Status& why) {
  return why.Prepend(StrCat(where, "'", EscapeForDisplay(word), "'"));
}

Status TakeLine(std::string_view line, const std::string& where, const WordTaker& take) {
  constexpr std::string_view kBetween = " \t\r,";
  for (size_t at = line.find_first_not_of(kBetween); at != line.npos;) {
    const size_t end = std::min(line.find_first_of(kBetween, at), line.size());
    const std::string_view word = line.substr(at, end - at);
    const Status status = take(word);
    if (!status.ok()) return Wrong(where, word, status);
    at = line.find_first_not_of(kBetween, end);
  }
  return Status::Ok();
}

}  // namespace

Status TakeWords(std::string_view text, std::string_view path, const WordTaker& take) {
  size_t number = 0;
  for (const std::string_view line : Split(text, '\n')) {
    const std::string where = StrCat(path, ":", ++number, ": ");
    HARK_RETURN_IF_ERROR(TakeLine(line.substr(0, line.find('#')), where, take));
  }
  return Status::Ok();
}

Status TakeFile(std::string_view path, const WordTaker& take) {
  HARK_ASSIGN_OR_RETURN(const std::string text, ReadFile(std::string(path)));
  return TakeWords(text, path == "-" ? "stdin" : path, take);
}

Status TakeWordOrFile(std::string_view word, const WordTaker& take) {
  const Status status = take(word);
  if (status.ok() || status.code() != StatusCode::kInvalidInput) return status;
  std::error_code error;
  if (word == "-" || std::filesystem::is_regular_file(word, error)) return TakeFile(word, take);
  return Wrong("", word, status);
}

}  // namespace hark
