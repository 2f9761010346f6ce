#pragma once

// Who looked up what: a line of JSON a request, appended to a file (docs/api-server.md has its
// members). Requests never wait for the disk: a thread of its own writes what has come, five times
// a second. The file may be moved away or removed at any time; the next lines begin a new one.
//
// What cannot be written (a full disk) is kept up to kMostWaitingBytes and tried again; beyond that
// lines are lost, and counted in a line of their own when there is space again.

#include <condition_variable>
#include <cstddef>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "api/http_gate.h"
#include "base/status.h"
#include "base/unique_fd.h"

namespace hark {

class AuditLog final : public AuditSink {
 public:
  // Some 60,000 requests: three seconds at 20,000 a second, or minutes of a day like others.
  static constexpr size_t kMostWaitingBytes = 16 << 20;

  // kInvalidInput: the file cannot be made or written to. most_waiting: for tests.
  static Result<std::unique_ptr<AuditLog>> Open(const std::string& file,
                                                size_t most_waiting = kMostWaitingBytes);
  // Writes what waits, if the disk takes it.
  ~AuditLog() override;

  void Add(AuditEvent event) override;

 private:
  AuditLog(std::string file, size_t most_waiting)
      : file_(std::move(file)), most_waiting_(most_waiting) {}
  Status Reopen();
  bool IsMoved() const;
  void Run();
  void Write(const std::vector<AuditEvent>& events, uint64_t lost);
  bool Flush();

  const std::string file_;
  const size_t most_waiting_;

  std::mutex mutex_;
  std::condition_variable wake_;
  std::vector<AuditEvent> waiting_;
  size_t waiting_bytes_ = 0;  // of waiting_ and of what is not written yet
  uint64_t lost_ = 0;
  bool stopped_ = false;

  // Of the writing thread.
  UniqueFd fd_;
  std::string unwritten_;
  bool complained_ = false;
  std::thread thread_;
};

// The line, with its end. Printable ASCII whatever was asked.
std::string AuditLine(const AuditEvent& event);

}  // namespace hark
