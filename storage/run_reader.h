#pragma once

// The read side of the store for analysts: one run (or several) seen through one consistent
// snapshot, also while a scan is writing. Visitors stream; nothing larger than one record is held.
//
// Threads: a reader is used by one thread; several readers may exist at once.

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/address.h"
#include "base/status.h"
#include "keys/key_id.h"
#include "proto/store.pb.h"

namespace hark {

// A host showed a key on a port.
struct KeyUse {
  KeyId key;
  Address address;
  uint16_t port = 0;

  auto operator<=>(const KeyUse&) const = default;
};

class RunReader {
 public:
  using HostVisit = std::function<Status(const Address&, const proto::HostRow&)>;
  using PortVisit = std::function<Status(const Address&, uint16_t port, const proto::PortRow&)>;
  using KeyVisit = std::function<Status(const KeyUse&)>;

  virtual ~RunReader() = default;

  virtual const proto::RunRow& run() const = 0;

  // Every grabbed host, in address order. A visitor that returns an error ends the visit with it.
  virtual Status ForEachHost(
      const std::function<Status(const Address&, const proto::HostRow&)>& visit) const = 0;

  // Every (host, port) with an observation, in (address, port) order.
  virtual Status ForEachPort(const std::function<Status(const Address&, uint16_t port,
                                                        const proto::PortRow&)>& visit) const = 0;

  // Every use of a key, in (key, address, port) order: the clustering pass.
  virtual Status ForEachKeyUse(const std::function<Status(const KeyUse&)>& visit) const = 0;

  // The same from a place on, itself included, so that runs can be walked side by side.
  virtual Status ForEachHostFrom(const Address& from, const HostVisit& visit) const {
    return ForEachHost([&](const Address& address, const proto::HostRow& row) {
      return address < from ? Status::Ok() : visit(address, row);
    });
  }
  virtual Status ForEachPortFrom(const Address& from, uint16_t from_port,
                                 const PortVisit& visit) const {
    return ForEachPort([&](const Address& address, uint16_t port, const proto::PortRow& row) {
      const bool before = address < from || (address == from && port < from_port);
      return before ? Status::Ok() : visit(address, port, row);
    });
  }
  virtual Status ForEachKeyUseFrom(const KeyUse& from, const KeyVisit& visit) const {
    return ForEachKeyUse([&](const KeyUse& use) { return use < from ? Status::Ok() : visit(use); });
  }

  // ForEachHost and ForEachPort in one go, each in its order; a host comes before its ports. Reads
  // a store once where they would read it twice.
  virtual Status ForEachRecord(const HostVisit& visit_host, const PortVisit& visit_port) const {
    HARK_RETURN_IF_ERROR(ForEachHost(visit_host));
    return ForEachPort(visit_port);
  }

  // The same from a host on.
  virtual Status ForEachRecordFrom(const Address& from, const HostVisit& visit_host,
                                   const PortVisit& visit_port) const {
    HARK_RETURN_IF_ERROR(ForEachHostFrom(from, visit_host));
    return ForEachPortFrom(from, 0, visit_port);
  }

  // The run's jobs; their tallies sum to the coverage ledger (analysis/coverage.h).
  virtual Status ForEachJob(const std::function<Status(const proto::JobRow&)>& visit) const = 0;

  // What was taken out of the run again; its tallies still count it.
  virtual Result<proto::PurgeRow> Purged() const { return proto::PurgeRow(); }
  // The IPv4 target set, encoded (base/range_set.h); kNotFound if the store has none.
  virtual Result<std::string> TargetSet() const { return NotFound("no target set"); }
  // The IPv4 addresses of the run's sources that were excluded, likewise.
  virtual Result<std::string> LeftOut() const { return NotFound("not told what was left out"); }
  // The listeners found, in order of discovery; 0.0.0.0 stands where one was taken out again.
  virtual Status ForEachListener(const std::function<Status(const Address&)>& visit) const {
    (void)visit;
    return Status::Ok();
  }

  // What the sweep saw, by index of the run's order, ascending.
  virtual Status ForEachSwept(
      const std::function<Status(uint64_t first_index, const proto::SweptRow&)>& visit) const {
    (void)visit;
    return Status::Ok();
  }

  // A certificate body by its SHA-256 (32 bytes); kNotFound if the store has none.
  virtual Result<std::string> Certificate(std::string_view sha256) const = 0;
};

}  // namespace hark
