#include "cli/dispatch.h"

#include <algorithm>
#include <cstdio>

#include "base/status.h"
#include "base/strings.h"
#include "cli/exit_code.h"
#include "cli/flags.h"

namespace hark {
namespace {

bool IsHelp(std::string_view word) {
  return word == "--help" || word == "-h" || word == "help";
}

// The commands whose name begins with `group` (all of them for ""), one a line.
std::string Listing(std::span<const Command> commands, std::string_view group) {
  std::string out;
  size_t width = 0;
  for (const Command& command : commands) width = std::max(width, command.name.size());
  for (const Command& command : commands) {
    if (!group.empty() && Split(command.name, ' ')[0] != group) continue;
    const std::string pad(width - command.name.size() + 2, ' ');
    out += StrCat("  hark ", command.name, pad, command.summary, "\n");
  }
  return out;
}

std::string Help(std::span<const Command> commands, std::string_view group) {
  return StrCat("hark: surveys the long-term public keys of Internet servers\n\nCommands:\n",
                Listing(commands, group),
                "\nhark COMMAND --help shows a command's flags and examples.\n");
}

int Unknown(std::span<const Command> commands, const std::string& typed) {
  std::vector<std::string> known;
  for (const Command& command : commands) known.emplace_back(command.name);
  const std::string nearest = NearestWord(typed, known);
  return Fail("hark",
              InvalidInput(StrCat("unknown command '", EscapeForDisplay(typed), "'",
                                  nearest.empty() ? "" : "; did you mean '" + nearest + "'?",
                                  "; hark --help lists the commands")));
}

// A first word that only makes sense with a second one.
int Group(std::span<const Command> commands, const std::vector<std::string>& args,
          const std::vector<std::string>& subcommands) {
  if (args.size() > 1 && IsHelp(args[1])) {
    std::fputs(Help(commands, args[0]).c_str(), stdout);
    return 0;
  }
  if (args.size() > 1 && args[1][0] != '-') return Unknown(commands, args[0] + " " + args[1]);
  return Fail("hark " + args[0], InvalidInput(StrCat("needs one of ", Join(subcommands, ", "),
                                                     "; see hark ", args[0], " --help")));
}

}  // namespace

int Dispatch(std::span<const Command> commands, const std::vector<std::string>& args) {
  if (args.empty()) return Fail("hark", InvalidInput("needs a command; hark --help lists them"));
  if (IsHelp(args[0])) {
    std::fputs(Help(commands, "").c_str(), stdout);
    return 0;
  }
  // The longest name that the line begins with: "api key add" and not "api".
  const Command* found = nullptr;
  size_t found_words = 0;
  std::vector<std::string> subcommands;
  for (const Command& command : commands) {
    const std::vector<std::string_view> words = Split(command.name, ' ');
    if (words[0] != args[0]) continue;
    if (words.size() > 1) subcommands.emplace_back(command.name.substr(words[0].size() + 1));
    if (words.size() <= found_words || words.size() > args.size()) continue;
    if (!std::equal(words.begin(), words.end(), args.begin())) continue;
    found = &command;
    found_words = words.size();
  }
  if (found != nullptr) {
    return found->run({args.begin() + static_cast<ptrdiff_t>(found_words), args.end()});
  }
  return subcommands.empty() ? Unknown(commands, args[0]) : Group(commands, args, subcommands);
}

}  // namespace hark
