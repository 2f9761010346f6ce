#include "analysis/host_table.h"

#include <algorithm>
#include <limits>
#include <numeric>

#include "base/strings.h"

namespace hark {

Result<HostTable> HostTable::Read(const RunReader& reader, bool include_answers_all) {
  HostTable table(include_answers_all);
  HARK_RETURN_IF_ERROR(reader.ForEachHost(
      [&](const Address& address, const proto::HostRow& row) { return table.Add(address, row); }));
  table.Complete();
  return table;
}

void HostTable::Complete() {
  v4_.shrink_to_fit();
  v6_.shrink_to_fit();
  asns_.shrink_to_fit();
  started_.shrink_to_fit();
  countries_.shrink_to_fit();
  if (v4_.empty()) return;
  // A part for every other host on average: then they mostly lie side by side in one line of the
  // cache, where a search over all of ten million jumps to twenty places in memory. Addresses come
  // in clumps, but a part has at most as many hosts as addresses.
  const uint32_t span = v4_.back() - v4_.front();
  v4_shift_ = 0;
  while (span >> v4_shift_ > v4_.size() / 2) ++v4_shift_;
  v4_begins_.assign((size_t{span} >> v4_shift_) + 2, 0);
  for (const uint32_t v4 : v4_) ++v4_begins_[((v4 - v4_.front()) >> v4_shift_) + 1];
  std::partial_sum(v4_begins_.begin(), v4_begins_.end(), v4_begins_.begin());
}

HostTable::Part HostTable::PartOf(uint32_t v4) const {
  if (v4_begins_.empty()) return {0, static_cast<uint32_t>(v4_.size())};  // still growing
  if (v4 < v4_.front() || v4 > v4_.back()) return {0, 0};
  const size_t part = (v4 - v4_.front()) >> v4_shift_;
  return {v4_begins_[part], v4_begins_[part + 1]};
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
    const Part part = PartOf(address.v4());
    const auto end = v4_.begin() + part.end;
    const auto at = std::lower_bound(v4_.begin() + part.begin, end, address.v4());
    if (at == end || *at != address.v4()) return std::nullopt;
    return static_cast<uint32_t>(at - v4_.begin());
  }
  const auto at = std::lower_bound(v6_.begin(), v6_.end(), address);
  if (at == v6_.end() || *at != address) return std::nullopt;
  return static_cast<uint32_t>(v4_.size() + static_cast<size_t>(at - v6_.begin()));
}

}  // namespace hark
