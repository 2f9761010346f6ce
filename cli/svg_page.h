#pragma once

// What our pictures that are files of their own begin and end with, and how numbers are written in
// them. Everything a stranger or an operator named goes through Html() (html.h).

#include <string>
#include <string_view>

namespace hark {

// A whole SVG file around `body`, on white, with `style` as its CSS.
std::string SvgPage(double width, double height, std::string_view title, std::string_view style,
                    std::string_view body);

// Tenths of a pixel: "12.5".
std::string SvgNumber(double value);

// Text as a double-quoted string of DOT.
std::string DotString(std::string_view text);

}  // namespace hark
