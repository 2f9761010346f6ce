#pragma once

// Status and Result: what failed on our side. What a *peer* does is not a Status but an Outcome.
//
// The code decides what a program does with a failure: kInvalidInput is the operator's to mend and
// ends a command with exit code 2; everything else ends it with 1.

#include <cassert>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

namespace hark {

enum class StatusCode {
  kOk,
  kInvalidInput,  // the operator asked for something that cannot be: exit 2
  kNotFound,
  kIo,           // a system call failed
  kDiskFull,     // no space: nothing unacknowledged was promised
  kCorruption,   // stored or received bytes do not hold together
  kUnavailable,  // busy or away; may work later
  kInterrupted,  // the operator stopped us; resumable
  kInternal,     // our own bug
};

class [[nodiscard]] Status {
 public:
  Status() = default;
  Status(StatusCode code, std::string message) : code_(code), message_(std::move(message)) {}

  static Status Ok() { return {}; }

  bool ok() const { return code_ == StatusCode::kOk; }
  StatusCode code() const { return code_; }
  const std::string& message() const { return message_; }

  // The same failure with "context: " in front, for the way up.
  Status Prepend(std::string_view context) const {
    if (ok()) return *this;
    return {code_, std::string(context) + ": " + message_};
  }

 private:
  StatusCode code_ = StatusCode::kOk;
  std::string message_;
};

inline Status InvalidInput(std::string message) {
  return {StatusCode::kInvalidInput, std::move(message)};
}
inline Status NotFound(std::string message) {
  return {StatusCode::kNotFound, std::move(message)};
}
inline Status IoError(std::string message) {
  return {StatusCode::kIo, std::move(message)};
}
inline Status Corruption(std::string message) {
  return {StatusCode::kCorruption, std::move(message)};
}
inline Status Unavailable(std::string message) {
  return {StatusCode::kUnavailable, std::move(message)};
}
inline Status Internal(std::string message) {
  return {StatusCode::kInternal, std::move(message)};
}

// "what: strerror(errno)" as kIo, kDiskFull for ENOSPC/EDQUOT.
Status ErrnoStatus(std::string_view what, int error_number);

// A value or the Status why there is none.
template <typename T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::move(value)) {}  // NOLINT: implicit on purpose, as is the next
  Result(Status status) : state_(std::move(status)) { assert(!std::get<Status>(state_).ok()); }

  bool ok() const { return std::holds_alternative<T>(state_); }
  Status status() const { return ok() ? Status::Ok() : std::get<Status>(state_); }

  T& value() & { return std::get<T>(state_); }
  const T& value() const& { return std::get<T>(state_); }
  T&& value() && { return std::get<T>(std::move(state_)); }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(*this).value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

 private:
  std::variant<T, Status> state_;
};

#define HARK_CONCAT_(a, b) a##b
#define HARK_CONCAT(a, b) HARK_CONCAT_(a, b)

#define HARK_RETURN_IF_ERROR(expr)               \
  do {                                           \
    ::hark::Status hark_status_ = (expr);        \
    if (!hark_status_.ok()) return hark_status_; \
  } while (false)

// HARK_ASSIGN_OR_RETURN(auto x, F()): x = *F(), or return F's status.
#define HARK_ASSIGN_OR_RETURN(lhs, expr) \
  HARK_ASSIGN_OR_RETURN_(HARK_CONCAT(hark_result_, __LINE__), lhs, expr)
#define HARK_ASSIGN_OR_RETURN_(result, lhs, expr) \
  auto result = (expr);                           \
  if (!result.ok()) return result.status();       \
  lhs = std::move(result).value()

}  // namespace hark
