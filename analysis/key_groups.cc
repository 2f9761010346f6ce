#include "analysis/key_groups.h"

#include <optional>

#include "base/strings.h"

namespace hark {

Status ForEachKeyGroup(
    const RunReader& reader, const HostTable& hosts,
    const std::function<Status(const KeyId&, const std::vector<KeyPlace>&)>& visit) {
  KeyId key;
  std::vector<KeyPlace> places;
  const Status read = reader.ForEachKeyUse([&](const KeyUse& use) -> Status {
    const std::optional<uint32_t> host = hosts.Find(use.address);
    if (!host) {
      return Corruption(
          StrCat("a key is stored for ", use.address.ToString(), ", the host is not"));
    }
    if (!hosts.takes_part(*host)) return Status::Ok();
    if (!places.empty() && use.key != key) {
      HARK_RETURN_IF_ERROR(visit(key, places));
      places.clear();
    }
    key = use.key;
    places.push_back({*host, use.port});
    return Status::Ok();
  });
  if (!read.ok()) return read;
  return places.empty() ? Status::Ok() : visit(key, places);
}

uint64_t HostsOf(const std::vector<KeyPlace>& places) {
  uint64_t hosts = 0;
  for (size_t i = 0; i < places.size(); ++i) {
    hosts += i == 0 || places[i].host != places[i - 1].host ? 1 : 0;
  }
  return hosts;
}

}  // namespace hark
