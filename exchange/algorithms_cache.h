#pragma once

// Algorithm lists as they are told of many hosts: a hundred of them cover most of the Internet, and
// turning lists into a fact (a hash, a HASSH, a message) takes longer than looking one up.
//
// Threads: belongs to one.

#include <array>
#include <string>
#include <string_view>
#include <unordered_map>

#include "storage/sighting.h"

namespace hark {

// What Passive SSH tells of an SSH server's offer; comma-separated lists.
struct PassiveSshLists {
  std::string host_key;
  std::string encryption;  // the last four from server to client
  std::string mac;
  std::string compression;
  std::string languages;
  std::string hassh;  // as the source has it, 32 digits; "" = the source has none

  bool empty() const {
    return host_key.empty() && encryption.empty() && mac.empty() && compression.empty() &&
           languages.empty() && hassh.empty();
  }
};

class AlgorithmsCache {
 public:
  struct Entry {
    SightedFact fact;
    bool hassh_fits = true;  // the source's value is what Passive SSH makes of these lists
  };
  // Good until the next call.
  const Entry& Find(const PassiveSshLists& lists);

 private:
  std::string key_;
  std::unordered_map<std::string, Entry> entries_;
};

}  // namespace hark
