#pragma once

// Whose owners asked to be left out: versioned, never taken back, for every run of a store. A plan
// made later excludes them; runs that are going on hear of them at once (Dispatcher::SetOptOuts).
//
// An entry is an address, a prefix, FIRST-LAST, of either family, or an AS ("AS64496"). An AS is
// the networks of both families it announced by the geo data of the day it was added; a later plan
// adds what it announces by then.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/address_set.h"
#include "base/status.h"
#include "coordinator/geo.h"
#include "proto/control.pb.h"
#include "storage/store.h"

namespace hark {

// Of one addition, so that it fits a message; more is several additions.
inline constexpr int kMaxOptOutEntries = 10'000;

struct OptOuts {
  uint64_t version = 0;  // of the last step, 0 = there are none
  AddressSet addresses;
  AddressSet purged;                    // those of them of which nothing may be stored
  std::vector<uint32_t> ases;           // sorted, distinct
  std::vector<proto::OptOutRow> steps;  // oldest first
};

Result<OptOuts> LoadOptOuts(const Store& store);
// Durable when it returns. kInvalidInput names the entry that is none, or the AS whose ranges are
// not given. Gives the version in which they are: the last one, if they were all there already and
// nothing is to be purged.
Result<uint64_t> AddOptOuts(Store& store, const proto::AddOptOuts& what, int64_t unix_ms);
// The addresses of the entries.
Result<AddressSet> ParseOptOuts(const proto::AddOptOuts& what);
// The addresses of one stored step.
Result<AddressSet> AddressesOf(const proto::OptOutRow& row);

// "AS64496", any case; nullopt when it is something else.
std::optional<uint32_t> ParseAs(std::string_view entry);
// An address, prefix, range or AS, and nothing else: what may be an entry.
Status CheckOptOutEntry(std::string_view entry);
// Looks up the ASes among the entries that have no ranges yet. kInvalidInput when geo is empty or
// knows no address of one: a number mistyped would leave nobody out.
Status AddAsRanges(const GeoTable& geo, proto::AddOptOuts* what);
// All that is left out when a plan is made with this geo data.
AddressSet OptOutsUnder(const OptOuts& opt_outs, const GeoTable& geo);

}  // namespace hark
