#pragma once

// The changes of one write, put into the order of their keys. RocksDB's memtable is a skip list
// that looks for the place of a key from where it put the last one: in order it finds it nearby, at
// random it walks through memory that is in no cache. Half of what a large write costs is that
// walk.

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "storage/schema.h"

namespace hark {

struct Change {
  enum class Kind : uint8_t { kPut, kMerge, kDelete };

  schema::Family family;
  Kind kind;
  std::string key;
  std::string value;
};

class ChangeList {
 public:
  void Add(schema::Family family, Change::Kind kind, std::string key, std::string value) {
    bytes_ += key.size() + value.size();
    changes_.push_back({family, kind, std::move(key), std::move(value)});
  }
  bool empty() const { return changes_.empty(); }
  size_t bytes() const { return bytes_; }  // of all that was added
  // By family and key; changes of one key stay in the order they were added.
  std::vector<const Change*> InOrder() const;
  void Clear() { std::vector<Change>().swap(changes_); }

 private:
  std::vector<Change> changes_;
  size_t bytes_ = 0;
};

}  // namespace hark
