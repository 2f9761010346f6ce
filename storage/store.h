#pragma once

// The store: everything hark remembers, in one RocksDB directory. The only door to RocksDB.
//
// Column families, keys and values are documented byte by byte in docs/formats/store.md. Writers
// build a StoreWrite and commit it whole; a synced commit survives kill -9 and power loss. Opening
// for writing takes the directory's lock (a second writer gets kUnavailable); opening read-only
// works beside a writer and sees what it had flushed to its log.
//
// Threads: Store is thread-safe. A StoreWrite belongs to one thread.

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/address.h"
#include "base/address_set.h"
#include "base/status.h"
#include "proto/store.pb.h"
#include "storage/history.h"
#include "storage/run_reader.h"
#include "storage/sighting.h"

namespace hark {

class StoreWrite;
class Rocks;
class Store;
std::shared_ptr<Rocks> RocksOf(const Store& store);  // storage/rocks.h

// A host to be visited again, and where in the run's revisit lists it stands.
struct StoredRevisit {
  uint32_t list = 0;
  uint64_t position = 0;
  proto::RevisitRow row;
};

class Store {
 public:
  enum class Mode {
    kReadWrite,  // creates the directory and the schema when they are missing
    kReadOnly,
  };

  // Failures are the operator's to understand: a directory that is not a store, is locked by
  // another process, is not writable, or was written by a newer hark.
  static Result<std::unique_ptr<Store>> Open(const std::string& directory, Mode mode);
  // A store in memory, for tests and simulation. Its content dies with it.
  static Result<std::unique_ptr<Store>> OpenInMemory();

  // Of one opened for writing: who opens it next finds an empty log and replays nothing, unless the
  // disk fails. Nothing depends on it but time.
  virtual ~Store() = default;

  // Commits everything in `write` or nothing. sync: on return the data survives power loss.
  // kDiskFull and kIo leave the store read-only until Resume or reopening; nothing of `write` is
  // visible, and the same `write` may be committed again then.
  virtual Status Commit(StoreWrite& write, bool sync) = 0;
  // Commit with sync, for writes of tens of megabytes: several times as fast for them, slower for
  // small ones. One at a time.
  virtual Status CommitBulk(StoreWrite& write) = 0;
  // After a failed Commit: makes what was committed durable in new files and takes writes again.
  // Fails while the disk does, and for good where only reopening helps.
  virtual Status Resume() = 0;
  virtual std::unique_ptr<StoreWrite> NewWrite() = 0;

  // Runs, oldest first.
  virtual Result<std::vector<proto::RunRow>> Runs() const = 0;
  virtual Result<proto::RunRow> FindRun(std::string_view name) const = 0;  // kNotFound
  virtual Result<std::vector<proto::JobRow>> Jobs(uint32_t run) const = 0;
  virtual Result<std::string> TargetSet(std::string_view sha256) const = 0;
  // Listener positions [from, to) of a run, in order of discovery.
  virtual Result<std::vector<Address>> Listeners(uint32_t run, uint64_t from,
                                                 uint64_t to) const = 0;
  virtual Result<uint64_t> ListenerCount(uint32_t run) const = 0;
  // Every entry of the run's revisit lists, by list and position.
  virtual Status ForEachRevisit(uint32_t run,
                                const std::function<Status(StoredRevisit)>& visit) const = 0;
  // The hosts at positions [from, to) of one of them.
  virtual Result<std::vector<Address>> Revisits(uint32_t run, uint32_t list, uint64_t from,
                                                uint64_t to) const = 0;
  // What is known of a visited host; kNotFound before its first visit.
  virtual Result<proto::HostRow> FindHost(uint32_t run, const Address& address) const = 0;
  virtual Result<proto::PortRow> FindPort(uint32_t run, const Address& address,
                                          uint16_t port) const = 0;
  virtual Result<std::unique_ptr<RunReader>> ReadRun(std::string_view name) const = 0;
  // What was ever seen where, of all runs that have been remembered and all imports.
  virtual std::unique_ptr<HistoryReader> ReadHistory() const = 0;
  // What PutRemembered last put for the run; nullopt: nothing of it is in the history.
  virtual Result<std::optional<std::string>> Remembered(uint32_t run) const = 0;

