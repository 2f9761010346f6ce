#pragma once

// Reads hark NDJSON (exchange/ndjson_format.h) into a store: a run as a run, history as history.
// The file may be hostile: lines are bounded and checked, and what does not fit is rejected with a
// reason. Reading the same file again changes nothing, so an import that was cut short is done
// again.
//
// Until its end has come a run is in the store as an open, cancelled one: no coordinator goes on
// with it, and nobody takes a part for all of it.
//
// Threads: none.

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/status.h"
#include "exchange/imported_host.h"
#include "exchange/ndjson_line.h"
#include "proto/store.pb.h"
#include "storage/store.h"

namespace hark {

struct NdjsonReaderOptions {
  std::string run_name;  // instead of the file's; "" = as it is there
};

// What was read.
struct NdjsonSummary {
  std::string run;  // "" for history
  uint64_t lines = 0;
  uint64_t rejected = 0;
  uint64_t hosts = 0;
  uint64_t ports = 0;
  uint64_t certificates = 0;
  uint64_t facts = 0;
  uint64_t visits = 0;
  // Whether the store's digest of the run is the one the file ends with; nullopt: it has none.
  std::optional<bool> same_digest;
};

class NdjsonReader {
 public:
  using Reject = std::function<Status(const RejectedLine& line)>;

  // store: opened for writing; outlives the reader.
  NdjsonReader(Store& store, NdjsonReaderOptions options, Reject reject);
  ~NdjsonReader();

  // The next line of the file, without its end. Failures are the store's or of `reject`, and
  // kInvalidInput for a file that cannot be read at all: none of ours, a newer hark's, or a run
  // whose name another one has.
  Status Line(std::string_view text);
  // After the last line. kInvalidInput when the file's own end is missing.
  Result<NdjsonSummary> Finish();

 private:
  enum class Content { kNotKnown, kRun, kHistory };
  struct Set {
    std::string sha256;
    std::string bytes;
  };

  Status Header();
  // Each gives why the line cannot be used, "" if it was; failures are the store's.
  Result<std::string_view> RunLine(std::string_view type);
  Result<std::string_view> HistoryLine(std::string_view type);
  Result<std::string_view> ReadRun();
  Result<std::string_view> ReadSet();
  std::string_view ReadJob();
  std::string_view ReadSwept();
  std::string_view ReadPurged();
  std::string_view ReadListeners();
  std::string_view ReadNames();
  std::string_view ReadRevisit();
  std::string_view ReadHost();
  std::string_view ReadPort();
  std::string_view ReadCertificate();
  std::string_view ReadFact();
  Result<std::string_view> ReadTimeline();
  std::string_view ReadEnd();
  Status PutVisits(const HostId& host, uint16_t port, const Timeline& timeline);
  Status EnterRun(proto::RunRow row);
  Status FinishRun();
  Status CommitIfLarge();
  Status CommitNow(bool sync);
  Status RejectLine(std::string_view reason, std::string_view text);

  template <typename Message>
  bool Row(Message& row) const;

  Store& store_;
  NdjsonReaderOptions options_;
  Reject reject_;
  NdjsonLine line_;
  std::unique_ptr<StoreWrite> write_;
  Content content_ = Content::kNotKnown;
  std::optional<proto::RunRow> run_;   // as it will be at the end
  Set set_;                            // whose parts are coming in
  std::map<Fact, SightedFact> ahead_;  // facts of the next timeline
  size_t ahead_bytes_ = 0;
  std::string end_digest_;
  bool ended_ = false;
  NdjsonSummary summary_;
};

}  // namespace hark
