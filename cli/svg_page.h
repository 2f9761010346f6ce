#pragma once

// What our pictures that are files of their own begin and end with. Everything a stranger or an
// operator named goes through EscapeMarkup().

#include <string>
#include <string_view>

namespace hark {

// A whole SVG file around `body`, on white, with `style` as its CSS.
std::string SvgPage(double width, double height, std::string_view title, std::string_view style,
                    std::string_view body);

}  // namespace hark
