#include "coordinator/opt_outs.h"

#include <algorithm>
#include <map>
#include <set>

#include "base/address.h"
#include "base/strings.h"

namespace hark {
namespace {

constexpr size_t kMaxReason = 500;
constexpr size_t kMaxDate = 10;   // YYYY-MM-DD
constexpr size_t kMaxEntry = 96;  // two IPv6 addresses and a dash are 79
// All of them go out to every worker in one message of at most 4 MiB.
constexpr size_t kMaxBytes = 2'000'000;

Status Named(std::string_view entry, const Status& why) {
  return why.Prepend(StrCat("'", EscapeForDisplay(entry.substr(0, kMaxEntry)), "'"));
}

template <typename What>
Result<AddressSet> AddressesIn(const What& what) {
  std::vector<AddressSpan> spans;
  std::set<uint32_t> known;
  AddressSet of_ases;
  for (const proto::AsRanges& as : what.ases()) {
    HARK_ASSIGN_OR_RETURN(const AddressSet ranges, AddressSet::Decode(as.ranges()));
    known.insert(as.asn());
    of_ases = of_ases.Union(ranges);
  }
  for (const std::string& entry : what.entries()) {
    if (const Status status = CheckOptOutEntry(entry); !status.ok()) return Named(entry, status);
    if (const std::optional<uint32_t> asn = ParseAs(entry)) {
      if (known.contains(*asn)) continue;
      return Named(entry, InvalidInput("needs geo data to know its addresses; give --geo=FILE"));
    }
    spans.push_back(*ParseSpan(entry));
  }
  return AddressSet(spans).Union(of_ases);
}

Status CheckTexts(const proto::AddOptOuts& what) {
  const bool noted = what.notes_size() > 0;
  if (noted && what.notes_size() != what.entries_size()) {
    return InvalidInput("not one note an entry");
  }
  bool fits = what.reason().size() <= kMaxReason;
  for (const proto::OptOutNote& note : what.notes()) {
    fits &= note.reason().size() <= kMaxReason && note.date().size() <= kMaxDate;
  }
  return fits ? Status::Ok()
              : InvalidInput(StrCat("the reason is longer than ", kMaxReason, " bytes"));
}

}  // namespace

std::optional<uint32_t> ParseAs(std::string_view entry) {
  const std::optional<uint32_t> asn =
      StartsWithIgnoreCase(entry, "AS") ? ParseAsn(entry) : std::nullopt;
  return asn && *asn != 0 ? asn : std::nullopt;  // 0: RFC 7607
}

Status CheckOptOutEntry(std::string_view entry) {
  if (entry.size() > kMaxEntry) return InvalidInput("too long for an address, prefix or range");
  if (ParseAs(entry)) return Status::Ok();
  return ParseSpan(entry).status();
}

Result<AddressSet> ParseOptOuts(const proto::AddOptOuts& what) {
  if (what.entries().empty()) return InvalidInput("no address to leave out");
  if (what.entries_size() > kMaxOptOutEntries) {
    return InvalidInput(StrCat("more than ", kMaxOptOutEntries, " entries at once"));
  }
  HARK_RETURN_IF_ERROR(CheckTexts(what));
  return AddressesIn(what);
}

Result<AddressSet> AddressesOf(const proto::OptOutRow& row) {
  return AddressesIn(row);
}

Status AddAsRanges(const GeoTable& geo, proto::AddOptOuts* what) {
  std::set<uint32_t> missing;
  for (const std::string& entry : what->entries()) {
    if (const std::optional<uint32_t> asn = ParseAs(entry)) missing.insert(*asn);
  }
  for (const proto::AsRanges& as : what->ases()) missing.erase(as.asn());
  if (missing.empty() || geo.empty()) return Status::Ok();  // ParseOptOuts names what is missing
  const std::map<uint32_t, AddressSet> networks = geo.NetworksOf(missing);
  for (const uint32_t asn : missing) {
    const auto found = networks.find(asn);
    if (found == networks.end()) {
      return InvalidInput(StrCat("AS", asn, " announces no address in the geo data"));
    }
    proto::AsRanges& as = *what->add_ases();
    as.set_asn(asn);
    for (std::string& piece : found->second.Encode()) as.add_ranges(std::move(piece));
  }
  return Status::Ok();
}

Result<OptOuts> LoadOptOuts(const Store& store) {
  OptOuts all;
  std::set<uint32_t> ases;
  HARK_RETURN_IF_ERROR(store.ForEachOptOut([&](proto::OptOutRow row) -> Status {
    if (row.version() != all.version + 1) return Corruption("a step of the opt-outs is missing");
    HARK_ASSIGN_OR_RETURN(const AddressSet added, AddressesOf(row));
    all.addresses = all.addresses.Union(added);
    if (row.purge()) all.purged = all.purged.Union(added);
    for (const proto::AsRanges& as : row.ases()) ases.insert(as.asn());
    all.version = row.version();
    all.steps.push_back(std::move(row));
    return Status::Ok();
  }));
  all.ases.assign(ases.begin(), ases.end());
  return all;
}

Result<uint64_t> AddOptOuts(Store& store, const proto::AddOptOuts& what, int64_t unix_ms) {
  HARK_ASSIGN_OR_RETURN(const AddressSet added, ParseOptOuts(what));
  HARK_ASSIGN_OR_RETURN(const OptOuts before, LoadOptOuts(store));
  if (added.Minus(before.addresses).empty() && !what.purge()) return before.version;
  if (before.addresses.Union(added).wire_bytes() > kMaxBytes) {
    return InvalidInput(StrCat("more separate opt-outs than ", WithThousands(kMaxBytes),
                               " bytes hold; merge some into prefixes"));
  }
  proto::OptOutRow row;
  row.set_version(before.version + 1);
  row.set_unix_ms(unix_ms);
  row.set_reason(what.reason());
  *row.mutable_entries() = what.entries();
  *row.mutable_notes() = what.notes();
  *row.mutable_ases() = what.ases();
  row.set_purge(what.purge());
  const std::unique_ptr<StoreWrite> write = store.NewWrite();
  write->PutOptOut(row);
  HARK_RETURN_IF_ERROR(store.Commit(*write, true));
  return row.version();
}

AddressSet OptOutsUnder(const OptOuts& opt_outs, const GeoTable& geo) {
  AddressSet all = opt_outs.addresses;
  for (const auto& [asn, networks] : geo.NetworksOf({opt_outs.ases.begin(), opt_outs.ases.end()})) {
    all = all.Union(networks);
  }
  return all;
}

}  // namespace hark
