#include "cli/status_watch.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include "base/strings.h"
#include "cli/status_text.h"

namespace hark {
namespace {

// ECMA-48: cursor to the first cell, erase to the end of the line, erase to the end of the screen.
constexpr char kHome[] = "\x1b[H";
constexpr char kClearLine[] = "\x1b[K";
constexpr char kClearBelow[] = "\x1b[J";

}  // namespace

Screen ScreenOfStdout() {
  winsize size{};
  if (isatty(STDOUT_FILENO) != 1 || ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0) return {};
  // A serial line knows no size.
  if (size.ws_row == 0 || size.ws_col == 0) return {24, 80};
  return {size.ws_row, size.ws_col};
}

std::string CutToColumns(const std::string& line, size_t columns) {
  std::string out;
  size_t width = 0;
  for (size_t i = 0; i < line.size(); ++i) {
    if (line[i] == '\x1b') {
      const size_t end = std::min(line.find('m', i), line.size() - 1);
      out += line.substr(i, end + 1 - i);
      i = end;
      continue;
    }
    const bool begins = (static_cast<unsigned char>(line[i]) & 0xc0) != 0x80;
    width += begins ? 1 : 0;
    if (width <= columns) out += line[i];
  }
  return out;
}

std::string FrameOf(const std::string& text, const Screen& screen) {
  if (screen.rows == 0) return text + "\n";
  std::vector<std::string_view> lines = Split(text, '\n');
  while (!lines.empty() && lines.back().empty()) lines.pop_back();
  // The last row is the cursor's: a line break there would scroll the first one away.
  const size_t room = std::max<size_t>(screen.rows, 3) - 1;
  std::string more;
  if (lines.size() > room) {
    more = StrCat("… and ", lines.size() - room + 1, " more lines");
    lines.resize(room - 1);
  }
  std::string out = kHome;
  for (const std::string_view line : lines) {
    out += CutToColumns(std::string(line), screen.columns) + kClearLine + "\n";
  }
  if (!more.empty()) out += CutToColumns(more, screen.columns) + kClearLine + "\n";
  return out + kClearBelow;
}

std::string StatusFrame(const proto::FleetStatus& status, const TextStyle& style,
                        const Screen& screen) {
  return FrameOf(StatusText(status, style), screen);
}

}  // namespace hark
