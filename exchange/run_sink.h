#pragma once

// Imported hosts as a run, so that reports, clusters and comparisons work on them; and into the
// history, as HistoryTarget does it. Hosts that are names go to the history only.
//
// A host or port that comes several times is merged so that neither order nor repetition matter:
// of two views of a port the one that shows more stays, with the keys of both.

#include <map>
#include <string>

#include "exchange/history_sink.h"

namespace hark {

struct ImportedRun {
  std::string name;
  std::string country;  // "" = none. Hosts of which the source tells no country are taken as in it
  std::string source;   // for people
};

// The run's row, new or as an earlier import left it. It counts as cancelled until FinishRun: a
// run of which a part is missing. kInvalidInput: the name is no name for a run, or is another
// run's.
Result<proto::RunRow> OpenImportedRun(Store& store, const ImportedRun& wanted);

// Once all is in it: the plan is what was imported, one finished job went through it, and the
// ledger adds up. May be done again when more was imported.
Status FinishImportedRun(Store& store, const std::string& name);

class RunTarget : public HistoryTarget {
 public:
  RunTarget(Store& store, std::string progress_name, RejectFile& rejects, std::string source,
            const proto::RunRow& run);

 protected:
  bool Gathers() const override { return false; }
  Status AddMore(const std::vector<ImportedHost>& hosts, StoreWrite& write) override;

 private:
  struct Rows {
    proto::HostRow host;
    std::map<uint16_t, proto::PortRow> ports;
  };
  Result<Rows*> RowsAt(const Address& address, std::map<Address, Rows>* rows);
  Status MergePort(const Address& address, const ImportedPort& port, Rows* rows, StoreWrite& write);
  void MergeHost(const ImportedHost& from, bool is_new, proto::HostRow* row) const;

  const uint32_t run_;
  const std::string country_;
};

}  // namespace hark
