#pragma once

// How the network may cut a stream of bytes.

#include <cstdint>
#include <string_view>
#include <vector>

namespace hark {

struct Cuts {
  enum class Kind { kWhole, kBytes, kRandom };
  Kind kind = Kind::kWhole;
  uint64_t seed = 0;

  static Cuts Whole() { return {}; }
  static Cuts Bytes() { return {Kind::kBytes, 0}; }
  static Cuts Random(uint64_t seed) { return {Kind::kRandom, seed}; }

  // Never an empty piece.
  std::vector<std::string_view> Cut(std::string_view bytes) const;
};

// The finest cut a fuzzer can afford: byte by byte up to a KiB, random pieces beyond.
Cuts FineCuts(size_t size);

// Whole, byte by byte, and a few random ones: what the split law is tried with.
std::vector<Cuts> AllCuts();

}  // namespace hark
