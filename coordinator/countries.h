#pragma once

// Countries by name: ISO 3166-1 codes and the English names people type.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace hark {

// "" for a code that ISO has not assigned. code: upper case.
std::string_view CountryName(std::string_view code);

// "ie", "Ireland", "united states of america", "UK": the code in upper case. Any two letters are a
// code, assigned or not, since a list may have its own (XK, XX). nullopt: no country is called
// that.
std::optional<std::string> CountryCode(std::string_view text);

// All names, e.g. to suggest one.
std::vector<std::string> CountryNames();

}  // namespace hark
