#include <algorithm>
#include <charconv>
#include <cmath>
#include <memory>

#include "base/strings.h"
#include "cli/flags.h"

namespace hark {

FlagValue Text(std::string* target, std::string placeholder) {
  return {std::move(placeholder), *target, [=](std::string_view text) {
            *target = std::string(text);
            return Status::Ok();
          }};
}

FlagValue Switch(bool* target) {
  return {"", *target ? "on" : "", [=](std::string_view text) {
            if (text != "true" && text != "false")
              return InvalidInput("is a switch: true or false");
            *target = text == "true";
            return Status::Ok();
          }};
}

FlagValue Decimal(double* target, double min, double max, std::string placeholder) {
  const auto print = [](double value) {
    char buffer[32];
    const auto end = std::to_chars(buffer, buffer + sizeof buffer, value).ptr;
    return std::string(buffer, end);
  };
  return {std::move(placeholder), print(*target), [=](std::string_view text) {
            double value = 0;
            const char* end = text.data() + text.size();
            const auto [stop, error] = std::from_chars(text.data(), end, value);
            // from_chars also reads "inf" and "nan"; neither compares inside a range.
            if (error != std::errc() || stop != end || !(value >= min && value <= max)) {
              return InvalidInput(StrCat("'", EscapeForDisplay(text), "' is not a number between ",
                                         print(min), " and ", print(max)));
            }
            *target = value;
            return Status::Ok();
          }};
}

FlagValue Choice(std::string* target, std::vector<std::string> words) {
  std::string placeholder = Join(words, "|");
  return {std::move(placeholder), *target,
          [target, words = std::move(words)](std::string_view text) {
            if (std::find(words.begin(), words.end(), text) == words.end()) {
              return InvalidInput(
                  StrCat("'", EscapeForDisplay(text), "' is none of ", Join(words, ", ")));
            }
            *target = std::string(text);
            return Status::Ok();
          }};
}

FlagValue List(std::vector<std::string>* target, std::string placeholder) {
  const auto first = std::make_shared<bool>(true);
  return {std::move(placeholder), Join(*target, ","), [=](std::string_view text) {
            if (std::exchange(*first, false)) target->clear();
            for (const std::string_view piece : Split(text, ',')) {
              if (Trim(piece).empty()) return InvalidInput("has an empty entry");
              target->emplace_back(Trim(piece));
            }
            return Status::Ok();
          }};
}

namespace internal {

Result<uint64_t> ParseFlagNumber(std::string_view text, uint64_t min, uint64_t max) {
  const std::optional<uint64_t> n = ParseUint(text);
  const bool digits = !text.empty() && text.find_first_not_of("0123456789") == text.npos;
  if (!n && !digits) {
    return InvalidInput(StrCat("'", EscapeForDisplay(text), "' is not a whole number"));
  }
  if (!n || *n < min || *n > max) {
    return InvalidInput(StrCat(text, " is not between ", min, " and ", max));
  }
  return *n;
}

FlagValue NumberListValue(const std::function<void()>& clear,
                          const std::function<void(uint64_t)>& add, uint64_t min, uint64_t max,
                          const std::string& placeholder, const std::string& default_text) {
  const auto first = std::make_shared<bool>(true);
  return {placeholder, default_text, [=](std::string_view text) -> Status {
            if (std::exchange(*first, false)) clear();
            for (const std::string_view piece : Split(text, ',')) {
              HARK_ASSIGN_OR_RETURN(const uint64_t n, ParseFlagNumber(Trim(piece), min, max));
              add(n);
            }
            return Status::Ok();
          }};
}

std::string JoinNumbers(const std::vector<uint64_t>& numbers) {
  std::vector<std::string> pieces;
  pieces.reserve(numbers.size());
  for (const uint64_t n : numbers) pieces.push_back(std::to_string(n));
  return Join(pieces, ",");
}

}  // namespace internal
}  // namespace hark
