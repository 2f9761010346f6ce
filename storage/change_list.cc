#include "storage/change_list.h"

#include <algorithm>

namespace hark {

std::vector<const Change*> ChangeList::InOrder() const {
  std::vector<const Change*> order;
  order.reserve(changes_.size());
  for (const Change& change : changes_) order.push_back(&change);
  // Equal keys by address, which is the order they came in.
  std::sort(order.begin(), order.end(), [](const Change* a, const Change* b) {
    if (a->family != b->family) return a->family < b->family;
    const int order_of_keys = a->key.compare(b->key);
    return order_of_keys != 0 ? order_of_keys < 0 : a < b;
  });
  return order;
}

}  // namespace hark
