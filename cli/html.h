#pragma once

// Pieces of HTML and SVG. Everything that ends up in a page goes through EscapeMarkup() once.

#include <string>
#include <string_view>
#include <vector>

#include "analysis/report_tables.h"

namespace hark {

std::string TableAsHtml(const Table& table);

// An SVG picture being drawn. Colours are CSS classes, so that a page can have a dark mode:
// "c0".."c5" are series, "axis" and "grid" lines, "label" text.
class Svg {
 public:
  // label: what the picture shows, for those who cannot see it.
  Svg(double width, double height, std::string_view label);

  // tip: shown when the mouse is over it.
  void Rect(double x, double y, double width, double height, std::string_view css,
            std::string_view tip);
  void Circle(double x, double y, double radius, std::string_view css, std::string_view tip);
  void Line(double x1, double y1, double x2, double y2, std::string_view css);
  // anchor: "start", "middle" or "end".
  void Text(double x, double y, std::string_view anchor, std::string_view text,
            std::string_view css = "label");

  std::string Finish() &&;

 private:
  std::string out_;
};

}  // namespace hark
