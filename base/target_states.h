#pragma once

// What a sweep saw of each of a stretch of targets, four bits each: workers send it with their
// batches, the store keeps it by index, the coverage ledger reads it (docs/formats/store.md).

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace hark {

// Part of the wire and of the store: never renumbered.
enum class TargetState : uint8_t {
  kSilent = 0,
  kRefused = 1,
  kUnreachable = 2,  // an ICMP error came back
  kAnswered = 3,
  kExcluded = 4,  // after planning: not contacted, or dropped
  kFailed = 5,    // on our side
  kPurged = 6,    // taken out again; only in the store
};
inline constexpr size_t kTargetStateCount = 7;

class TargetStates {
 public:
  using Counts = std::array<uint64_t, kTargetStateCount>;

  // bytes: as bytes() gives them, of `size` targets. nullopt: of another length, with a state that
  // is none, or with something behind the last target.
  static std::optional<TargetStates> Decode(std::string_view bytes, uint64_t size);

  uint64_t size() const { return size_; }
  // Two targets a byte, the earlier one in the lower half.
  const std::string& bytes() const { return bytes_; }
  std::string Take();

  void Add(TargetState state);
  // i < size().
  TargetState At(uint64_t i) const {
    return static_cast<TargetState>(static_cast<uint8_t>(bytes_[i / 2]) >> Shift(i) & 0xf);
  }
  void Set(uint64_t i, TargetState state);
  Counts Count() const;

 private:
  static int Shift(uint64_t i) { return i % 2 == 0 ? 0 : 4; }

  std::string bytes_;
  uint64_t size_ = 0;
};

}  // namespace hark
