#include "coordinator/run_settings.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "base/strings.h"

namespace hark {
namespace {

constexpr int64_t kMinuteMillis = 60'000;
constexpr uint32_t kDayMinutes = 24 * 60;
constexpr uint32_t kWeekMinutes = 7 * kDayMinutes;
constexpr uint32_t kEveryDay = 0x7f;
constexpr std::array<std::string_view, 7> kDays = {"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"};
constexpr size_t kMaxSelector = 128;
constexpr size_t kMaxShareText = 32;

// Iterative, so that a selector of many stars costs length times length and no more.
bool Matches(std::string_view glob, std::string_view text) {
  size_t g = 0, t = 0, after_star = std::string_view::npos, resume = 0;
  while (t < text.size()) {
    if (g < glob.size() && glob[g] == '*') {
      after_star = ++g;
      resume = t;
    } else if (g < glob.size() && (glob[g] == '?' || AsciiLower(glob[g]) == AsciiLower(text[t]))) {
      ++g;
      ++t;
    } else if (after_star != std::string_view::npos) {
      g = after_star;
      t = ++resume;
    } else {
      return false;
    }
  }
  return std::all_of(glob.begin() + static_cast<ptrdiff_t>(g), glob.end(),
                     [](char c) { return c == '*'; });
}

// The part of the worker that the selector's word names; nullopt: it names none.
std::optional<std::string_view> Named(std::string_view word, const WorkerIdentity& worker) {
  if (word == "name") return worker.name;
  if (word == "region") return worker.region;
  if (word == "provider") return worker.provider;
  return std::nullopt;
}

bool Selects(std::string_view selector, const WorkerIdentity& worker) {
  const size_t equals = selector.find('=');
  if (equals == std::string_view::npos) return false;
  const auto named = Named(selector.substr(0, equals), worker);
  return named && Matches(selector.substr(equals + 1), *named);
}

std::optional<uint32_t> DayOf(std::string_view word) {
  for (uint32_t i = 0; i < kDays.size(); ++i) {
    if (EqualsIgnoreCase(word, kDays[i])) return i;
  }
  return std::nullopt;
}

// "Mon", "Mon-Fri" or "Sat,Sun", to a set of days; nullopt: no days.
std::optional<uint32_t> DaysOf(std::string_view text) {
  uint32_t days = 0;
  for (const std::string_view piece : Split(text, ',')) {
    const size_t dash = piece.find('-');
    const auto first = DayOf(piece.substr(0, dash));
    const auto last = dash == std::string_view::npos ? first : DayOf(piece.substr(dash + 1));
    if (!first || !last) return std::nullopt;
    for (uint32_t day = *first;; day = (day + 1) % 7) {
      days |= 1U << day;
      if (day == *last) break;
    }
  }
  return days;
}

std::optional<uint32_t> MinuteOf(std::string_view text) {
  const size_t colon = text.find(':');
  if (colon == std::string_view::npos || text.size() - colon != 3) return std::nullopt;
  const auto hour = ParseUint(text.substr(0, colon));
  const auto minute = ParseUint(text.substr(colon + 1));
  if (!hour || !minute || *minute > 59 || *hour > 24 || (*hour == 24 && *minute > 0)) {
    return std::nullopt;
  }
  return static_cast<uint32_t>(*hour * 60 + *minute) % kDayMinutes;
}

Status BadWindow(std::string_view text) {
  return InvalidInput(StrCat("'", text,
                             "' is no window: say days, hours or both in UTC, like "
                             "'Mon-Fri 22:00-06:00', 'Sat,Sun' or '08:00-18:00'"));
}

// 1 January 1970 was a Thursday.
uint32_t MinuteOfWeek(int64_t unix_ms) {
  const int64_t minutes = unix_ms / kMinuteMillis + 3 * int64_t{kDayMinutes};
  const int64_t rest = minutes % kWeekMinutes;
  return static_cast<uint32_t>(rest < 0 ? rest + kWeekMinutes : rest);
}

// Minutes from `minute` of the week on until the window's stretch that begins on `day` is over;
// 0: it is not within it.
uint32_t LeftOf(const proto::Window& window, uint32_t day, uint32_t minute) {
  const uint32_t from = window.from_minute() % kDayMinutes, to = window.to_minute() % kDayMinutes;
  const uint32_t length = to > from ? to - from : kDayMinutes - from + to;
  const uint32_t begin = day * kDayMinutes + from;
  const uint32_t into = (minute + kWeekMinutes - begin) % kWeekMinutes;
  return into < length ? length - into : 0;
}

// The longest that any window stays open from this minute of the week on; 0: all are closed.
uint32_t OpenMinutes(const proto::RunSettings& settings, uint32_t minute) {
  uint32_t most = 0;
  for (const proto::Window& window : settings.windows()) {
    for (uint32_t day = 0; day < 7; ++day) {
      if ((window.weekdays() >> day & 1) != 0) most = std::max(most, LeftOf(window, day, minute));
    }
  }
  return most;
}

Duration UntilMinute(uint32_t minutes, int64_t unix_ms) {
  const int64_t into_minute = ((unix_ms % kMinuteMillis) + kMinuteMillis) % kMinuteMillis;
  return std::chrono::milliseconds(minutes * kMinuteMillis - into_minute);
}

}  // namespace

bool MayWorkOn(const proto::RunSettings& settings, const WorkerIdentity& worker) {
  const auto selects = [&](const std::string& selector) { return Selects(selector, worker); };
  if (std::any_of(settings.except().begin(), settings.except().end(), selects)) return false;
  return settings.only().empty() ||
         std::any_of(settings.only().begin(), settings.only().end(), selects);
}

Status CheckSelector(std::string_view selector) {
  const size_t equals = selector.find('=');
  if (equals == std::string_view::npos || equals + 1 == selector.size() ||
      selector.size() > kMaxSelector || !Named(selector.substr(0, equals), {})) {
    return InvalidInput(StrCat("'", EscapeForDisplay(selector.substr(0, kMaxSelector)),
                               "' selects no workers: say name=GLOB, region=GLOB or "
                               "provider=GLOB, like region=eu-*"));
  }
  return Status::Ok();
}

Result<proto::Window> ParseWindow(std::string_view text) {
  proto::Window window;
  window.set_weekdays(kEveryDay);
  std::string_view rest = Trim(text);
  const size_t blank = rest.find(' ');
  const std::string_view first = rest.substr(0, blank);
  if (const auto days = DaysOf(first)) {
    window.set_weekdays(*days);
    if (blank == std::string_view::npos) return window;
    rest = Trim(rest.substr(blank));
  }
  const size_t dash = rest.find('-');
  if (dash == std::string_view::npos) return BadWindow(text);
  const auto from = MinuteOf(rest.substr(0, dash)), to = MinuteOf(rest.substr(dash + 1));
  if (!from || !to) return BadWindow(text);
  window.set_from_minute(*from);
  window.set_to_minute(*to);
  return window;
}

std::string WindowText(const proto::Window& window) {
  std::string text;
  for (uint32_t day = 0; day < 7; ++day) {
    if ((window.weekdays() >> day & 1) == 0) continue;
    if (!text.empty()) text += ',';
    text += kDays[day];
  }
  if ((window.weekdays() & kEveryDay) == kEveryDay) text = "every day";
  if (window.from_minute() == window.to_minute()) return text;
  const auto clock = [](uint32_t minute) {
    const auto two = [](uint32_t n) { return (n < 10 ? "0" : "") + std::to_string(n); };
    return two(minute / 60) + ":" + two(minute % 60);
  };
  return StrCat(text, " ", clock(window.from_minute()), "-", clock(window.to_minute()), " UTC");
}

std::optional<Duration> OpenFor(const proto::RunSettings& settings, int64_t unix_ms) {
  const uint32_t minutes = OpenMinutes(settings, MinuteOfWeek(unix_ms));
  if (minutes == 0) return std::nullopt;
  return UntilMinute(minutes, unix_ms);
}

std::optional<Duration> ClosedFor(const proto::RunSettings& settings, int64_t unix_ms) {
  if (settings.windows().empty()) return std::nullopt;
  const uint32_t now = MinuteOfWeek(unix_ms);
  for (uint32_t minutes = 0; minutes < kWeekMinutes; ++minutes) {
    if (OpenMinutes(settings, (now + minutes) % kWeekMinutes) == 0) continue;
    if (minutes == 0) return std::nullopt;
    return UntilMinute(minutes, unix_ms);
  }
  return std::chrono::hours(24 * 7);
}

Result<double> ParseShare(std::string_view text) {
  std::string_view number = Trim(text);
  const bool percent = !number.empty() && number.back() == '%';
  if (percent) number = Trim(number.substr(0, number.size() - 1));
  double value = -1;
  const bool plain = number.find_first_not_of("0123456789.") == std::string_view::npos;
  const auto read = std::from_chars(number.data(), number.data() + number.size(), value);
  const bool whole = read.ec == std::errc() && read.ptr == number.data() + number.size();
  if (percent) value /= 100;
  if (plain && whole && value >= 0 && value <= 1) return value;
  return InvalidInput(StrCat("'", EscapeForDisplay(text.substr(0, kMaxShareText)),
                             "' is no share: say a percentage like 0.5% or a fraction like 0.005, "
                             "at most 100%"));
}

}  // namespace hark
