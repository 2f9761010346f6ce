#pragma once

// What a command's end means to the shell: 0 done, 1 the work failed, 2 the operator's input was
// wrong, 130 interrupted and resumable.

#include <string_view>

#include "base/status.h"

namespace hark {

int ExitCodeOf(const Status& status);

// Prints "COMMAND: message" as one line on stderr (nothing for an ok status) and gives the exit
// code. command: as typed, e.g. "hark cluster show".
int Fail(std::string_view command, const Status& status);

}  // namespace hark
