#include "coordinator/committer.h"

#include <pthread.h>
#include <sys/eventfd.h>

#include <algorithm>
#include <functional>

#include "base/log.h"
#include "base/random.h"
#include "base/time.h"
#include "coordinator/purge.h"

namespace hark {
namespace {

// Of keys and values in one write, and half a MiB more with its last item.
constexpr size_t kMaxGroupBytes = 10 << 20;
// After a write of so many items the next begins so much later than it did: the more keys a write
// puts in order, the nearer each is to the one before it where RocksDB looks for its place.
constexpr size_t kManyItems = 32;
constexpr Duration kBetweenWrites = std::chrono::milliseconds(300);
constexpr Duration kSpaceLook = std::chrono::seconds(1);

uint64_t HashOf(uint32_t run, std::string_view address) {
  return Mix64(run) ^ std::hash<std::string_view>()(address);
}

}  // namespace

Committer::Committer(Store& store, const GeoTable& geo, std::map<uint32_t, std::string> countries)
    : store_(store),
      geo_(geo),
      wake_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
      countries_(std::move(countries)) {
  HARK_CHECK(wake_.valid());
  preparer_ = std::thread([this] { Prepare(); });
  writer_ = std::thread([this] { WriteGroups(); });
}

Committer::~Committer() {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    stopping_ = true;
  }
  work_.notify_one();
  ready_.notify_one();
  preparer_.join();
  writer_.join();
}

void Committer::AddRun(uint32_t run, std::string country) {
  const std::lock_guard<std::mutex> lock(mutex_);
  countries_[run] = std::move(country);
}

size_t Committer::waiting() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return unwritten_;
}

std::string Committer::CountryOf(uint32_t run) const {
  const std::lock_guard<std::mutex> lock(mutex_);
  const auto country = countries_.find(run);
  return country == countries_.end() ? std::string() : country->second;
}

void Committer::Submit(CommitItem item) {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    ++unwritten_;
    waiting_.push_back(std::move(item));
  }
  work_.notify_one();
}

std::vector<uint64_t> Committer::TakeDurable() {
  uint64_t count = 0;
  [[maybe_unused]] const ssize_t n = read(wake_.get(), &count, sizeof count);
  const std::lock_guard<std::mutex> lock(mutex_);
  return std::exchange(durable_, {});
}

std::vector<Result<uint64_t>> Committer::TakePurged() {
  const std::lock_guard<std::mutex> lock(mutex_);
  return std::exchange(purged_, {});
}

Status Committer::failure() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return failure_;
}

std::string Committer::waits_for() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (waiting_out_.ok()) return "";
  return "the disk is full; what was acknowledged is safe, it goes on when there is space";
}

void Committer::Retry() {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (broken_ || (failure_.ok() && waiting_out_.ok())) return;
    retry_ = true;
  }
  ready_.notify_one();
}

Status Committer::Flush() {
  Lock lock(mutex_);
  idle_.wait(lock, [this] {
    if (retry_ || trying_) return false;
    if (!failure_.ok() || !waiting_out_.ok()) return true;
    return waiting_.empty() && !in_hand_ && !gathered_ && !next_ && !writing_;
  });
  return failure_.ok() ? waiting_out_ : failure_;
}

void Committer::Wake() {
  const uint64_t one = 1;
  [[maybe_unused]] const ssize_t n = write(wake_.get(), &one, sizeof one);
}

// With mutex_ held: rows could not be made.
void Committer::Fail(Status status) {
  LogInfo("coordinator/committer", status.message());  // the owner tells the operator
  broken_ = true;
  if (failure_.ok()) failure_ = std::move(status);
  work_.notify_one();
  ready_.notify_one();
  idle_.notify_all();
  Wake();
}

Status Committer::Add(CommitItem& item, Group* group) {
  if (group->write == nullptr) group->write = store_.NewWrite();
  for (const proto::HostObservation& host : item.hosts) {
    group->hosts.insert(HashOf(item.run, host.address()));
  }
  HARK_RETURN_IF_ERROR(Ingest(item, geo_, CountryOf(item.run), store_, written_, *group->write));
  group->sync |= item.must_sync;
  if (item.ticket != 0) group->tickets.push_back(item.ticket);
  ++group->items;
  return Status::Ok();
}

// Rows are made from what they replace or add to, so those of one host go through the store one
// after the other. Hosts are visited again only when their last visit is durable, so this hardly
// ever waits.
void Committer::AwaitEarlierRows(const CommitItem& item, Group* group, Lock& lock) {
  const auto in = [&item](const std::unordered_set<uint64_t>& hosts) {
    return !hosts.empty() &&
           std::any_of(item.hosts.begin(), item.hosts.end(), [&](const auto& host) {
             return hosts.contains(HashOf(item.run, host.address()));
           });
  };
  if (item.round > 0 && in(group->hosts)) HandOver(group, lock);
  if (in(in_writing_) || (next_ && in(next_->hosts))) {
    work_.wait(lock, [this] { return stopping_ || broken_ || (!next_ && !writing_); });
  }
}

