#pragma once

#include <string>
#include <vector>

namespace hark {

// hark lookup WHAT: all the store knows of an address, a name, a key, a certificate, a banner, with
// dates; the answers of the API without a server. args: what follows the command.
int RunLookup(const std::vector<std::string>& args);

}  // namespace hark
