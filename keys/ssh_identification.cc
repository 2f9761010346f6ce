#include "keys/ssh_identification.h"

namespace hark {
namespace {

// What stands before the first `separator`; it and the separator are taken off the text.
std::string_view TakeUpTo(std::string_view& text, char separator) {
  const size_t end = text.find(separator);
  const std::string_view part = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  return part;
}

}  // namespace

SshIdentification SplitSshIdentification(std::string_view line) {
  constexpr std::string_view kStart = "SSH-";
  SshIdentification parts;
  if (!line.starts_with(kStart)) return parts;
  line.remove_prefix(kStart.size());
  parts.protocol = TakeUpTo(line, '-');
  parts.software = TakeUpTo(line, ' ');
  parts.comment = line;
  return parts;
}

}  // namespace hark
