#include "coordinator/backup_desk.h"

#include <chrono>
#include <string>

#include "base/log.h"
#include "base/random.h"
#include "base/strings.h"

namespace hark {
namespace {

constexpr const char* kWhere = "coordinator/backup";
constexpr size_t kMaxPath = 4096;

}  // namespace

BackupDesk::~BackupDesk() {
  stop_ = true;
}

Result<proto::BackupState> BackupDesk::On(const proto::BackUp& request) {
  if (request.ticket() == 0) return Begin(request.to());
  if (request.ticket() != ticket_ || !going_on_.valid()) {
    return InvalidInput("the coordinator knows nothing of that backup");
  }
  proto::BackupState state;
  state.set_ticket(ticket_);
  if (going_on_.wait_for(std::chrono::seconds(0)) != std::future_status::ready) return state;
  HARK_ASSIGN_OR_RETURN(const StoreBackup backup, going_on_.get());
  LogInfo(kWhere, StrCat("backup ", backup.id, " is complete"));
  state.set_done(true);
  state.set_id(backup.id);
  state.set_unix_s(backup.unix_s);
  state.set_bytes(backup.bytes);
  state.set_files(backup.files);
  return state;
}

Result<proto::BackupState> BackupDesk::Begin(const std::string& to) {
  if (to.empty() || to.front() != '/' || to.size() > kMaxPath || to.find('\0') != to.npos) {
    return InvalidInput("a backup needs an absolute path");
  }
  const bool busy =
      going_on_.valid() && going_on_.wait_for(std::chrono::seconds(0)) != std::future_status::ready;
  if (busy) return Unavailable("a backup goes on already");
  do {
    ticket_ = SecureU64();
  } while (ticket_ == 0);
  LogInfo(kWhere, StrCat("a backup to '", EscapeForDisplay(to), "' begins"));
  going_on_ =
      std::async(std::launch::async, [this, to] { return BackUpStore(store_, to, &stop_); });
  proto::BackupState state;
  state.set_ticket(ticket_);
  return state;
}

}  // namespace hark
