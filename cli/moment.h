#pragma once

// Moved: base/moment.h has it, so that look-ups over HTTP read times as flags do.

#include "base/moment.h"
