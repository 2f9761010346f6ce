#include "cli/opt_out_add.h"

#include <algorithm>
#include <memory>

#include "base/strings.h"
#include "base/time.h"
#include "coordinator/opt_outs.h"
#include "coordinator/purge.h"
#include "storage/store.h"

namespace hark {
namespace {

// At most so many at once; the later ones follow when the earlier ones are durable.
std::vector<proto::AddOptOuts> StepsOf(const OptOutWish& wish) {
  const bool noted = std::any_of(wish.lines.begin(), wish.lines.end(), [](const OptOutLine& line) {
    return !line.date.empty() || !line.reason.empty();
  });
  std::vector<proto::AddOptOuts> steps;
  for (const OptOutLine& line : wish.lines) {
    if (steps.empty() || steps.back().entries_size() == kMaxOptOutEntries) {
      steps.emplace_back().set_reason(wish.reason);
      steps.back().set_purge(wish.purge);
    }
    steps.back().add_entries(line.entry);
    if (!noted) continue;
    proto::OptOutNote& note = *steps.back().add_notes();
    note.set_date(line.date);
    note.set_reason(line.reason);
  }
  return steps;
}

Result<AddedOptOuts> AddAtRest(const std::string& db, const std::vector<proto::AddOptOuts>& steps,
                               bool purge) {
  HARK_ASSIGN_OR_RETURN(const std::unique_ptr<Store> store,
                        Store::Open(db, Store::Mode::kReadWrite));
  AddedOptOuts added;
  for (const proto::AddOptOuts& step : steps) {
    HARK_ASSIGN_OR_RETURN(added.version, AddOptOuts(*store, step, SystemClock().UnixMillis()));
  }
  if (purge) {
    HARK_ASSIGN_OR_RETURN(added.purged_hosts, PurgeDue(*store));
  }
  return added;
}

}  // namespace

Result<AddedOptOuts> AddToStore(ControlClient* client, const std::string& db,
                                const OptOutWish& wish, const GeoTable& geo) {
  std::vector<proto::AddOptOuts> steps = StepsOf(wish);
  for (proto::AddOptOuts& step : steps) HARK_RETURN_IF_ERROR(AddAsRanges(geo, &step));
  if (client == nullptr) return AddAtRest(db, steps, wish.purge);
  AddedOptOuts added;
  for (proto::AddOptOuts& step : steps) {
    proto::ControlRequest request;
    *request.mutable_add_opt_outs() = std::move(step);
    HARK_ASSIGN_OR_RETURN(const proto::ControlReply reply, client->Ask(std::move(request)));
    added.version = reply.exclusions_version();
    added.orders_version = reply.orders_version();
    added.purged_hosts += reply.purged_hosts();
  }
  return added;
}

Status TakeOptOutFile(const std::string& db, const std::string& file, const GeoTable& geo) {
  if (file.empty()) return Status::Ok();
  OptOutWish wish;
  Result<std::vector<OptOutLine>> lines = ReadOptOutFile(file);
  if (!lines.ok()) return lines.status().Prepend("--opt_out_file");
  wish.lines = std::move(*lines);
  wish.reason = StrCat("from ", EscapeForDisplay(file));
  if (wish.lines.empty()) return Status::Ok();
  HARK_ASSIGN_OR_RETURN(const std::unique_ptr<ControlClient> client, ControlClient::Connect(db));
  return AddToStore(client.get(), db, wish, geo).status().Prepend("--opt_out_file");
}

}  // namespace hark
