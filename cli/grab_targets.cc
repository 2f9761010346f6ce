#include "cli/grab_targets.h"

#include <algorithm>

#include "base/special_ranges.h"
#include "base/strings.h"

namespace hark {
namespace {

// 65,536 addresses. Searching larger IPv6 prefixes address by address finds nobody.
constexpr uint32_t kShortestPrefix6 = 112;

}  // namespace

GrabTargets::GrabTargets(std::vector<uint16_t> default_ports)
    : default_ports_(std::move(default_ports)) {}

Status GrabTargets::Add(std::string_view word) {
  const size_t colon = word.rfind(':');
  if (word.substr(0, 1) == "[") {
    const size_t end = word.find("]:");
    if (end == word.npos) return InvalidInput("an IPv6 address with a port is [ADDRESS]:PORT");
    return AddWithPort(word.substr(1, end - 1), word.substr(end + 2));
  }
  if (colon != word.npos && word.find(':') != colon) return AddPrefix6(word);
  if (colon != word.npos) return AddWithPort(word.substr(0, colon), word.substr(colon + 1));
  HARK_ASSIGN_OR_RETURN(const Range range, ParseRange(word));
  ranges_.push_back(range);
  return Status::Ok();
}

Status GrabTargets::AddWithPort(std::string_view address, std::string_view port) {
  const std::optional<Address> host = Address::Parse(address);
  if (!host) return InvalidInput("not ADDRESS:PORT; names are not resolved");
  const std::optional<uint64_t> number = ParseUint(port);
  if (!number || *number == 0 || *number > 65535) return InvalidInput("no port 1 to 65535");
  AddHost(*host, static_cast<uint16_t>(*number));
  return Status::Ok();
}

Status GrabTargets::AddPrefix6(std::string_view word) {
  HARK_ASSIGN_OR_RETURN(const Prefix6 prefix, Prefix6::Parse(word));
  if (prefix.length < kShortestPrefix6) {
    return InvalidInput(StrCat("an IPv6 prefix of more than 65,536 addresses cannot be searched; ",
                               "give /", kShortestPrefix6, " or longer, or a list of addresses"));
  }
  std::string bytes(prefix.first.bytes());
  const uint32_t low = static_cast<uint8_t>(bytes[14]) << 8 | static_cast<uint8_t>(bytes[15]);
  const uint32_t hosts = 0xffffU >> (prefix.length - kShortestPrefix6);
  for (uint32_t i = 0; i <= hosts; ++i) {
    const uint32_t number = (low & ~hosts) | i;
    bytes[14] = static_cast<char>(number >> 8);
    bytes[15] = static_cast<char>(number & 0xff);
    AddHost(*Address::FromBytes(bytes), 0);
  }
  return Status::Ok();
}

// port 0: the default ones, which come beside those named.
void GrabTargets::AddHost(const Address& address, uint16_t port) {
  std::set<uint16_t>& ports = wishes_[address];
  if (port != 0) {
    ports.insert(port);
  } else {
    ports.insert(default_ports_.begin(), default_ports_.end());
  }
}

uint64_t GrabTargets::Close(const ContactRules& rules) {
  const RangeSet asked(std::move(ranges_));
  plain_ = asked.Minus(rules.closed_v4());
  uint64_t closed = asked.size() - plain_.size();
  std::vector<Range> moved;
  for (auto& [address, ports] : wishes_) {
    if (!rules.MayContact(address)) {
      ++closed;
      continue;
    }
    // One host, one visit: it must not be called on twice at once.
    if (address.is_v4() && plain_.Contains(address.v4())) {
      ports.insert(default_ports_.begin(), default_ports_.end());
      moved.push_back({address.v4(), address.v4()});
    }
    special_.push_back({address, {ports.begin(), ports.end()}});
  }
  wishes_.clear();
  plain_ = plain_.Minus(RangeSet(std::move(moved)));
  return closed;
}

GrabTarget GrabTargets::At(uint64_t index) const {
  if (index < plain_.size()) return {Address::V4(plain_.At(index)), default_ports_};
  return special_[index - plain_.size()];
}

uint64_t GrabTargets::CountPublic() const {
  const Result<RangeSet> closed = SpecialExclusions(RangeSet());
  return plain_.Minus(*closed).size() +
         static_cast<uint64_t>(std::count_if(
             special_.begin(), special_.end(),
             [](const GrabTarget& target) { return IsGlobalAddress(target.address); }));
}

}  // namespace hark
