#include "cli/render_text.h"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <ctime>
#include <string_view>

#include "base/strings.h"

namespace hark {
namespace {

std::string Marked(bool colour, std::string_view code, const std::string& text) {
  return colour ? StrCat("\x1b[", code, "m", text, "\x1b[0m") : text;
}

std::vector<size_t> Widths(const Table& table) {
  std::vector<size_t> widths;
  widths.reserve(table.columns.size());
  for (const Column& column : table.columns) widths.push_back(DisplayWidth(column.heading));
  for (const std::vector<Cell>& row : table.rows) {
    for (size_t i = 0; i < row.size(); ++i) {
      widths[i] = std::max(widths[i], DisplayWidth(row[i].shown));
    }
  }
  return widths;
}

// One line of fields, padded; no blanks at its end.
std::string Line(const Table& table, const std::vector<size_t>& widths,
                 const std::vector<std::string>& fields) {
  std::string line;
  for (size_t i = 0; i < fields.size(); ++i) {
    const std::string pad(widths[i] - DisplayWidth(fields[i]), ' ');
    line += "  ";
    line += table.columns[i].numbers ? pad + fields[i] : fields[i] + pad;
  }
  line.erase(line.find_last_not_of(' ') + 1);
  return line;
}

std::vector<std::string> Headings(const Table& table) {
  std::vector<std::string> out;
  out.reserve(table.columns.size());
  for (const Column& column : table.columns) out.push_back(column.heading);
  return out;
}

std::vector<std::string> Shown(const std::vector<Cell>& row) {
  std::vector<std::string> out;
  out.reserve(row.size());
  for (const Cell& cell : row) out.push_back(cell.shown);
  return out;
}

std::string Rule(const std::vector<size_t>& widths) {
  std::string line;
  for (const size_t width : widths) line += "  " + std::string(width, '-');
  return line;
}

std::string MarkdownCell(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (c == '|') out += '\\';
    out += c;
  }
  // Markdown drops leading blanks, which indent parts below their whole.
  return text.substr(0, 2) == "  " ? "&emsp;" + out.substr(2) : out;
}

std::string MarkdownLine(const std::vector<std::string>& fields) {
  std::string line = "|";
  for (const std::string& field : fields) line += StrCat(" ", MarkdownCell(field), " |");
  return line + "\n";
}

}  // namespace

std::string TextStyle::Heading(const std::string& text) const {
  return Marked(colour, "1", text);
}
std::string TextStyle::Faint(const std::string& text) const {
  return Marked(colour, "2", text);
}
std::string TextStyle::Error(const std::string& text) const {
  return Marked(colour, "1;31", text);
}

TextStyle StyleOfStdout() {
  const char* term = std::getenv("TERM");          // NOLINT(concurrency-mt-unsafe): never set here
  const char* no_color = std::getenv("NO_COLOR");  // NOLINT(concurrency-mt-unsafe): never set here
  const bool wanted = no_color == nullptr || *no_color == '\0';
  const bool able = term != nullptr && std::string_view(term) != "dumb";
  return {wanted && able && isatty(STDOUT_FILENO) == 1};
}

size_t DisplayWidth(std::string_view text) {
  return static_cast<size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xc0) != 0x80;
  }));
}

std::string TableAsText(const Table& table, const TextStyle& style) {
  const std::vector<size_t> widths = Widths(table);
  std::string out = style.Heading(table.title) + "\n";
  out += Line(table, widths, Headings(table)) + "\n" + style.Faint(Rule(widths)) + "\n";
  for (const std::vector<Cell>& row : table.rows) {
    if (table.total && &row == &table.rows.back()) out += style.Faint(Rule(widths)) + "\n";
    out += Line(table, widths, Shown(row)) + "\n";
  }
  for (const std::string& note : table.notes) out += style.Faint("  " + note) + "\n";
  return out;
}

std::string TableAsMarkdown(const Table& table) {
  std::string out = StrCat("## ", table.title, "\n\n", MarkdownLine(Headings(table)), "|");
  for (const Column& column : table.columns) out += column.numbers ? "---:|" : "---|";
  out += "\n";
  for (const std::vector<Cell>& row : table.rows) out += MarkdownLine(Shown(row));
  for (const std::string& note : table.notes) out += StrCat("\n*", note, "*\n");
  return out;
}

std::string TableAsCsv(const Table& table) {
  std::string out;
  for (const std::vector<Cell>& row : table.rows) {
    for (size_t i = 1; i < row.size(); ++i) {
      out += StrCat(table.name, ",", CsvField(std::string(Trim(row[0].plain))), ",",
                    CsvField(table.columns[i].heading), ",", CsvField(row[i].plain), "\n");
    }
  }
  return out;
}

std::string CsvField(const std::string& text) {
  if (text.find_first_of(",\"\r\n") == text.npos) return text;
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"') out += '"';
    out += c;
  }
  return out + "\"";
}

std::string FormatUtc(int64_t unix_ms) {
  if (unix_ms == 0) return "";
  const time_t seconds = static_cast<time_t>(unix_ms / 1000);
  tm parts{};
  if (gmtime_r(&seconds, &parts) == nullptr) return "";
  char buffer[32];
  const size_t n = std::strftime(buffer, sizeof buffer, "%Y-%m-%dT%H:%M:%SZ", &parts);
  return std::string(buffer, n);
}

}  // namespace hark
