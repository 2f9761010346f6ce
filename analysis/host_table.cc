#include "analysis/host_table.h"

#include <algorithm>
#include <limits>

#include "base/strings.h"

namespace hark {

Result<HostTable> HostTable::Read(const RunReader& reader, bool include_answers_all) {
  HostTable table(include_answers_all);
  HARK_RETURN_IF_ERROR(reader.ForEachHost(
      [&](const Address& address, const proto::HostRow& row) { return table.Add(address, row); }));
  table.ShrinkToFit();
  return table;
}

void HostTable::ShrinkToFit() {
  v4_.shrink_to_fit();
  v6_.shrink_to_fit();
  asns_.shrink_to_fit();
  started_.shrink_to_fit();
  countries_.shrink_to_fit();
}

Status HostTable::Add(const Address& address, const proto::HostRow& row) {
  if (size() == std::numeric_limits<uint32_t>::max()) {
    return Internal("more hosts in a run than 32 bits can number");
  }
  if (size() > 0 && !(this->address(size() - 1) < address)) {
    return Corruption(StrCat("host ", address.ToString(), " is out of order"));
  }
  if (address.is_v4()) {
    v4_.push_back(address.v4());
  } else {
    v6_.push_back(address);
  }
  asns_.push_back(row.asn());
  started_.push_back(
      static_cast<uint32_t>(std::clamp<int64_t>(row.started_unix_ms() / 1000, 0, UINT32_MAX)));
  const int tag = row.answers_all() ? kAnswersAll : 0;
  countries_.push_back(static_cast<uint8_t>(row.in_country() | tag));
  return Status::Ok();
}

Address HostTable::address(uint32_t host) const {
  return host < v4_.size() ? Address::V4(v4_[host]) : v6_[host - v4_.size()];
}

std::optional<uint32_t> HostTable::Find(const Address& address) const {
  if (address.is_v4()) {
    const auto at = std::lower_bound(v4_.begin(), v4_.end(), address.v4());
    if (at == v4_.end() || *at != address.v4()) return std::nullopt;
    return static_cast<uint32_t>(at - v4_.begin());
  }
  const auto at = std::lower_bound(v6_.begin(), v6_.end(), address);
  if (at == v6_.end() || *at != address) return std::nullopt;
  return static_cast<uint32_t>(v4_.size() + static_cast<size_t>(at - v6_.begin()));
}

}  // namespace hark
