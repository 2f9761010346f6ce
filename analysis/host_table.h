#pragma once

// The grabbed hosts of a run under dense numbers 0..size()-1 in address order, with what the
// analysis asks of them often. 4 bytes of address per IPv4 host, 17 per IPv6 host, and 11 more:
// ten million hosts fit in 150 MB. Immutable once read; any number of threads may use it.

#include <cstdint>
#include <optional>
#include <vector>

#include "base/address.h"
#include "base/status.h"
#include "storage/run_reader.h"

namespace hark {

class HostTable {
 public:
  // Empty. Hosts that answered on canary ports, too, take part only when asked for.
  explicit HostTable(bool include_answers_all = false)
      : include_answers_all_(include_answers_all) {}

  // One pass over ForEachHost.
  static Result<HostTable> Read(const RunReader& reader, bool include_answers_all = false);
  // For who has a pass of their own. kCorruption when the hosts do not come in ascending order.
  Status Add(const Address& address, const proto::HostRow& row);
  // After the last Add: gives memory back and makes Find fast.
  void Complete();

  uint32_t size() const { return static_cast<uint32_t>(asns_.size()); }
  Address address(uint32_t host) const;
  std::optional<uint32_t> Find(const Address& address) const;
  uint32_t asn(uint32_t host) const { return asns_[host]; }  // 0 unknown
  // When its visit began; 0 unknown.
  int64_t started_unix(uint32_t host) const { return started_[host]; }
  proto::HostRow::Country in_country(uint32_t host) const {
    return static_cast<proto::HostRow::Country>(countries_[host] & ~kAnswersAll);
  }
  // Whether the host takes part in the analysis: a host known to be elsewhere does not (the
  // paper's rule), one of unknown country does.
  bool takes_part(uint32_t host) const {
    return in_country(host) != proto::HostRow::OUT && (include_answers_all_ || !answers_all(host));
  }
  // It accepts connections on ports nobody listens on: what it shows is a middlebox's or a trap's.
  bool answers_all(uint32_t host) const { return (countries_[host] & kAnswersAll) != 0; }

 private:
  static constexpr uint8_t kAnswersAll = 0x80;  // beside the country

  // Where in v4_ an address can be.
  struct Part {
    uint32_t begin, end;
  };
  Part PartOf(uint32_t v4) const;

  std::vector<uint32_t> v4_;  // hosts [0, v4_.size())
  // v4_ in parts of 2^v4_shift_ addresses from its first on: where each begins, and the end.
  std::vector<uint32_t> v4_begins_;
  int v4_shift_ = 0;
  std::vector<Address> v6_;  // the hosts after them
  std::vector<uint32_t> asns_;
  std::vector<uint32_t> started_;
  std::vector<uint8_t> countries_;
  bool include_answers_all_ = false;
};

}  // namespace hark
