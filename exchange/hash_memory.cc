#include "exchange/hash_memory.h"

#include <algorithm>
#include <cstring>

namespace hark {

bool HashMemory::Note(std::string_view hash) {
  Prefix prefix{};
  std::memcpy(prefix.data(), hash.data(), std::min(hash.size(), prefix.size()));
  if (seen_.size() < most_) return !seen_.insert(prefix).second;
  return seen_.count(prefix) != 0;
}

size_t HashMemory::Hasher::operator()(const Prefix& prefix) const {
  size_t hash;
  std::memcpy(&hash, prefix.data(), sizeof hash);  // a hash already
  return hash;
}

}  // namespace hark
