#include "base/host_id.h"

#include <algorithm>

#include "base/strings.h"

namespace hark {
namespace {

constexpr char kNameMark = 'n';  // behind the families 4 and 6
constexpr std::string_view kHashedMark = "|1|";

bool IsNameCharacter(char c) {
  return c > ' ' && c < '\x7f';
}

}  // namespace

std::optional<HostId> HostId::Parse(std::string_view text) {
  if (const auto address = Address::Parse(text)) return HostId(*address);
  const bool hashed = text.starts_with(kHashedMark);
  if (!hashed && text.ends_with('.')) text.remove_suffix(1);
  if (text.empty() || text.size() > kMaxName) return std::nullopt;
  if (!std::all_of(text.begin(), text.end(), IsNameCharacter)) return std::nullopt;
  HostId host;
  host.name_ = hashed ? std::string(text) : AsciiLower(text);
  return host;
}

std::string HostId::SortKey() const {
  return is_address() ? address_.SortKey() : kNameMark + name_;
}

std::optional<HostId> HostId::FromSortKey(std::string_view key) {
  if (!key.empty() && key.front() == kNameMark) {
    if (key.size() < 2 || key.size() > kMaxName + 1) return std::nullopt;
    HostId host;
    host.name_ = std::string(key.substr(1));
    return host;
  }
  const std::optional<Address> address = Address::FromSortKey(key);
  if (!address) return std::nullopt;
  return HostId(*address);
}

}  // namespace hark
