#include "coordinator/remembering.h"

#include <sys/resource.h>
#include <unistd.h>

#include "base/log.h"
#include "base/strings.h"
#include "coordinator/purge.h"
#include "storage/remember.h"

namespace hark {
namespace {

constexpr const char* kWhere = "coordinator/remembering";
constexpr Duration kLookEvery = std::chrono::seconds(5);
constexpr int kNiceness = 10;  // workers' results come first

Status RememberAtLeisure(Store& store, const std::atomic<bool>& stops) {
  setpriority(PRIO_PROCESS, static_cast<id_t>(gettid()), kNiceness);
  const auto goes_on = [&stops](const std::string&, uint64_t) { return !stops; };
  return RememberRuns(store, goes_on).status();
}

}  // namespace

Result<bool> RememberRuns(
    Store& store, const std::function<bool(const std::string& run, uint64_t hosts)>& goes_on) {
  HARK_ASSIGN_OR_RETURN(const std::vector<proto::RunRow> runs, NotRemembered(store));
  for (const proto::RunRow& run : runs) {
    HARK_ASSIGN_OR_RETURN(const uint64_t version, PurgedVersion(store));
    HARK_ASSIGN_OR_RETURN(const bool whole, RememberRun(store, run, [&](uint64_t hosts) {
                            return goes_on(run.name(), hosts);
                          }));
    // What was read before a purge may have been written behind it.
    HARK_RETURN_IF_ERROR(ForgetPurgedSince(store, version));
    if (!whole) return false;
    LogInfo(kWhere, StrCat("run ", run.name(), " is in the history"));
  }
  return true;
}

Status Remembering::Poll(MonoTime now) {
  if (in_hand_.valid()) {
    if (in_hand_.wait_for(std::chrono::seconds(0)) != std::future_status::ready) {
      return Status::Ok();
    }
    return in_hand_.get();
  }
  if (now < look_at_ || stops_) return Status::Ok();
  look_at_ = now + kLookEvery;
  HARK_ASSIGN_OR_RETURN(const std::vector<proto::RunRow> due, NotRemembered(store_));
  if (due.empty()) return Status::Ok();
  in_hand_ = std::async(std::launch::async, [this] { return RememberAtLeisure(store_, stops_); });
  return Status::Ok();
}

void Remembering::Stop() {
  stops_ = true;
  if (in_hand_.valid()) in_hand_.wait();
}

}  // namespace hark
