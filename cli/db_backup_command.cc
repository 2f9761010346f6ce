// hark db backup: by the coordinator that runs on the store, or, if none does, by ourselves.

#include <chrono>
#include <filesystem>
#include <thread>

#include "base/strings.h"
#include "cli/control_client.h"
#include "cli/db_command.h"
#include "cli/db_text.h"
#include "cli/exit_code.h"
#include "cli/flags.h"
#include "cli/output.h"
#include "storage/store.h"

namespace hark {
namespace {

constexpr char kName[] = "hark db backup";
constexpr std::chrono::milliseconds kLook{200};

// Only the process that writes a store can copy it while it does.
Result<StoreBackup> AskCoordinator(ControlClient& client, const std::string& to) {
  proto::ControlRequest request;
  request.mutable_back_up()->set_to(std::filesystem::absolute(to).string());
  for (;;) {
    HARK_ASSIGN_OR_RETURN(const proto::ControlReply reply, client.Ask(request));
    const proto::BackupState& state = reply.backup();
    if (state.done()) return StoreBackup{state.id(), state.unix_s(), state.bytes(), state.files()};
    request.mutable_back_up()->set_ticket(state.ticket());
    std::this_thread::sleep_for(kLook);
  }
}

Result<StoreBackup> BackUp(const std::string& db, const std::string& to) {
  HARK_ASSIGN_OR_RETURN(const std::unique_ptr<ControlClient> client, ControlClient::Connect(db));
  if (client != nullptr) return AskCoordinator(*client, to);
  // Opening for writing would make a store where there is none.
  HARK_ASSIGN_OR_RETURN(auto store, Store::Open(db, Store::Mode::kReadOnly));
  store.reset();
  HARK_ASSIGN_OR_RETURN(store, Store::Open(db, Store::Mode::kReadWrite));
  return BackUpStore(*store, to);
}

}  // namespace

int RunDbBackup(const std::vector<std::string>& args) {
  std::string db, to;
  FlagSet flags(
      kName, "copy a store, also while a scan writes it",
      {{"db", Text(&db, "DIR"), "the store", true},
       {"to", Text(&to, "DIR"), "the backups; what is there already is not copied again", true}});
  flags.SetExamples({"hark db backup --db=out/db --to=/backups/hark"});
  const Result<ParsedFlags> parsed = flags.Parse(args);
  if (!parsed.ok()) return Fail(kName, parsed.status());
  if (parsed->help) return Fail(kName, WriteOutput("", flags.Help()));
  const Result<StoreBackup> backup = BackUp(db, to);
  if (!backup.ok()) return Fail(kName, backup.status());
  return Fail(kName, WriteOutput("", BackupAsText(*backup)));
}

}  // namespace hark
