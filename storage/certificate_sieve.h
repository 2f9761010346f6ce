#pragma once

// Internal to storage/: which certificates somebody still refers to. A Bloom filter of fixed size:
// it never forgets one that was added, and takes one in a hundred others for added, which keeps
// some garbage and loses nothing.

#include <cstdint>
#include <string_view>
#include <vector>

namespace hark {

class CertificateSieve {
 public:
  CertificateSieve() : bits_(kBits / 64) {}

  // sha256: 32 bytes.
  void Add(std::string_view sha256) {
    for (int i = 0; i < kProbes; ++i) {
      const uint64_t bit = BitOf(sha256, i);
      bits_[bit / 64] |= uint64_t{1} << bit % 64;
    }
  }
  bool MayHave(std::string_view sha256) const {
    for (int i = 0; i < kProbes; ++i) {
      const uint64_t bit = BitOf(sha256, i);
      if ((bits_[bit / 64] >> bit % 64 & 1) == 0) return false;
    }
    return true;
  }

 private:
  // 32 MiB: ten bits for each of 25 million.
  static constexpr uint64_t kBits = uint64_t{1} << 28;
  static constexpr int kProbes = 4;

  // The hash is one already: each probe takes eight bytes of its own.
  static uint64_t BitOf(std::string_view sha256, int probe) {
    uint64_t bits = 0;
    for (size_t k = 0; k < 8; ++k) {
      const size_t at = static_cast<size_t>(probe) * 8 + k;
      bits = bits << 8 | (at < sha256.size() ? static_cast<uint8_t>(sha256[at]) : 0U);
    }
    return bits % kBits;
  }

  std::vector<uint64_t> bits_;
};

}  // namespace hark
