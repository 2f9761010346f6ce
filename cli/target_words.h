#pragma once

// Lists of addresses as operators write them: words between blanks, commas and line ends, `#`
// comments, in files, on stdin or in the command line itself.

#include <functional>
#include <string_view>

#include "base/status.h"

namespace hark {

// Gives kInvalidInput for a word that means nothing to it, any other error to end the reading.
using WordTaker = std::function<Status(std::string_view word)>;

// The words of a text; an error is told with path and line.
Status TakeWords(std::string_view text, std::string_view path, const WordTaker& take);

// A word of the command line: what `take` knows, else the name of a file of words, "-" being stdin.
Status TakeWordOrFile(std::string_view word, const WordTaker& take);

// The words of the file at path, "-" being stdin.
Status TakeFile(std::string_view path, const WordTaker& take);

}  // namespace hark
