#pragma once

// What look-ups see: the history of the store, and over it the records of runs that are not
// remembered yet, so that a host is known minutes after its visit. `hark lookup` and the API ask
// it the same questions. Of runs that are not remembered, hosts and keys are seen; banners,
// certificates, algorithm lists and names are found when the run is.
//
// Threads: may be used by several at once.

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/api_context.h"
#include "api/effort.h"
#include "base/host_id.h"
#include "base/status.h"
#include "storage/history.h"
#include "storage/sighting.h"
#include "storage/store.h"

namespace hark {

// What look-ups need of a run.
struct KnownRun {
  uint32_t id = 0;
  std::string name;
  bool remembered = false;  // all of it is in the history
};

// All that is known of one host.
struct HostMemory {
  struct Record {  // of a run that visited it
    std::string run;
    int64_t unix_s = 0;
    std::string country;  // by the run's geo data, "" = unknown
    uint32_t asn = 0;
  };

  std::vector<PortHistory> ports;      // ascending
  std::map<Fact, SightedFact> bodies;  // of facts from runs that are not remembered
  std::vector<Record> runs;            // newest first

  bool empty() const { return ports.empty() && runs.empty(); }
};

class MemoryView {
 public:
  using PlaceFinder = std::function<ApiPlace(const Address&)>;
  using RunList = std::vector<KnownRun>;  // oldest first

  static Result<std::shared_ptr<const RunList>> ReadRuns(const Store& store);

  // place: as ApiContext has it; may be empty.
  MemoryView(std::shared_ptr<const ApiView> view, std::shared_ptr<const RunList> runs,
             PlaceFinder place)
      : view_(std::move(view)), runs_(std::move(runs)), place_(std::move(place)) {}

  const HistoryReader& history() const { return *view_->history; }
  const Store& store() const { return *view_->store; }
  const ApiView& view() const { return *view_; }
  const RunList& runs() const { return *runs_; }

  // Empty if it was never seen.
  Result<HostMemory> Host(const HostId& host, Effort& effort) const;
  // Empty if that port was never seen.
  Result<Timeline> Port(const FactUse& place, Effort& effort) const;
  // The first places from `from` on where the fact was seen, in order, at most so many.
  Result<std::vector<FactUse>> Uses(const Fact& fact, const FactUse& from, size_t most,
                                    Effort& effort) const;
  // Keys with this id (32 bytes; SHA-256 of the SPKI).
  Result<std::vector<Fact>> KeysById(std::string_view id) const;
  // kNotFound if only the reference is known.
  Result<RememberedKey> Key(const Fact& fact) const;

  // Where the host is: by the server's geo data; without, as the newest run that has it was told,
  // or that run. Names are nowhere.
  Result<ApiPlace> PlaceOf(const HostId& host, const std::string& run, Effort& effort) const;

 private:
  Status AddRun(const KnownRun& run, const Address& address, HostMemory& memory) const;
  Status AddRunUses(const KnownRun& run, const Fact& fact, const FactUse& from, size_t most,
                    std::vector<FactUse>& uses) const;

  std::shared_ptr<const ApiView> view_;
  std::shared_ptr<const RunList> runs_;
  PlaceFinder place_;
};

}  // namespace hark
