#include "api/view_keeper.h"

#include <algorithm>
#include <filesystem>

#include "base/log.h"
#include "base/strings.h"

namespace hark {
namespace {

namespace fs = std::filesystem;

constexpr const char* kWhere = "api/view";
// Opening a store replays what its writer has not put into tables yet, up to a second's work. It
// shall not take more than a twentieth of our time, however often the store changes.
constexpr int kPauseFactor = 20;

MonoTime Now() {
  return std::chrono::steady_clock::now();
}

Result<ApiView> TakeFrom(std::shared_ptr<const Store> store) {
  ApiView view;
  view.history = store->ReadHistory();
  view.store = std::move(store);
  return view;
}

}  // namespace

std::string StoreFingerprint(const std::string& db) {
  std::vector<std::string> parts;
  std::error_code error;
  for (fs::directory_iterator at(db, error), end; !error && at != end; at.increment(error)) {
    const std::string name = at->path().filename();
    if (!name.ends_with(".log") && !name.starts_with("MANIFEST-")) continue;
    std::error_code gone;
    const uintmax_t size = at->file_size(gone);
    parts.push_back(StrCat(name, "=", gone ? 0 : size));
  }
  std::sort(parts.begin(), parts.end());
  return Join(parts, " ");
}

Result<std::unique_ptr<ViewKeeper>> ViewKeeper::OfDirectory(const std::string& db,
                                                            Duration refresh) {
  const Take take = [db]() -> Result<ApiView> {
    HARK_ASSIGN_OR_RETURN(std::unique_ptr<Store> store, Store::Open(db, Store::Mode::kReadOnly));
    return TakeFrom(std::move(store));
  };
  return Start(
      take, [db] { return StoreFingerprint(db); }, refresh);
}

Result<std::unique_ptr<ViewKeeper>> ViewKeeper::OfStore(Store& store, const std::string& db,
                                                        Duration refresh) {
  // Not ours to end.
  const std::shared_ptr<const Store> open(std::shared_ptr<void>(), &store);
  return Start([open] { return TakeFrom(open); }, [db] { return StoreFingerprint(db); }, refresh);
}

Result<std::unique_ptr<ViewKeeper>> ViewKeeper::Start(Take take,
                                                      std::function<std::string()> changes,
                                                      Duration refresh) {
  std::unique_ptr<ViewKeeper> keeper(new ViewKeeper(std::move(take), std::move(changes), refresh));
  HARK_RETURN_IF_ERROR(keeper->Renew());
  keeper->thread_ = std::thread([raw = keeper.get()] { raw->Run(); });
  return keeper;
}

ViewKeeper::ViewKeeper(Take take, std::function<std::string()> changes, Duration refresh)
    : take_(std::move(take)), changes_(std::move(changes)), refresh_(refresh), pause_(refresh) {}

ViewKeeper::~ViewKeeper() {
  {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
  }
  stop_.notify_all();
  if (thread_.joinable()) thread_.join();
}

std::shared_ptr<const ApiView> ViewKeeper::Newest() const {
  const std::lock_guard lock(mutex_);
  return newest_;
}

Status ViewKeeper::Renew() {
  const MonoTime began = Now();
  // Before: what is written meanwhile is seen as a change the next time.
  std::string seen = changes_();
  HARK_ASSIGN_OR_RETURN(ApiView view, take_());
  view.generation = ++generation_;
  pause_ = std::max(refresh_, (Now() - began) * kPauseFactor);
  seen_ = std::move(seen);
  auto fresh = std::make_shared<const ApiView>(std::move(view));
  const std::lock_guard lock(mutex_);
  if (newest_ != nullptr) older_.push_back(newest_);
  newest_ = std::move(fresh);
  return Status::Ok();
}

void ViewKeeper::FreeUnused() {
  std::vector<std::shared_ptr<const ApiView>> unused;  // let go of without the lock
  const std::lock_guard lock(mutex_);
  for (auto& view : older_) {
    if (view.use_count() == 1) unused.push_back(std::move(view));
  }
  std::erase(older_, nullptr);
}

void ViewKeeper::Run() {
  for (;;) {
    {
      std::unique_lock lock(mutex_);
      if (stop_.wait_for(lock, pause_, [this] { return stopped_; })) return;
    }
    FreeUnused();
    if (changes_() == seen_) continue;
    const Status status = Renew();
    // A writer may have taken a file away while it was being opened; the older view still answers.
    if (!status.ok()) {
      LogEvent(LogLevel::kWarning, kWhere, "cannot look at the store again",
               {{"error", status.message()}});
    }
  }
}

}  // namespace hark
