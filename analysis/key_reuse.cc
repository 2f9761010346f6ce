#include "analysis/key_reuse.h"

namespace hark {

Result<KeyReuse> MeasureKeyReuse(const RunReader& reader, const HostTable& hosts,
                                 const Clustering& clustering) {
  SshReuseCounter ssh(clustering);
  TwoHostCounter two_host(clustering);
  KeyReuseCounter risk(hosts.size());
  HARK_RETURN_IF_ERROR(
      ForEachKeyGroup(reader, hosts, [&](const KeyId& key, const std::vector<KeyPlace>& places) {
        ssh.Add(key, places);
        two_host.Add(places);
        risk.Add(places);
        return Status::Ok();
      }));
  return KeyReuse{ssh.Finish(), std::move(two_host).Finish(), std::move(risk).Finish(clustering)};
}

}  // namespace hark
