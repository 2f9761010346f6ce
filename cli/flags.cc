#include "cli/flags.h"

#include <algorithm>
#include <numeric>
#include <optional>

#include "base/file.h"
#include "base/strings.h"

namespace hark {
namespace {

// A flag file is a page of text; more is a mistaken file name.
constexpr size_t kMaxFlagFile = 1 << 20;
// Help lines break here: an 80-column terminal.
constexpr size_t kHelpWidth = 80;

std::string Normalized(std::string_view name) {
  std::string out(name);
  std::replace(out.begin(), out.end(), '-', '_');
  return out;
}

// Levenshtein distance, one row at a time.
size_t EditDistance(std::string_view a, std::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), size_t{0});
  for (size_t i = 0; i < a.size(); ++i) {
    size_t diagonal = row[0]++;
    for (size_t j = 0; j < b.size(); ++j) {
      const size_t change = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({change, row[j] + 1, row[j + 1] + 1});
    }
  }
  return row.back();
}

// text broken at blanks, every line after the first indented.
std::string Wrapped(std::string_view text, size_t indent) {
  std::string out;
  size_t column = indent;
  for (const std::string_view word : Split(text, ' ')) {
    if (column > indent && column + 1 + word.size() > kHelpWidth) {
      out += '\n' + std::string(indent, ' ');
      column = indent;
    }
    if (column > indent) {
      out += ' ';
      ++column;
    }
    out += word;
    column += word.size();
  }
  return out;
}

}  // namespace

std::string NearestWord(std::string_view typed, const std::vector<std::string>& known) {
  std::string best;
  size_t best_distance = 3;  // farther away it is another word, not a slip of the finger
  for (const std::string& word : known) {
    const size_t distance = EditDistance(typed, word);
    if (distance < best_distance && distance < word.size()) {
      best_distance = distance;
      best = word;
    }
  }
  return best;
}

// One Parse: walks the arguments and, once, the lines of each flag file.
class FlagSet::Parser {
 public:
  Parser(const FlagSet& set, std::vector<std::string> args) : set_(set), args_(std::move(args)) {}

  Status Arguments() {
    for (size_t i = 0; i < args_.size(); ++i) {
      const std::string_view arg = args_[i];
      if (arg == "--") {
        parsed_.positional.insert(parsed_.positional.end(), args_.begin() + i + 1, args_.end());
        return Status::Ok();
      }
      if (arg.size() > 2 && arg.substr(0, 2) == "--") {
        std::optional<std::string_view> next;
        if (i + 1 < args_.size()) next = args_[i + 1];
        HARK_ASSIGN_OR_RETURN(const bool took_next, OneFlag(arg.substr(2), next));
        if (took_next) ++i;
      } else if (arg.size() > 1 && arg[0] == '-') {
        return InvalidInput(
            StrCat("unknown flag ", EscapeForDisplay(arg), "; flags begin with --", SeeHelp()));
      } else {
        parsed_.positional.emplace_back(arg);
      }
    }
    return Status::Ok();
  }

  Status CheckComplete() const {
    for (const Flag& flag : set_.flags_) {
      if (flag.required && parsed_.given.count(flag.name) == 0) {
        return InvalidInput(
            StrCat("needs --", flag.name, "=", flag.value.placeholder, ", ", flag.help));
      }
    }
    const size_t wanted = set_.positional_.size();
    if (parsed_.positional.size() > wanted && set_.positional_list_.empty()) {
      return InvalidInput(StrCat("does not know what to do with '",
                                 EscapeForDisplay(parsed_.positional[wanted]), "'", SeeHelp()));
    }
    if (parsed_.positional.size() < wanted) {
      return InvalidInput(StrCat("needs ", set_.positional_[parsed_.positional.size()], SeeHelp()));
    }
    return Status::Ok();
  }

  ParsedFlags Take() { return std::move(parsed_); }

 private:
  std::string SeeHelp() const { return StrCat("; see ", set_.command_, " --help"); }

  // text: without the dashes. next: the argument after it. Gives whether it used `next`.
  Result<bool> OneFlag(std::string_view text, std::optional<std::string_view> next) {
    const size_t equals = text.find('=');
    const std::string name = Normalized(text.substr(0, equals));
    std::optional<std::string_view> value;
    if (equals != text.npos) value = text.substr(equals + 1);
    const bool use_next = !value && next && NeedsValue(name);
    if (use_next) value = next;
    if (name == "flagfile") {
      HARK_RETURN_IF_ERROR(FlagFile(value));
    } else {
      HARK_RETURN_IF_ERROR(Set(name, value));
    }
    return use_next;
  }

  bool NeedsValue(const std::string& name) const {
    const Flag* flag = Find(name);
    return name == "flagfile" || (flag != nullptr && !flag->value.is_switch());
  }

