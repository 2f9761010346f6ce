#include "base/host_port.h"

#include "base/strings.h"

namespace hark {

Result<HostPort> ParseHostPort(const std::string& text) {
  const size_t colon = text.rfind(':');
  if (colon == std::string::npos) return InvalidInput("no port");
  const uint64_t port = ParseUint(text.substr(colon + 1)).value_or(0);
  std::string host = text.substr(0, colon);
  const bool bracketed = host.size() > 2 && host.front() == '[' && host.back() == ']';
  if (bracketed) host = host.substr(1, host.size() - 2);
  const auto address = Address::Parse(host);
  if (!address || address->is_v4() == bracketed || port == 0 || port > UINT16_MAX) {
    return InvalidInput("not ADDRESS:PORT or [ADDRESS]:PORT");
  }
  return HostPort{*address, static_cast<uint16_t>(port)};
}

}  // namespace hark
