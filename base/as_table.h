#pragma once

// Which AS an address belongs to, for as many spans as a run's targets need: what ceilings per AS
// are kept by. Sorted spans without overlaps; a look-up is O(log spans). IPv4 only, like target
// sets.
//
// Encoded: 12 bytes a span, first, last and AS number in network order. The content is named by its
// SHA-256 and travels like a target set (docs/formats/wire.md). Decode refuses anything Encode does
// not produce.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/address.h"
#include "base/status.h"

namespace hark {

struct AsSpan {
  uint32_t first = 0;  // host byte order
  uint32_t last = 0;   // inclusive
  uint32_t asn = 0;    // never 0, which names no network (RFC 7607)

  bool operator==(const AsSpan&) const = default;
};

// "64496" or "AS64496", any case. 0 is one: it is how files say that they do not know.
std::optional<uint32_t> ParseAsn(std::string_view text);

class AsTable {
 public:
  // Four times what the whole routing table had in 2026 (412,000 spans): 19 MiB encoded.
  static constexpr size_t kMaxSpans = size_t{1'600'000};
  static constexpr size_t kSpanBytes = 12;

  AsTable() = default;
  // Any order; spans of one AS that touch become one. kInvalidInput for an overlap, a span turned
  // round, AS 0, or more than kMaxSpans.
  static Result<AsTable> Make(std::vector<AsSpan> spans);

  const std::vector<AsSpan>& spans() const { return spans_; }
  bool empty() const { return spans_.empty(); }

  // nullopt when no span has the address.
  std::optional<uint32_t> Find(uint32_t address) const;
  // IPv6 addresses are in no span.
  std::optional<uint32_t> Find(const Address& address) const;

  std::string Encode() const;
  static std::optional<AsTable> Decode(std::string_view bytes);

 private:
  std::vector<AsSpan> spans_;
};

}  // namespace hark
