#pragma once

// Words of a scenario line: separated by blanks; a value may be "quoted", with \" \\ \r \n \t and
// \xNN inside; a word that begins with # ends the line.

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/status.h"

namespace hark::lab {

using Words = std::vector<std::string>;
Result<Words> SplitWords(std::string_view line);

// name=value pairs from word `from` on; a word without = has the value "".
std::vector<std::pair<std::string, std::string>> NamedValues(const Words& words, size_t from);

// The text as one word: in quotes, with escapes, where a bare one would not read back.
std::string QuoteWord(std::string_view text);

}  // namespace hark::lab
