#include "storage/backup.h"

#include <rocksdb/utilities/backup_engine.h>

#include <filesystem>
#include <memory>

#include "base/file.h"
#include "base/strings.h"
#include "storage/rocks.h"

namespace hark {
namespace {

namespace fs = std::filesystem;

rocksdb::BackupEngineOptions EngineOptions(const std::string& directory) {
  rocksdb::BackupEngineOptions options(directory);
  options.backup_env = rocksdb::Env::Default();  // wherever the store lies
  // A backup that power cuts can undo is none.
  options.sync = true;
  options.share_table_files = true;
  return options;
}

StoreBackup Told(const rocksdb::BackupInfo& info) {
  return {info.backup_id, info.timestamp, info.size, info.number_files};
}

Result<std::unique_ptr<rocksdb::BackupEngineReadOnly>> OpenToRead(const std::string& from) {
  if (!fs::is_directory(from)) {
    return InvalidInput(StrCat("no backups in '", EscapeForDisplay(from), "'"));
  }
  rocksdb::BackupEngineReadOnly* engine = nullptr;
  const rocksdb::IOStatus opened =
      rocksdb::BackupEngineReadOnly::Open(EngineOptions(from), rocksdb::Env::Default(), &engine);
  std::unique_ptr<rocksdb::BackupEngineReadOnly> owned(engine);
  HARK_RETURN_IF_ERROR(
      FromRocks(StrCat("open the backups in '", EscapeForDisplay(from), "'"), opened));
  return owned;
}

Result<StoreBackup> Chosen(const rocksdb::BackupEngineReadOnly& engine, uint32_t id,
                           const std::string& from) {
  std::vector<rocksdb::BackupInfo> infos;
  engine.GetBackupInfo(&infos);
  if (infos.empty()) return InvalidInput(StrCat("no backups in '", EscapeForDisplay(from), "'"));
  if (id == 0) return Told(infos.back());
  for (const rocksdb::BackupInfo& info : infos) {
    if (info.backup_id == id) return Told(info);
  }
  return InvalidInput(StrCat("no backup ", id, " in '", EscapeForDisplay(from), "'"));
}

// Inside the store's own directory a backup would be lost with it.
Status CheckPlace(const std::string& db, const std::string& to) {
  std::error_code error;
  const fs::path store = fs::weakly_canonical(db, error), place = fs::weakly_canonical(to, error);
  const fs::path way = place.lexically_relative(store);
  if (!way.empty() && *way.begin() != "..") {
    return InvalidInput(StrCat("'", EscapeForDisplay(to), "' lies in the store itself"));
  }
  fs::create_directories(to, error);
  if (error) {
    return InvalidInput(StrCat("cannot create '", EscapeForDisplay(to), "': ", error.message()));
  }
  return Status::Ok();
}

}  // namespace

Result<StoreBackup> BackUpStore(Store& store, const std::string& to,
                                const std::atomic<bool>* stop) {
  const std::shared_ptr<Rocks> rocks = RocksOf(store);
  if (rocks == nullptr) return Internal("this store has nothing to back up");
  HARK_RETURN_IF_ERROR(CheckPlace(rocks->db().GetName(), to));
  rocksdb::BackupEngine* opened = nullptr;
  HARK_RETURN_IF_ERROR(
      FromRocks(StrCat("open the backups in '", EscapeForDisplay(to), "'"),
                rocksdb::BackupEngine::Open(EngineOptions(to), rocks->db().GetEnv(), &opened)));
  const std::unique_ptr<rocksdb::BackupEngine> engine(opened);
  rocksdb::CreateBackupOptions options;
  // What is only in the log becomes tables, which the next backup need not copy again.
  options.flush_before_backup = true;
  options.progress_callback = [&] {
    if (stop != nullptr && *stop) engine->StopBackup();
  };
  rocksdb::BackupID id = 0;
  const rocksdb::IOStatus made = engine->CreateNewBackup(options, &rocks->db(), &id);
  if (!made.ok() && stop != nullptr && *stop) return Unavailable("the backup was stopped");
  HARK_RETURN_IF_ERROR(FromRocks("back up the store", made));
  rocksdb::BackupInfo info;
  HARK_RETURN_IF_ERROR(FromRocks("look at the new backup", engine->GetBackupInfo(id, &info)));
  return Told(info);
}

Result<std::vector<StoreBackup>> BackupsIn(const std::string& from) {
  HARK_ASSIGN_OR_RETURN(const auto engine, OpenToRead(from));
  std::vector<rocksdb::BackupInfo> infos;
  engine->GetBackupInfo(&infos);
  std::vector<StoreBackup> backups;
  for (const rocksdb::BackupInfo& info : infos) backups.push_back(Told(info));
  return backups;
}

// Beside its place first: who is killed leaves no half of a store that somebody takes for one.
Result<StoreBackup> RestoreStore(const std::string& from, uint32_t id, const std::string& to) {
  std::error_code error;
  if (fs::exists(to, error)) {
    return InvalidInput(StrCat("'", EscapeForDisplay(to),
                               "' exists; a backup is restored into a "
                               "directory of its own"));
  }
  HARK_ASSIGN_OR_RETURN(const auto engine, OpenToRead(from));
  HARK_ASSIGN_OR_RETURN(StoreBackup chosen, Chosen(*engine, id, from));
  const std::string partial = to + ".restoring";
  fs::remove_all(partial, error);
  fs::create_directories(partial, error);
  if (error) {
    return InvalidInput(
        StrCat("cannot create '", EscapeForDisplay(partial), "': ", error.message()));
  }
  HARK_RETURN_IF_ERROR(
      FromRocks("compare the backup with its checksums", engine->VerifyBackup(chosen.id, true)));
  HARK_RETURN_IF_ERROR(
      FromRocks("restore the backup", engine->RestoreDBFromBackup(chosen.id, partial, partial)));
  fs::rename(partial, to, error);
  if (error) {
    return IoError(StrCat("cannot rename to '", EscapeForDisplay(to), "': ", error.message()));
  }
  const fs::path parent = fs::absolute(to).parent_path();
  HARK_RETURN_IF_ERROR(SyncDirectory(parent.string()));
  return chosen;
}

}  // namespace hark
