#pragma once

// `hark run status --watch`: the same text again and again, once a second. Pure but for
// ScreenOfStdout.

#include <string>

#include "base/time.h"
#include "cli/render_text.h"
#include "proto/control.pb.h"

namespace hark {

inline constexpr Duration kStatusEvery = std::chrono::seconds(1);

// What a frame may fill. 0 rows = no terminal: frames follow one another, an empty line between.
struct Screen {
  size_t rows = 0;
  size_t columns = 0;
};

// Now: the operator may have changed its size.
Screen ScreenOfStdout();

// On a terminal the frame overwrites the one before from the top left corner, without clearing the
// screen first, so that it does not flicker; what does not fit is cut, and lines that do not are
// counted. The cursor ends below it.
std::string StatusFrame(const proto::FleetStatus& status, const TextStyle& style,
                        const Screen& screen);

// Any text as a frame.
std::string FrameOf(const std::string& text, const Screen& screen);

// line, with at most so many columns; marks of TextStyle take none, and all of them stay, so that
// a colour ends where it is cut.
std::string CutToColumns(const std::string& line, size_t columns);

}  // namespace hark
