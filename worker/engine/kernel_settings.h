#pragma once

// Numbers and texts the kernel tells in /proc and /sys. nullopt: it does not tell here, or not to
// us, or the text is no such number.
//
// Threads: any.

#include <cstdint>
#include <optional>
#include <string>

namespace hark {

// At most 64 KiB of it.
std::optional<std::string> ReadKernelText(const std::string& path);
std::optional<uint64_t> ReadKernelNumber(const std::string& path);

// Which ports the kernel gives to connections by itself, both ends included.
struct LocalPorts {
  static constexpr const char* kSysctl = "/proc/sys/net/ipv4/ip_local_port_range";

  uint16_t first = 0;
  uint16_t last = 0;

  uint64_t size() const { return uint64_t{1} + last - first; }
};
std::optional<LocalPorts> ReadLocalPorts();
// "32768\t60999\n".
std::optional<LocalPorts> ParseLocalPorts(const std::string& text);

}  // namespace hark
