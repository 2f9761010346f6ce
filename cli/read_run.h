#pragma once

// How commands that only look get at a store and a run in it: read-only, also beside a scan that
// is writing.

#include <memory>
#include <string>

#include "base/status.h"
#include "storage/store.h"

namespace hark {

// A run and the store it lives in.
struct RunToRead {
  std::unique_ptr<Store> store;  // declared first: outlives the reader
  std::unique_ptr<RunReader> reader;
};

// name: "" = the newest. A run the store does not have is kInvalidInput, naming those it has.
Result<RunToRead> OpenRunToRead(const std::string& db, const std::string& name);
Result<std::unique_ptr<RunReader>> ReadNamedRun(const Store& store, const std::string& name);

}  // namespace hark
