#pragma once

// For tests: a run that exists in memory, put into a store as the coordinator would.

#include "analysis/fake_run_reader.h"
#include "storage/store.h"

namespace hark {

inline Status CopyRun(const RunReader& from, Store& to) {
  const std::unique_ptr<StoreWrite> write = to.NewWrite();
  const uint32_t run = from.run().id();
  write->PutRun(from.run());
  HARK_RETURN_IF_ERROR(from.ForEachJob([&](const proto::JobRow& job) {
    write->PutJob(run, job);
    return Status::Ok();
  }));
  HARK_RETURN_IF_ERROR(from.ForEachHost([&](const Address& address, const proto::HostRow& row) {
    write->PutHost(run, address, row);
    return Status::Ok();
  }));
  HARK_RETURN_IF_ERROR(
      from.ForEachPort([&](const Address& address, uint16_t port, const proto::PortRow& row) {
        write->PutPort(run, address, port, row);
        return Status::Ok();
      }));
  return to.Commit(*write, true);
}

}  // namespace hark
