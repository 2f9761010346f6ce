#include "worker/exclusion_filter.h"

#include <algorithm>

#include "base/bytes.h"
#include "worker/engine/socket_address.h"

namespace hark {
namespace {

constexpr size_t kV4Bytes = 8;
constexpr size_t kV6Bytes = 32;

}  // namespace

Status ExclusionFilter::Add(const std::string& bytes, std::vector<Range>* v4) {
  ByteReader reader(bytes);
  if (bytes.size() == kV4Bytes) {
    const uint32_t first = reader.U32();
    const uint32_t last = reader.U32();
    v4->push_back({std::min(first, last), std::max(first, last)});
    return Status::Ok();
  }
  if (bytes.size() != kV6Bytes) return InvalidInput("a malformed exclusion");
  const std::string first(reader.Bytes(kV6Bytes / 2));
  const std::string last(reader.Bytes(kV6Bytes / 2));
  v6_.emplace_back(std::min(first, last), std::max(first, last));
  return Status::Ok();
}

void ExclusionFilter::Finish(std::vector<Range> v4) {
  v4_ = RangeSet(std::move(v4));
  std::sort(v6_.begin(), v6_.end());
  std::vector<std::pair<std::string, std::string>> joined;
  for (auto& range : v6_) {
    if (!joined.empty() && range.first <= joined.back().second) {
      joined.back().second = std::max(joined.back().second, range.second);
    } else {
      joined.push_back(std::move(range));
    }
  }
  v6_ = std::move(joined);
}

bool ExclusionFilter::Contains(const Address& address) const {
  const auto v4 = V4Destination(address);
  if (v4 && v4_.Contains(*v4)) return true;
  // A mapped address may be written into an IPv6 range, too.
  if (address.is_v4() || v6_.empty()) return false;
  const std::string_view bytes = address.bytes();
  const auto after = std::upper_bound(
      v6_.begin(), v6_.end(), bytes,
      [](std::string_view value, const auto& range) { return value < range.first; });
  return after != v6_.begin() && bytes <= (after - 1)->second;
}

}  // namespace hark
