#pragma once

// The attributes of a port line, name=value, both ways.

#include <string>
#include <string_view>

#include "base/status.h"
#include "tests/lab/service.h"

namespace hark::lab {

// Sets one attribute of a service whose protocol is known. kInvalidInput: no such attribute of this
// protocol, or no such value.
Status SetAttribute(std::string_view name, std::string_view value, Service& service);

// " name=value name=value ..." of everything that is not at its default, in a form that reads back.
std::string FormatAttributes(const Service& service);

}  // namespace hark::lab
