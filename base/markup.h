#pragma once

// Texts and numbers inside other languages: what HTML, XML and SVG pages and DOT files need.

#include <string>
#include <string_view>

namespace hark {

// "12.5": one decimal, always. Tenths of a pixel are finer than anybody sees and keep pictures
// small.
std::string FormatTenths(double value);

// Text as character data or attribute value of HTML and XML; bytes XML cannot hold stay.
std::string EscapeMarkup(std::string_view text);

// Text as a quoted string of the DOT language. Graphviz expands backslashes in labels, so they are
// doubled and a peer's text stays what it is.
std::string QuoteForDot(std::string_view text);

}  // namespace hark
