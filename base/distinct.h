#pragma once

#include <algorithm>
#include <functional>
#include <vector>

namespace hark {

// Sorted, each value once.
template <typename T>
void MakeDistinct(std::vector<T>& values) {
  std::sort(values.begin(), values.end());
  values.erase(std::unique(values.begin(), values.end()), values.end());
}

template <typename T>
bool IsDistinct(const std::vector<T>& values) {
  return std::adjacent_find(values.begin(), values.end(), std::greater_equal<T>()) == values.end();
}

template <typename T>
std::vector<T> Distinct(std::vector<T> values) {
  MakeDistinct(values);
  return values;
}

}  // namespace hark
