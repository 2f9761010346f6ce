#include "worker/engine/kernel_settings.h"

#include <unistd.h>

#include <string_view>
#include <utility>

#include "base/file.h"
#include "base/strings.h"

namespace hark {
namespace {

constexpr size_t kMostText = size_t{64} * 1024;

}  // namespace

std::optional<std::string> ReadKernelText(const std::string& path) {
  if (access(path.c_str(), R_OK) != 0) return std::nullopt;
  auto text = ReadFile(path, kMostText);
  return text.ok() ? std::optional(std::move(text).value()) : std::nullopt;
}

std::optional<uint64_t> ReadKernelNumber(const std::string& path) {
  const auto text = ReadKernelText(path);
  return text ? ParseUint(Trim(*text)) : std::nullopt;
}

std::optional<LocalPorts> ParseLocalPorts(const std::string& text) {
  const std::string_view range = Trim(text);
  const size_t gap = range.find_first_of(" \t");
  if (gap == std::string_view::npos) return std::nullopt;
  const auto first = ParseUint(range.substr(0, gap));
  const auto last = ParseUint(Trim(range.substr(gap)));
  if (!first || !last || *first > *last || *last > UINT16_MAX) return std::nullopt;
  return LocalPorts{static_cast<uint16_t>(*first), static_cast<uint16_t>(*last)};
}

std::optional<LocalPorts> ReadLocalPorts() {
  const auto text = ReadKernelText(LocalPorts::kSysctl);
  return text ? ParseLocalPorts(*text) : std::nullopt;
}

}  // namespace hark
