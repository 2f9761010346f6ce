#pragma once

// The newest view of a store that somebody else writes to: looks whether the store has changed, and
// takes a new view when it has, beside the answers that are being made from older ones.

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "api/api_context.h"
#include "base/status.h"
#include "base/time.h"

namespace hark {

class ViewKeeper {
 public:
  // A view of the store as it is now, without a generation. Called in the keeper's thread.
  using Take = std::function<Result<ApiView>()>;

  // Of a directory that this process has not open: opens it read-only, again for every view.
  static Result<std::unique_ptr<ViewKeeper>> OfDirectory(const std::string& db, Duration refresh);
  // Of a store that this process works on. It outlives the keeper and all views.
  static Result<std::unique_ptr<ViewKeeper>> OfStore(Store& store, const std::string& db,
                                                     Duration refresh);
  // changes: another text whenever the store is another one.
  static Result<std::unique_ptr<ViewKeeper>> Start(Take take, std::function<std::string()> changes,
                                                   Duration refresh);
  ~ViewKeeper();

  // Never null. Thread-safe, cheap.
  std::shared_ptr<const ApiView> Newest() const;

 private:
  ViewKeeper(Take take, std::function<std::string()> changes, Duration refresh);
  Status Renew();
  void Run();
  void FreeUnused();

  const Take take_;
  const std::function<std::string()> changes_;
  const Duration refresh_;
  std::string seen_;  // of changes_, before the newest view was taken
  Duration pause_;    // until the next look
  uint64_t generation_ = 0;

  mutable std::mutex mutex_;
  std::condition_variable stop_;
  bool stopped_ = false;
  std::shared_ptr<const ApiView> newest_;
  // Views are let go of in the keeper's thread: closing a store takes milliseconds.
  std::vector<std::shared_ptr<const ApiView>> older_;
  std::thread thread_;
};

// A text that is another one when somebody has written to the store in this directory: names and
// sizes of its logs and tables of contents.
std::string StoreFingerprint(const std::string& db);

}  // namespace hark
