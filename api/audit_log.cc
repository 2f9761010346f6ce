#include "api/audit_log.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <nlohmann/json.hpp>

#include "analysis/json_text.h"
#include "base/log.h"
#include "base/strings.h"

namespace hark {
namespace {

constexpr const char* kWhere = "api/audit";
constexpr auto kWriteEvery = std::chrono::milliseconds(200);
constexpr int kOwnerOnly = 0600;    // who looks up what is told to nobody else
constexpr size_t kLineBytes = 300;  // of one without its target, in memory

size_t BytesOf(const AuditEvent& event) {
  return kLineBytes + event.target.size();
}

}  // namespace

std::string AuditLine(const AuditEvent& event) {
  nlohmann::ordered_json line;
  line["time"] = UtcTextMillis(event.unix_ms);
  line["key"] = event.user;
  line["client"] = event.client;
  line["method"] = EscapeForDisplay(event.method);
  line["target"] = EscapeForDisplay(event.target);
  line["status"] = event.status;
  line["bytes"] = event.body_bytes;
  line["us"] = event.duration_us;
  return line.dump(-1, ' ', true, nlohmann::json::error_handler_t::replace) + "\n";
}

Result<std::unique_ptr<AuditLog>> AuditLog::Open(const std::string& file, size_t most_waiting) {
  std::unique_ptr<AuditLog> log(new AuditLog(file, most_waiting));
  HARK_RETURN_IF_ERROR(log->Reopen());
  log->thread_ = std::thread([raw = log.get()] { raw->Run(); });
  return log;
}

AuditLog::~AuditLog() {
  {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
}

Status AuditLog::Reopen() {
  fd_ = UniqueFd(open(file_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, kOwnerOnly));
  if (fd_.valid()) return Status::Ok();
  return InvalidInput(ErrnoStatus(StrCat("cannot write to ", file_), errno).message());
}

void AuditLog::Add(AuditEvent event) {
  const std::lock_guard lock(mutex_);
  const size_t bytes = BytesOf(event);
  if (waiting_bytes_ + bytes > most_waiting_) {
    ++lost_;
    return;
  }
  waiting_bytes_ += bytes;
  waiting_.push_back(std::move(event));
}

bool AuditLog::IsMoved() const {
  struct stat ours {
  }, there{};
  if (!fd_.valid() || fstat(fd_.get(), &ours) != 0) return true;
  if (stat(file_.c_str(), &there) != 0) return true;
  return ours.st_ino != there.st_ino || ours.st_dev != there.st_dev;
}

// All of what waits or nothing: half a line would spoil the next one.
bool AuditLog::Flush() {
  if (unwritten_.empty()) return true;
  if (IsMoved() && !Reopen().ok()) return false;
  const off_t before = lseek(fd_.get(), 0, SEEK_END);
  size_t done = 0;
  while (done < unwritten_.size()) {
    const ssize_t n = write(fd_.get(), unwritten_.data() + done, unwritten_.size() - done);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) break;
    done += static_cast<size_t>(n);
  }
  if (done == unwritten_.size()) {
    unwritten_.clear();
    return true;
  }
  // Not possible for a device or a pipe, which have no half lines to mend either.
  if (before >= 0 && ftruncate(fd_.get(), before) != 0) {
    LogWarning(kWhere, "half a line stays in the audit log");
  }
  return false;
}

void AuditLog::Write(const std::vector<AuditEvent>& events, uint64_t lost) {
  for (const AuditEvent& event : events) unwritten_ += AuditLine(event);
  if (lost > 0) {
    nlohmann::ordered_json line;
    line["time"] = UtcTextMillis(SystemClock().UnixMillis());
    line["lost"] = lost;
    unwritten_ += line.dump() + "\n";
  }
  const bool written = Flush();
  if (!written && !complained_) {
    LogEvent(LogLevel::kError, kWhere, "the audit log cannot be written to", {{"file", file_}});
  }
  complained_ = !written;
}

void AuditLog::Run() {
  std::unique_lock lock(mutex_);
  for (bool last = false; !last;) {
    wake_.wait_for(lock, kWriteEvery, [this] { return stopped_; });
    last = stopped_;
    const std::vector<AuditEvent> events = std::exchange(waiting_, {});
    // Said as soon as there is room for it, and then no more.
    const uint64_t lost = waiting_bytes_ < most_waiting_ / 2 ? std::exchange(lost_, 0) : 0;
    lock.unlock();
    Write(events, lost);
    lock.lock();
    // What is written is not waited for any more; what is not counts by its text.
    waiting_bytes_ = unwritten_.size();
    for (const AuditEvent& event : waiting_) waiting_bytes_ += BytesOf(event);
  }
}

}  // namespace hark
