#include "cli/html.h"

#include "base/markup.h"
#include "base/strings.h"

namespace hark {
namespace {

std::string Attribute(std::string_view name, double value) {
  return StrCat(" ", name, "=\"", FormatTenths(value), "\"");
}

std::string Shape(std::string_view attributes, std::string_view element, std::string_view css,
                  std::string_view tip) {
  return StrCat("<", element, attributes, " class=\"", css, "\"><title>", EscapeMarkup(tip),
                "</title></", element, ">\n");
}

}  // namespace

std::string TableAsHtml(const Table& table) {
  std::string out = "<div class=\"scroll\"><table>\n<thead><tr>";
  for (const Column& column : table.columns) {
    out +=
        StrCat(column.numbers ? "<th class=\"n\">" : "<th>", EscapeMarkup(column.heading), "</th>");
  }
  out += "</tr></thead>\n<tbody>\n";
  for (const std::vector<Cell>& row : table.rows) {
    const bool total = table.total && &row == &table.rows.back();
    out += total ? "<tr class=\"total\">" : "<tr>";
    for (size_t i = 0; i < row.size(); ++i) {
      const bool part = row[i].shown.substr(0, 2) == "  ";  // indented below its whole
      const std::string_view css = table.columns[i].numbers ? " class=\"n\""
                                   : part                   ? " class=\"part\""
                                                            : "";
      out += StrCat("<td", css, ">", EscapeMarkup(Trim(row[i].shown)), "</td>");
    }
    out += "</tr>\n";
  }
  out += "</tbody></table></div>\n";
  for (const std::string& note : table.notes)
    out += StrCat("<p class=\"note\">", EscapeMarkup(note), "</p>\n");
  return out;
}

Svg::Svg(double width, double height, std::string_view label)
    : out_(StrCat("<svg viewBox=\"0 0 ", FormatTenths(width), " ", FormatTenths(height),
                  "\" role=\"img\" aria-label=\"", EscapeMarkup(label), "\">\n")) {}

void Svg::Rect(double x, double y, double width, double height, std::string_view css,
               std::string_view tip) {
  out_ += Shape(StrCat(Attribute("x", x), Attribute("y", y), Attribute("width", width),
                       Attribute("height", height)),
                "rect", css, tip);
}

void Svg::Circle(double x, double y, double radius, std::string_view css, std::string_view tip) {
  out_ += Shape(StrCat(Attribute("cx", x), Attribute("cy", y), Attribute("r", radius)), "circle",
                css, tip);
}

void Svg::Line(double x1, double y1, double x2, double y2, std::string_view css) {
  out_ += StrCat("<line", Attribute("x1", x1), Attribute("y1", y1), Attribute("x2", x2),
                 Attribute("y2", y2), " class=\"", css, "\"/>\n");
}

void Svg::Text(double x, double y, std::string_view anchor, std::string_view text,
               std::string_view css) {
  out_ += StrCat("<text", Attribute("x", x), Attribute("y", y), " text-anchor=\"", anchor,
                 "\" class=\"", css, "\">", EscapeMarkup(text), "</text>\n");
}

std::string Svg::Finish() && {
  return std::move(out_) + "</svg>\n";
}

}  // namespace hark
