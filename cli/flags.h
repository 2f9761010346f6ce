#pragma once

// The flags of one command, declared as a table beside the struct they fill. Each command has its
// own table, so --help shows nothing else and two commands may both have a --format
// (docs/decisions/0004-flags.md says why this is not gflags).
//
//   ReportOptions options;
//   FlagSet flags("hark report", "the tables of a run", {
//       {"db", Text(&options.db, "DIR"), "the store to read"},
//       {"format", Choice(&options.format, {"text", "json"}), "how to print"},
//   });
//   Result<ParsedFlags> parsed = flags.Parse(args);
//
// Accepted: --name=value, --name value, --switch, --noswitch, --switch=true|false, --flagfile=FILE
// (one --name=value a line, # comments, no nesting), --help, -h, and -- to end the flags. '-' and
// '_' in names are the same. Of a flag given twice the last one counts; lists add up.
//
// Threads: none. A FlagSet writes through its pointers during Parse only.

#include <cstdint>
#include <functional>
#include <set>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "base/status.h"

namespace hark {

// What a flag may hold and where it goes. Made by the functions below.
struct FlagValue {
  std::string placeholder;   // "DIR"; "" = a switch
  std::string default_text;  // shown in the help, "" = nothing to show
  // The message of an error says what is wrong with the text, e.g. "70000 is not between 1 and 9".
  std::function<Status(std::string_view)> set;

  bool is_switch() const { return placeholder.empty(); }
};

FlagValue Text(std::string* target, std::string placeholder);
FlagValue Switch(bool* target);
FlagValue Decimal(double* target, double min, double max, std::string placeholder);
// One of the words given.
FlagValue Choice(std::string* target, std::vector<std::string> words);
// a,b,c; may be given several times.
FlagValue List(std::vector<std::string>* target, std::string placeholder);

namespace internal {
Result<uint64_t> ParseFlagNumber(std::string_view text, uint64_t min, uint64_t max);
// Both clear what the default held when the flag is first given.
FlagValue NumberListValue(const std::function<void()>& clear,
                          const std::function<void(uint64_t)>& add, uint64_t min, uint64_t max,
                          const std::string& placeholder, const std::string& default_text);
std::string JoinNumbers(const std::vector<uint64_t>& numbers);
}  // namespace internal

// A whole number in [min, max], into any unsigned integer type.
template <typename T>
FlagValue Number(T* target, std::type_identity_t<T> min, std::type_identity_t<T> max,
                 std::string placeholder) {
  static_assert(std::is_unsigned_v<T> && !std::is_same_v<T, bool>);
  return {std::move(placeholder), std::to_string(*target), [=](std::string_view text) -> Status {
            HARK_ASSIGN_OR_RETURN(const uint64_t n, internal::ParseFlagNumber(text, min, max));
            *target = static_cast<T>(n);
            return Status::Ok();
          }};
}

// 22,25,443: whole numbers in [min, max].
template <typename T>
FlagValue NumberList(std::vector<T>* target, std::type_identity_t<T> min,
                     std::type_identity_t<T> max, const std::string& placeholder) {
  static_assert(std::is_unsigned_v<T> && !std::is_same_v<T, bool>);
  return internal::NumberListValue(
      [=] { target->clear(); }, [=](uint64_t n) { target->push_back(static_cast<T>(n)); }, min, max,
      placeholder, internal::JoinNumbers({target->begin(), target->end()}));
}

struct Flag {
  std::string name;  // snake_case, without dashes
  FlagValue value;
  std::string help;  // one sentence, lower case, no full stop
  bool required = false;
};

struct ParsedFlags {
  bool help = false;                    // --help was there: print FlagSet::Help() and exit 0
  std::vector<std::string> positional;  // in order
  std::set<std::string> given;          // names of the flags that were set
};

class FlagSet {
 public:
  // command: as typed, e.g. "hark cluster show". summary: one line, lower case, no full stop.
  FlagSet(std::string command, std::string summary, std::vector<Flag> flags);

  // How positional arguments are called, e.g. "ID": exactly that many are wanted. Default: none.
  void SetPositional(std::vector<std::string> names) { positional_ = std::move(names); }
  // Any number of positional arguments after those, none included.
  void SetPositionalList(std::string name) { positional_list_ = std::move(name); }
  // Whole command lines for the help.
  void SetExamples(std::vector<std::string> examples) { examples_ = std::move(examples); }

  // args: what follows the command's name. Every error is kInvalidInput, one line, and says what
  // to do. With --help nothing is checked beyond it.
  Result<ParsedFlags> Parse(std::vector<std::string> args) const;
  std::string Help() const;

 private:
  class Parser;

  std::string command_;
  std::string summary_;
  std::vector<Flag> flags_;
  std::vector<std::string> positional_;
  std::string positional_list_;  // "" = none may follow
  std::vector<std::string> examples_;
};

// The word of `known` a typing error away from `typed`, or "".
std::string NearestWord(std::string_view typed, const std::vector<std::string>& known);

}  // namespace hark