// Waits until the writer has room for it.
void Committer::HandOver(Group* group, Lock& lock) {
  work_.wait(lock, [this] { return (stopping_ && !failure_.ok()) || broken_ || !next_; });
  if (next_) return;
  if (group->items >= kManyItems) next_write_ = SystemClock().Now() + kBetweenWrites;
  next_ = std::exchange(*group, Group());
  gathered_ = false;
  ready_.notify_one();
}

// Alone with the store: what was accepted before is written, and nothing else is until it is done.
void Committer::Purge(Group* group, Lock& lock) {
  if (group->items > 0) HandOver(group, lock);
  work_.wait(lock, [this] { return stopping_ || broken_ || (!next_ && !writing_); });
  Result<uint64_t> hosts = Unavailable("the coordinator is leaving; its next start purges");
  if (!next_ && !writing_ && failure_.ok()) {
    lock.unlock();
    hosts = PurgeDue(store_);
    lock.lock();
  }
  purged_.push_back(std::move(hosts));
  in_hand_ = false;
  --unwritten_;
  idle_.notify_all();
  Wake();
}

bool Committer::IsFull(const Group& group) {
  return group.items > 0 && group.write->bytes() >= kMaxGroupBytes;
}

bool Committer::WriterIsFreeFor(const Group& group) const {
  return group.items > 0 && !next_ && !writing_;
}

bool Committer::MayHandOver(const Group& group) const {
  return WriterIsFreeFor(group) &&
         (stopping_ || IsFull(group) || SystemClock().Now() >= next_write_);
}

void Committer::AwaitWork(const Group& group, Lock& lock) {
  const auto is_there = [&] {
    return stopping_ || (failure_.ok() && (!waiting_.empty() || MayHandOver(group)));
  };
  work_.wait(lock, [&] { return is_there() || (failure_.ok() && WriterIsFreeFor(group)); });
  if (!is_there()) work_.wait_until(lock, next_write_, is_there);
}

void Committer::Prepare() {
  pthread_setname_np(pthread_self(), "hark-rows");
  Group group;
  Lock lock(mutex_);
  for (;;) {
    AwaitWork(group, lock);
    if (!failure_.ok() || (stopping_ && waiting_.empty() && group.items == 0)) {
      if (stopping_) break;
      continue;
    }
    const bool last = stopping_ && waiting_.empty();
    if (IsFull(group) || last || MayHandOver(group)) {
      HandOver(&group, lock);
      continue;
    }
    if (waiting_.empty()) continue;
    CommitItem item = std::move(waiting_.front());
    waiting_.pop_front();
    in_hand_ = true;
    if (item.purge) {
      Purge(&group, lock);
      continue;
    }
    AwaitEarlierRows(item, &group, lock);
    lock.unlock();
    Status status = Add(item, &group);
    lock.lock();
    in_hand_ = false;
    gathered_ = true;
    if (!status.ok()) Fail(std::move(status));
  }
  prepared_all_ = true;
  ready_.notify_one();
}

void Committer::WriteGroups() {
  pthread_setname_np(pthread_self(), "hark-store");
  Lock lock(mutex_);
  for (;;) {
    ready_.wait(lock, [this] { return next_ || prepared_all_ || broken_; });
    if (broken_ || !next_) return;
    Group group = std::move(*next_);
    next_.reset();
    work_.notify_one();
    unwritten_ -= group.items;
    in_writing_ = std::move(group.hosts);
    writing_ = true;
    if (!Write(group, lock)) return;
    writing_ = false;
    in_writing_.clear();
    durable_.insert(durable_.end(), group.tickets.begin(), group.tickets.end());
    work_.notify_one();
    idle_.notify_all();
    Wake();
  }
}

// Until it is written. False: it cannot be.
bool Committer::Write(Group& group, Lock& lock) {
  lock.unlock();
  Status status = store_.Commit(*group.write, group.sync);
  lock.lock();
  while (!status.ok()) {
    if (!AwaitRetry(status, lock)) return false;
    retry_ = false;
    trying_ = true;  // a Retry from here on is another one
    lock.unlock();
    status = store_.Resume();
    if (status.ok()) status = store_.Commit(*group.write, group.sync);
    lock.lock();
    trying_ = false;
  }
  retry_ = false;  // one that came meanwhile has nothing left to do
  group.write.reset();
  waiting_out_ = Status::Ok();
  if (!broken_) failure_ = Status::Ok();
  return !broken_;
}

// Says what is wrong, and waits until it is worth another try. False: there is none.
bool Committer::AwaitRetry(const Status& failed, Lock& lock) {
  const bool waits = waits_for_space_ && failed.code() == StatusCode::kDiskFull;
  if (waits && waiting_out_.ok()) LogWarning("coordinator/committer", failed.message());
  if (!waits) LogInfo("coordinator/committer", failed.message());  // the owner tells the operator
  if (!broken_) (waits ? waiting_out_ : failure_) = failed;
  if (!waits) waiting_out_ = Status::Ok();
  idle_.notify_all();
  Wake();
  const auto over = [this] { return stopping_ || broken_ || retry_; };
  if (waits) {
    ready_.wait_for(lock, kSpaceLook, over);
  } else {
    ready_.wait(lock, over);
  }
  if (!stopping_ && !broken_) return true;
  if (failure_.ok()) failure_ = failed;
  work_.notify_one();
  idle_.notify_all();
  return false;
}

}  // namespace hark
