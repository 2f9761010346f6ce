#include "worker/discovery.h"

#include "base/log.h"
#include "base/random.h"
#include "worker/engine/raw_privileges.h"
#include "worker/engine/raw_syn_channel.h"
#include "worker/engine/syn_cookie.h"

namespace hark {
namespace {

constexpr const char* kWhere = "worker/discovery";

Result<SynOptions> SynOptionsOf(const WorkerConfig& config) {
  SynOptions options;
  HARK_ASSIGN_OR_RETURN(const Source source, SourceOf(config));
  options.source = source.v4;
  options.interface = config.interface;
  if (!config.syn_ports.empty()) {
    HARK_RETURN_IF_ERROR(
        ReadPortRange(config.syn_ports, "syn_ports", &options.first_port, &options.last_port));
  }
  options.key = SecureBytes(SynCookies::kKeySize);
  return options;
}

}  // namespace

Result<std::unique_ptr<SynChannel>> OpenDiscovery(const WorkerConfig& config) {
  std::unique_ptr<SynChannel> none;
  if (config.discover == "connect") return none;
  if (config.discover == "auto" && !MayOpenRawSockets()) {
    LogInfo(kWhere, "listeners are looked for by connect(): raw sockets are not permitted");
    return none;
  }
  HARK_ASSIGN_OR_RETURN(const SynOptions options, SynOptionsOf(config));
  auto channel = OpenSynChannel(options);
  const Status dropped = DropRawPrivileges();
  if (!dropped.ok()) return Status(dropped).Prepend("privileges cannot be dropped");
  if (channel.ok()) {
    LogInfo(kWhere, "listeners are looked for by SYN");
  } else if (config.discover == "auto") {
    LogWarning(kWhere, "listeners are looked for by connect(): " + channel.status().message());
    return none;
  }
  return channel;
}

}  // namespace hark
