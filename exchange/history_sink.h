#pragma once

// Imported hosts into the history (storage/history.h), and the place reached in the same write.

#include <future>
#include <memory>
#include <string>

#include "exchange/import_queue.h"
#include "exchange/reject_file.h"
#include "storage/store.h"

namespace hark {

// The sightings of a visit, one a port.
std::vector<Sighting> SightingsOf(ImportedHost host);

class HistoryTarget : public ImportTarget {
 public:
  // progress_name: where in meta the place is kept; "" = nowhere. source: for the reject file.
  HistoryTarget(Store& store, std::string progress_name, RejectFile& rejects, std::string source);

  Status Write(ImportBatch batch) override;
  Status Finish() override;

 protected:
  // Whether batches may wait for others, to be one large write (Store::CommitBulk). Not where a
  // batch asks the store for what the one before it wrote.
  virtual bool Gathers() const { return true; }
  // More of the batch for the same write, before it is committed.
  virtual Status AddMore(const std::vector<ImportedHost>&, StoreWrite&) { return Status::Ok(); }
  // Until everything before this batch can be read in the store: who asks it what is there already,
  // and would take "nothing" for an answer, waits first.
  Status AwaitCommit();

  Store& store_;

 private:
  void Commit(bool sync);

  const std::string progress_name_;
  RejectFile& rejects_;
  const std::string source_;
  std::unique_ptr<StoreWrite> write_;  // what was gathered; null = nothing
  // Of what was gathered before: while it is committed, the next one's changes are gathered. Half
  // of what a batch costs is either.
  std::future<Status> committing_;
};

}  // namespace hark
