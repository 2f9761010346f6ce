#include "worker/discovery.h"

#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "base/random.h"
#include "base/strings.h"
#include "worker/engine/raw_privileges.h"
#include "worker/engine/raw_syn_channel.h"
#include "worker/engine/syn_cookie.h"
#include "worker/state_lock.h"

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

// What the worker is going to write must still be its own to write. Privileged at first, as the
// directory may have to be made in somebody else's.
Status CheckStateDirectory(const std::string& directory) {
  HARK_RETURN_IF_ERROR(MakeDirectories(directory));
  const Status usable =
      TryWithoutPrivileges([&] { return LockStateDirectory(directory).status(); });
  // In use by another worker: said by whoever locks it for good.
  if (usable.ok() || usable.code() == StatusCode::kUnavailable) return Status::Ok();
  struct stat its {};
  stat(directory.c_str(), &its);
  return InvalidInput(StrCat("state_dir ", directory, " is user ", its.st_uid,
                             "'s, and without privileges, which are dropped, user ", geteuid(),
                             " cannot write there: chown it, or run hark-worker as its owner with "
                             "CAP_NET_RAW"));
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
  if (const Status usable = CheckStateDirectory(config.state_dir); !usable.ok()) {
    if (config.discover != "auto") return usable;
    LogWarning(kWhere, "listeners are looked for by connect(): " + usable.message());
    return none;
  }
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
