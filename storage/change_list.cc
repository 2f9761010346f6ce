#include "storage/change_list.h"

#include <algorithm>
#include <cstdint>
#include <string_view>

namespace hark {
namespace {

// What nearly always tells two keys apart, beside the pointer: the family and the first 15 bytes of
// the key as numbers. Following the pointers of a large write is a walk through memory that is in
// no cache.
struct Place {
  uint64_t first = 0;
  uint64_t second = 0;
  const Change* change = nullptr;
};

uint64_t Number(std::string_view key, size_t from, size_t bytes) {
  uint64_t number = 0;
  for (size_t i = from; i < from + bytes; ++i) {
    number = number << 8 | (i < key.size() ? static_cast<uint8_t>(key[i]) : 0);
  }
  return number;
}

Place PlaceOf(const Change& change) {
  const auto family = static_cast<uint64_t>(change.family);
  return {family << 56 | Number(change.key, 0, 7), Number(change.key, 7, 8), &change};
}

bool IsBefore(const Place& a, const Place& b) {
  if (a.first != b.first) return a.first < b.first;
  if (a.second != b.second) return a.second < b.second;
  // Equal keys by address, which is the order they came in.
  const int order_of_keys = a.change->key.compare(b.change->key);
  return order_of_keys != 0 ? order_of_keys < 0 : a.change < b.change;
}

}  // namespace

std::vector<const Change*> ChangeList::InOrder() const {
  std::vector<Place> places;
  places.reserve(changes_.size());
  for (const Change& change : changes_) places.push_back(PlaceOf(change));
  std::sort(places.begin(), places.end(), IsBefore);
  std::vector<const Change*> order;
  order.reserve(places.size());
  for (const Place& place : places) order.push_back(place.change);
  return order;
}

}  // namespace hark
