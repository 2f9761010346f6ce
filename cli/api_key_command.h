#pragma once

// hark api key: who may ask the API of a store. A running server follows within seconds.

#include <string>
#include <vector>

namespace hark {

int RunApiKeyAdd(const std::vector<std::string>& args);
int RunApiKeyList(const std::vector<std::string>& args);
int RunApiKeyRevoke(const std::vector<std::string>& args);

}  // namespace hark