  // meta: small named values.
  virtual Result<std::optional<std::string>> Meta(std::string_view name) const = 0;
  // The steps of the opt-outs, oldest first.
  virtual Status ForEachOptOut(const std::function<Status(proto::OptOutRow)>& visit) const = 0;
  // Writes wait now, because compaction has fallen behind.
  virtual bool WritesStall() const = 0;
  // The names that targets of the run came from, by address.
  virtual Status ForEachName(
      uint32_t run,
      const std::function<Status(const Address&, const proto::NameRow&)>& visit) const = 0;
  // Visited hosts of the run in `where`, with their ports' rows, in address order.
  using HostVisitor = std::function<Status(const Address&, const proto::HostRow&,
                                           const std::vector<proto::PortRow>&)>;
  virtual Status ForEachHostIn(uint32_t run, const AddressSet& where,
                               const HostVisitor& visit) const = 0;
  // As RunReader has it.
  virtual Status ForEachSwept(
      uint32_t run,
      const std::function<Status(uint64_t first_index, const proto::SweptRow&)>& visit) const = 0;
  // What was taken out of the run again; empty if nothing was.
  virtual Result<proto::PurgeRow> Purged(uint32_t run) const = 0;

  // SHA-256 over all that must be equal however a run was interrupted: hosts, ports, keys and
  // coverage of the run, in order, without times, workers, jobs or durations.
  virtual Result<std::string> LogicalDigest(std::string_view run_name) const = 0;

 private:
  friend std::shared_ptr<Rocks> RocksOf(const Store& store);
  virtual std::shared_ptr<Rocks> rocks() const { return nullptr; }
};

// Changes that become visible together.
class StoreWrite {
 public:
  virtual ~StoreWrite() = default;

  virtual void PutMeta(std::string_view name, std::string_view value) = 0;
  virtual void PutOptOut(const proto::OptOutRow& row) = 0;
  virtual void PutRun(const proto::RunRow& run) = 0;
  virtual void PutTargetSet(std::string_view sha256, std::string_view encoded) = 0;
  virtual void PutJob(uint32_t run, const proto::JobRow& job) = 0;
  virtual void PutListener(uint32_t run, uint64_t position, const Address& address) = 0;
  virtual void PutRevisit(uint32_t run, const StoredRevisit& revisit) = 0;
  // The host's row and its ports, with their key index entries and first/last seen. A port's row
  // that replaces an older one takes the index entries of keys it no longer has with it.
  // Certificate bodies stay: other hosts may show the same.
  virtual void PutHost(uint32_t run, const Address& address, const proto::HostRow& host) = 0;
  virtual void PutPort(uint32_t run, const Address& address, uint16_t port,
                       const proto::PortRow& row) = 0;
  // The same where the caller knows that there is no older row: none is looked for, and a PutPort
  // of the same write does not find this one.
  virtual void PutNewPort(uint32_t run, const Address& address, uint16_t port,
                          const proto::PortRow& row) = 0;
  virtual void PutCertificate(std::string_view sha256, std::string_view der) = 0;
  virtual void PutNames(uint32_t run, const Address& address, const proto::NameRow& names) = 0;
  virtual void DeleteNames(uint32_t run, const Address& address) = 0;
  // The host's row, these rows of its ports, their key index entries, and that it was ever seen.
  virtual void DeleteHost(uint32_t run, const Address& address,
                          const std::vector<proto::PortRow>& ports) = 0;
  virtual void PutSwept(uint32_t run, uint64_t first_index, const proto::SweptRow& row) = 0;
  virtual void PutPurged(uint32_t run, const proto::PurgeRow& row) = 0;
  // Into the history: a fact that this place had already costs nothing but the time. Twice the same
  // is once. Where a fact's body is given it is kept, once.
  virtual void PutSighting(const Sighting& sighting) = 0;
  // Everything the history has of the host, but for bodies.
  virtual void ForgetHost(const HostId& host) = 0;
  // How far the run's records are in the history (storage/remember.h).
  virtual void PutRemembered(uint32_t run, std::string_view place) = 0;

  virtual bool empty() const = 0;
  virtual size_t bytes() const = 0;  // of keys and values
  // The changes as RocksDB logs them: for a bench that writes the same again without us.
  virtual std::string_view log_bytes() = 0;
};

}  // namespace hark
