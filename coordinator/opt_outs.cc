#include "coordinator/opt_outs.h"

#include "base/address.h"
#include "base/strings.h"

namespace hark {
namespace {

constexpr size_t kMaxReason = 500;
constexpr size_t kMaxEntry = 64;  // two addresses and a dash are 31
// All of them go out to every worker in one message of at most 4 MiB, 8 bytes a range.
constexpr size_t kMaxRanges = 200'000;

Result<Range> ParseEntry(const std::string& entry) {
  if (entry.size() > kMaxEntry) return InvalidInput("too long for an address, prefix or range");
  if (entry.find(':') != entry.npos) {
    return InvalidInput("surveys go to IPv4 addresses only, so there is nothing to leave out");
  }
  return ParseRange(entry);
}

}  // namespace

Result<RangeSet> ParseOptOuts(const proto::AddOptOuts& what) {
  if (what.entries().empty()) return InvalidInput("no address to leave out");
  if (what.entries_size() > kMaxOptOutEntries) {
    return InvalidInput(StrCat("more than ", kMaxOptOutEntries, " entries at once"));
  }
  if (what.reason().size() > kMaxReason) {
    return InvalidInput(StrCat("the reason is longer than ", kMaxReason, " bytes"));
  }
  std::vector<Range> ranges;
  for (const std::string& entry : what.entries()) {
    const Result<Range> range = ParseEntry(entry);
    if (!range.ok()) {
      return range.status().Prepend(StrCat("'", EscapeForDisplay(entry.substr(0, kMaxEntry)), "'"));
    }
    ranges.push_back(*range);
  }
  return RangeSet(std::move(ranges));
}

Result<OptOuts> LoadOptOuts(const Store& store) {
  OptOuts all;
  std::vector<Range> ranges;
  HARK_RETURN_IF_ERROR(store.ForEachOptOut([&](proto::OptOutRow row) -> Status {
    if (row.version() != all.version + 1) return Corruption("a step of the opt-outs is missing");
    for (const std::string& entry : row.entries()) {
      HARK_ASSIGN_OR_RETURN(const Range range, ParseEntry(entry));
      ranges.push_back(range);
    }
    all.version = row.version();
    all.steps.push_back(std::move(row));
    return Status::Ok();
  }));
  all.addresses = RangeSet(std::move(ranges));
  return all;
}

Result<uint64_t> AddOptOuts(Store& store, const proto::AddOptOuts& what, int64_t unix_ms) {
  HARK_ASSIGN_OR_RETURN(const RangeSet added, ParseOptOuts(what));
  HARK_ASSIGN_OR_RETURN(const OptOuts before, LoadOptOuts(store));
  if (added.Minus(before.addresses).empty()) return before.version;
  if (before.addresses.Union(added).ranges().size() > kMaxRanges) {
    return InvalidInput(StrCat("more than ", WithThousands(kMaxRanges),
                               " separate opt-outs; merge some into prefixes"));
  }
  proto::OptOutRow row;
  row.set_version(before.version + 1);
  row.set_unix_ms(unix_ms);
  row.set_reason(what.reason());
  *row.mutable_entries() = what.entries();
  const std::unique_ptr<StoreWrite> write = store.NewWrite();
  write->PutOptOut(row);
  HARK_RETURN_IF_ERROR(store.Commit(*write, true));
  return row.version();
}

}  // namespace hark
