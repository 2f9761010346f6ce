#pragma once

// The lines before SSH's binary packets (RFC 4253 §4.2): any number of free ones, then the
// server's identification.

#include <string>
#include <string_view>
#include <vector>

namespace hark {

class SshGreeting {
 public:
  enum class State {
    kReading,
    kIdentified,  // SSH-2.0 or SSH-1.99
    kOldVersion,  // an SSH too old to have host keys in our sense
    kNotSsh,      // binary, or the greeting of another protocol
    kTooLong,     // beyond kMaxSshIdentification, kMaxSshPreLines or kMaxSshPreBytes
  };

  // Takes bytes up to the end of the identification; returns how many. Takes none once
  // state() is not kReading.
  size_t Feed(std::string_view bytes);

  State state() const { return state_; }
  // The SSH- line without CR LF, or what there is of the line being read.
  const std::string& line() const { return line_; }
  const std::vector<std::string>& pre_lines() const { return pre_lines_; }
  std::vector<std::string>& pre_lines() { return pre_lines_; }
  bool empty() const { return line_.empty() && pre_lines_.empty(); }
  // All that was said, for quoting.
  std::string Text() const;

 private:
  void Take(char c);
  void EndLine();

  State state_ = State::kReading;
  std::string line_;
  std::vector<std::string> pre_lines_;
  size_t pre_bytes_ = 0;
};

}  // namespace hark
