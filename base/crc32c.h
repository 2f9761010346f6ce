#pragma once

#include <cstdint>
#include <string_view>

namespace hark {

// CRC-32C (Castagnoli, RFC 3720 §12.1), e.g. of "123456789" 0xe3069283.
uint32_t Crc32c(std::string_view bytes);

}  // namespace hark
