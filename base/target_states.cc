#include "base/target_states.h"

#include <utility>

namespace hark {

std::optional<TargetStates> TargetStates::Decode(std::string_view bytes, uint64_t size) {
  if (bytes.size() != size / 2 + size % 2) return std::nullopt;
  TargetStates out;
  out.bytes_ = bytes;
  out.size_ = size;
  for (uint64_t i = 0; i < size; ++i) {
    if (static_cast<size_t>(out.At(i)) >= kTargetStateCount) return std::nullopt;
  }
  const bool padded = size % 2 == 1 && static_cast<uint8_t>(bytes.back()) >> 4 != 0;
  return padded ? std::nullopt : std::optional(std::move(out));
}

std::string TargetStates::Take() {
  size_ = 0;
  return std::exchange(bytes_, {});
}

void TargetStates::Add(TargetState state) {
  if (size_ % 2 == 0) bytes_ += '\0';
  Set(size_++, state);
}

void TargetStates::Set(uint64_t i, TargetState state) {
  const int others = 0xf0 >> Shift(i);
  const int byte =
      (static_cast<uint8_t>(bytes_[i / 2]) & others) | (static_cast<int>(state) << Shift(i));
  bytes_[i / 2] = static_cast<char>(byte);
}

TargetStates::Counts TargetStates::Count() const {
  Counts counts{};
  for (uint64_t i = 0; i < size_; ++i) ++counts[static_cast<size_t>(At(i))];
  return counts;
}

}  // namespace hark
