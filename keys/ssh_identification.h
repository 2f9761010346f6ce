#pragma once

// The parts of an SSH identification line (RFC 4253 §4.2):
//   SSH-protoversion-softwareversion SP comments

#include <string_view>

namespace hark {

// Views into the line. Parts the line does not have are empty.
struct SshIdentification {
  std::string_view protocol;  // "2.0", "1.99"
  std::string_view software;  // to the first blank; dashes in it are its own
  std::string_view comment;   // all behind that blank
};

// `line` without its line end. All empty if it does not begin with "SSH-".
SshIdentification SplitSshIdentification(std::string_view line);

}  // namespace hark
