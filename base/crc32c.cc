#include "base/crc32c.h"

#include <array>
#include <cstring>

namespace hark {
namespace {

constexpr uint32_t kReversedPolynomial = 0x82f63b78;

constexpr std::array<uint32_t, 256> MakeTable() {
  std::array<uint32_t, 256> table{};
  for (uint32_t i = 0; i < 256; ++i) {
    uint32_t crc = i;
    for (int bit = 0; bit < 8; ++bit) crc = crc >> 1 ^ (crc & 1 ? kReversedPolynomial : 0);
    table[i] = crc;
  }
  return table;
}

constexpr std::array<uint32_t, 256> kTable = MakeTable();

// A table step a byte, ~400 MB/s.
uint32_t StepByTable(uint32_t crc, std::string_view bytes) {
  for (unsigned char c : bytes) crc = crc >> 8 ^ kTable[(crc ^ c) & 0xff];
  return crc;
}

#if defined(__x86_64__)
// The processor's own instruction, ten times as fast: a coordinator checks all that its fleet
// sends.
__attribute__((target("sse4.2"))) uint32_t StepByInstruction(uint32_t crc, std::string_view bytes) {
  uint64_t wide = crc;
  while (bytes.size() >= sizeof(uint64_t)) {
    uint64_t eight = 0;
    std::memcpy(&eight, bytes.data(), sizeof eight);
    wide = __builtin_ia32_crc32di(wide, eight);
    bytes.remove_prefix(sizeof eight);
  }
  return StepByTable(static_cast<uint32_t>(wide), bytes);
}

bool HasInstruction() {
  return __builtin_cpu_supports("sse4.2") != 0;
}
#endif

}  // namespace

uint32_t Crc32c(std::string_view bytes) {
#if defined(__x86_64__)
  static const bool kFast = HasInstruction();
  if (kFast) return ~StepByInstruction(~uint32_t{0}, bytes);
#endif
  return ~StepByTable(~uint32_t{0}, bytes);
}

}  // namespace hark
