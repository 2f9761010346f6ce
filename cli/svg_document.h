#pragma once

// A plot of the report as a document of its own: what html.h's Svg makes for a page, with the
// colours that a page would give it.

#include <string>
#include <string_view>

namespace hark {

// svg: one element as Svg::Finish gives it. Light colours, white ground: for papers.
std::string SvgDocument(std::string_view svg);

}  // namespace hark