  Status Set(const std::string& name, std::optional<std::string_view> value) {
    const Flag* flag = Find(name);
    if (flag == nullptr && !value && name.substr(0, 2) == "no") {
      flag = Find(name.substr(2));
      if (flag != nullptr && !flag->value.is_switch()) flag = nullptr;
      value = "false";
    }
    if (flag == nullptr) return Unknown(name);
    if (!value && flag->value.is_switch()) value = "true";
    if (!value)
      return InvalidInput(StrCat("--", name, " needs a value, ", flag->value.placeholder));
    HARK_RETURN_IF_ERROR(flag->value.set(*value).Prepend("--" + flag->name));
    parsed_.given.insert(flag->name);
    return Status::Ok();
  }

  Status Unknown(const std::string& name) const {
    std::vector<std::string> known = {"help", "flagfile"};
    for (const Flag& flag : set_.flags_) known.push_back(flag.name);
    const std::string nearest = NearestWord(name, known);
    return InvalidInput(StrCat("unknown flag --", EscapeForDisplay(name),
                               nearest.empty() ? "" : "; did you mean --" + nearest + "?",
                               SeeHelp()));
  }

  Status FlagFile(std::optional<std::string_view> path) {
    if (!path || path->empty()) return InvalidInput("--flagfile needs a value, FILE");
    if (in_file_) return InvalidInput("a flag file cannot name another one");
    HARK_ASSIGN_OR_RETURN(const std::string text, ReadFile(std::string(*path), kMaxFlagFile));
    in_file_ = true;
    size_t number = 0;
    for (const std::string_view raw : Split(text, '\n')) {
      ++number;
      const std::string_view line = Trim(raw);
      if (line.empty() || line[0] == '#') continue;
      HARK_RETURN_IF_ERROR(FlagLine(line).Prepend(StrCat(*path, ":", number)));
    }
    in_file_ = false;
    return Status::Ok();
  }

  Status FlagLine(std::string_view line) {
    if (line.size() < 3 || line.substr(0, 2) != "--") {
      return InvalidInput(
          StrCat("'", EscapeForDisplay(line.substr(0, 40)), "' is not a flag; write --name=value"));
    }
    return OneFlag(line.substr(2), std::nullopt).status();
  }

  const Flag* Find(std::string_view name) const {
    for (const Flag& flag : set_.flags_) {
      if (flag.name == name) return &flag;
    }
    return nullptr;
  }

  const FlagSet& set_;
  const std::vector<std::string> args_;
  ParsedFlags parsed_;
  bool in_file_ = false;
};

FlagSet::FlagSet(std::string command, std::string summary, std::vector<Flag> flags)
    : command_(std::move(command)), summary_(std::move(summary)), flags_(std::move(flags)) {}

Result<ParsedFlags> FlagSet::Parse(std::vector<std::string> args) const {
  // Help is wanted most when the rest of the line is wrong.
  const auto end_of_flags = std::find(args.begin(), args.end(), "--");
  if (std::any_of(args.begin(), end_of_flags,
                  [](const std::string& arg) { return arg == "--help" || arg == "-h"; })) {
    return ParsedFlags{true, {}, {}};
  }
  Parser parser(*this, std::move(args));
  HARK_RETURN_IF_ERROR(parser.Arguments());
  HARK_RETURN_IF_ERROR(parser.CheckComplete());
  return parser.Take();
}

std::string FlagSet::Help() const {
  std::string out = StrCat(command_, ": ", summary_, "\n\nUsage: ", command_);
  for (const std::string& name : positional_) out += " " + name;
  if (!positional_list_.empty()) out += StrCat(" [", positional_list_, "]...");
  out += " [--flags]\n\nFlags:\n";
  std::vector<std::pair<std::string, std::string>> rows;
  for (const Flag& flag : flags_) {
    const FlagValue& value = flag.value;
    std::string help = flag.help;
    if (flag.required) help += " (required)";
    if (!value.default_text.empty()) help += " (default " + value.default_text + ")";
    rows.emplace_back(
        value.is_switch() ? "--[no]" + flag.name : StrCat("--", flag.name, "=", value.placeholder),
        help);
  }
  rows.emplace_back("--flagfile=FILE", "more flags, one --name=value a line");
  rows.emplace_back("--help", "this text");
  // A long left column (choices) puts its help on the next line instead of pushing all others.
  constexpr size_t kLeft = 26;
  for (const auto& [left, help] : rows) {
    out += "  " + left;
    out += left.size() + 4 > kLeft ? "\n" + std::string(kLeft, ' ')
                                   : std::string(kLeft - 2 - left.size(), ' ');
    out += Wrapped(help, kLeft) + "\n";
  }
  if (!examples_.empty()) out += "\nExamples:\n";
  for (const std::string& example : examples_) out += "  " + example + "\n";
  return out;
}

}  // namespace hark
