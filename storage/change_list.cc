#include "storage/change_list.h"

#include <algorithm>
#include <cstring>

namespace hark {
namespace {

// What nearly always decides between two changes, beside the pointer: a comparison that has to
// look into both keys waits for memory twice.
struct Entry {
  uint64_t beginning;  // family and the key's first bytes, as a number that sorts as they do
  const Change* change;
};

uint64_t BeginningOf(const Change& change) {
  unsigned char bytes[7] = {};
  std::memcpy(bytes, change.key.data(), std::min(sizeof bytes, change.key.size()));
  auto number = static_cast<uint64_t>(change.family);
  for (unsigned char byte : bytes) number = number << 8 | byte;
  return number;
}

// Equal keys by address, which is the order they came in.
bool IsBefore(const Entry& a, const Entry& b) {
  if (a.beginning != b.beginning) return a.beginning < b.beginning;
  const int order_of_keys = a.change->key.compare(b.change->key);
  return order_of_keys != 0 ? order_of_keys < 0 : a.change < b.change;
}

}  // namespace

std::vector<const Change*> ChangeList::InOrder() const {
  std::vector<Entry> entries;
  entries.reserve(changes_.size());
  for (const Change& change : changes_) entries.push_back({BeginningOf(change), &change});
  std::sort(entries.begin(), entries.end(), IsBefore);
  std::vector<const Change*> order;
  order.reserve(entries.size());
  for (const Entry& entry : entries) order.push_back(entry.change);
  return order;
}

}  // namespace hark
