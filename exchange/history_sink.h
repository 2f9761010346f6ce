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
  Status Finish() override { return CommitAll(); }

 protected:
  // More of the batch for the same write, before it is committed.
  virtual Status AddMore(const std::vector<ImportedHost>&, StoreWrite&) { return Status::Ok(); }
  // Does AddMore ask what is there already, and take "nothing" for an answer? Then everything
  // before its batch can be read in the store.
  virtual bool AsksTheStore() const { return false; }

  Store& store_;

 private:
  void BeginCommit(bool sync);
  Status AwaitCommit();
  Status CommitAll();

  const std::string progress_name_;
  RejectFile& rejects_;
  const std::string source_;
  std::unique_ptr<StoreWrite> write_;  // of batches that are not given to be committed yet
  // Of the write before: while it is committed, the next one's changes are gathered. Half of what
  // an import costs is either.
  std::future<Status> committing_;
};

}  // namespace hark
