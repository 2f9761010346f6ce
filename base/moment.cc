#include "base/moment.h"

#include <chrono>
#include <optional>

#include "base/strings.h"

namespace hark {
namespace {

// Takes what a moment is made of from the front of a text; once something is wrong, it stays so.
class MomentReader {
 public:
  explicit MomentReader(std::string_view text) : rest_(text) {}

  std::optional<int64_t> Read() {
    int64_t ms = Day() * 86'400'000;
    if (rest_ == "Z") {
      OneOf("Z");
    } else if (!rest_.empty()) {
      OneOf("Tt ");
      ms += Clock();
    }
    return good_ && rest_.empty() ? std::optional<int64_t>(ms) : std::nullopt;
  }

 private:
  bool NextIs(char c) const { return !rest_.empty() && rest_[0] == c; }

  // The next character, if it is among these; else the text is wrong.
  char OneOf(std::string_view wanted) {
    good_ = good_ && !rest_.empty() && wanted.find(rest_[0]) != wanted.npos;
    if (!good_) return 0;
    const char taken = rest_[0];
    rest_.remove_prefix(1);
    return taken;
  }

  // As many digits, of a number that is not larger.
  int Digits(size_t n, int most) {
    const std::string_view digits = rest_.substr(0, n);
    const uint64_t value = ParseUint(digits).value_or(UINT64_MAX);
    good_ = good_ && digits.size() == n && value <= static_cast<uint64_t>(most);
    if (!good_) return 0;
    rest_.remove_prefix(n);
    return static_cast<int>(value);
  }

  int64_t Day() {
    const std::chrono::year year(Digits(4, 9999));
    OneOf("-");
    const std::chrono::month month(static_cast<unsigned>(Digits(2, 12)));
    OneOf("-");
    const std::chrono::day day(static_cast<unsigned>(Digits(2, 31)));
    const std::chrono::year_month_day date(year, month, day);
    good_ = good_ && date.ok();
    return good_ ? std::chrono::sys_days(date).time_since_epoch().count() : 0;
  }

  int64_t Clock() {
    int64_t ms = HoursAndMinutes();
    if (NextIs(':')) {
      OneOf(":");
      ms += Digits(2, 60) * 1000;
      if (NextIs('.')) ms += Fraction();
    }
    if (rest_.empty()) return ms;
    const char zone = OneOf("Zz+-");
    if (zone == '+') return ms - HoursAndMinutes();
    return zone == '-' ? ms + HoursAndMinutes() : ms;
  }

  int64_t HoursAndMinutes() {
    const int hours = Digits(2, 23);
    OneOf(":");
    return (hours * 60 + Digits(2, 59)) * int64_t{60'000};
  }

  int64_t Fraction() {
    OneOf(".");
    int64_t ms = 0;
    int64_t unit = 100;
    do {
      ms += unit * Digits(1, 9);
      unit /= 10;
    } while (good_ && !rest_.empty() && rest_[0] >= '0' && rest_[0] <= '9');
    return ms;
  }

  std::string_view rest_;
  bool good_ = true;
};

}  // namespace

Result<int64_t> ParseMoment(std::string_view text) {
  if (const std::optional<int64_t> ms = MomentReader(text).Read()) return *ms;
  return InvalidInput(StrCat("'", EscapeForDisplay(text),
                             "' is no date like 2018-03-16 and no time like "
                             "2018-03-16T12:00:00Z"));
}

}  // namespace hark
