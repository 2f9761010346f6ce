#include "cli/report_latex.h"

#include "base/strings.h"

namespace hark {
namespace {

// What TeX reads as something else than itself, in OT1 as well (where < and > are ¡ and ¿).
std::string_view Escaped(char c) {
  switch (c) {  // a byte, not an enum
    case '\\':
      return "\\textbackslash{}";
    case '~':
      return "\\textasciitilde{}";
    case '^':
      return "\\textasciicircum{}";
    case '<':
      return "\\textless{}";
    case '>':
      return "\\textgreater{}";
    case '|':
      return "\\textbar{}";
    case '"':
      return "\\textquotedbl{}";
    case '`':
      return "\\textasciigrave{}";
    case '{':
      return "\\{";
    case '}':
      return "\\}";
    case '$':
      return "\\$";
    case '&':
      return "\\&";
    case '#':
      return "\\#";
    case '%':
      return "\\%";
    case '_':
      return "\\_";
    default:
      return "";
  }
}

// The few characters beyond ASCII that our own tables use.
struct Replacement {
  std::string_view from, to;
};
constexpr Replacement kBeyondAscii[] = {
    {"…", "\\ldots{}"}, {"–", "--"}, {"Σ", "$\\Sigma$"}, {"²", "$^2$"}, {"≥", "$\\geq$"}};

// "  mixed": a part below its whole.
std::string CellText(const std::string& shown) {
  const bool part = shown.substr(0, 2) == "  ";
  return (part ? "\\quad " : "") + Latex(Trim(shown));
}

std::string Row(const std::vector<std::string>& fields) {
  // Braces, because a row beginning with '[' would be the length of the line break before it.
  return "{}" + Join(fields, " & ") + " \\\\\n";
}

}  // namespace

std::string Latex(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size();) {
    bool replaced = false;
    for (const Replacement& replacement : kBeyondAscii) {
      if (text.substr(i, replacement.from.size()) != replacement.from) continue;
      out += replacement.to;
      i += replacement.from.size();
      replaced = true;
      break;
    }
    if (replaced) continue;
    const char c = text[i++];
    const std::string_view escaped = Escaped(c);
    const bool control = static_cast<unsigned char>(c) < ' ' || c == '\x7f';
    if (!escaped.empty()) {
      out += escaped;
    } else if (c == '-' && !out.empty() && out.back() == '-') {
      out += "{}-";  // "--" would be a dash
    } else {
      out += control ? ' ' : c;
    }
  }
  return out;
}

std::string TableAsLatex(const Table& table) {
  std::string out = "\\begin{table}[htbp]\n\\centering\n";
  out += StrCat("\\caption{", Latex(table.title), "}\n\\label{hark:", table.name,
                "}\n\\begin{tabular}{");
  std::vector<std::string> fields;
  for (const Column& column : table.columns) {
    out += column.numbers ? 'r' : 'l';
    fields.push_back(Latex(column.heading));
  }
  out += StrCat("}\n\\hline\n", Row(fields), "\\hline\n");
  for (const std::vector<Cell>& row : table.rows) {
    if (table.total && &row == &table.rows.back()) out += "\\hline\n";
    fields.clear();
    for (const Cell& cell : row) fields.push_back(CellText(cell.shown));
    out += Row(fields);
  }
  out += "\\hline\n\\end{tabular}\n";
  for (const std::string& note : table.notes)
    out += StrCat("\\par{\\footnotesize ", Latex(note), "}\n");
  return out + "\\end{table}\n";
}

std::string ReportAsLatex(std::string_view headline, const std::vector<Table>& tables,
                          const std::vector<std::string>& errors) {
  // Latex() leaves no line break that would end the comment.
  std::string out = StrCat("% hark report: ", Latex(headline), "\n");
  for (const std::string& error : errors) out += StrCat("% error: ", Latex(error), "\n");
  for (const Table& table : tables) out += "\n" + TableAsLatex(table);
  return out;
}

}  // namespace hark
