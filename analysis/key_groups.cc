#include "analysis/key_groups.h"

#include "analysis/key_use_pump.h"
#include "base/strings.h"

namespace hark {

Result<std::optional<uint32_t>> HostOfUse(const HostTable& hosts, const KeyUse& use) {
  const std::optional<uint32_t> host = hosts.Find(use.address);
  if (!host) {
    return Corruption(StrCat("a key is stored for ", use.address.ToString(), ", the host is not"));
  }
  return hosts.takes_part(*host) ? host : std::nullopt;
}

Status ForEachKeyGroup(
    const RunReader& reader, const HostTable& hosts,
    const std::function<Status(const KeyId&, const std::vector<KeyPlace>&)>& visit) {
  std::vector<KeyPlace> places;
  KeyUsePump uses(reader, hosts);
  while (uses.Front() != nullptr) {
    const KeyId key = uses.Front()->key;  // a copy: the batch it is in goes away
    places.clear();
    for (; uses.Front() != nullptr && uses.Front()->key == key; uses.Pop()) {
      places.push_back(uses.Front()->at);
    }
    HARK_RETURN_IF_ERROR(visit(key, places));
  }
  return uses.status();
}

uint64_t HostsOf(const std::vector<KeyPlace>& places) {
  uint64_t hosts = 0;
  for (size_t i = 0; i < places.size(); ++i) {
    hosts += i == 0 || places[i].host != places[i - 1].host ? 1 : 0;
  }
  return hosts;
}

}  // namespace hark
