#include "base/as_table.h"

#include <algorithm>

#include "base/bytes.h"
#include "base/strings.h"

namespace hark {
namespace {

bool IsWhole(const AsSpan& span) {
  return span.asn != 0 && span.first <= span.last;
}

bool Touch(const AsSpan& before, const AsSpan& after) {
  return uint64_t{before.last} + 1 == after.first;
}

}  // namespace

std::optional<uint32_t> ParseAsn(std::string_view text) {
  if (StartsWithIgnoreCase(text, "AS")) text.remove_prefix(2);
  const std::optional<uint64_t> asn = ParseUint(text);
  if (!asn || *asn > UINT32_MAX) return std::nullopt;
  return static_cast<uint32_t>(*asn);
}

Result<AsTable> AsTable::Make(std::vector<AsSpan> spans) {
  std::sort(spans.begin(), spans.end(),
            [](const AsSpan& a, const AsSpan& b) { return a.first < b.first; });
  AsTable table;
  for (const AsSpan& span : spans) {
    if (!IsWhole(span)) return InvalidInput("a span of AS 0, or one that ends before it begins");
    std::vector<AsSpan>& kept = table.spans_;
    if (!kept.empty() && span.first <= kept.back().last) {
      return InvalidInput(
          StrCat("two spans have ", Address::V4(span.first).ToString(), " in common"));
    }
    if (!kept.empty() && kept.back().asn == span.asn && Touch(kept.back(), span)) {
      kept.back().last = span.last;
    } else {
      kept.push_back(span);
    }
  }
  if (table.spans_.size() > kMaxSpans) return InvalidInput("the table of ASes is too long");
  return table;
}

std::optional<uint32_t> AsTable::Find(uint32_t address) const {
  const auto after =
      std::upper_bound(spans_.begin(), spans_.end(), address,
                       [](uint32_t value, const AsSpan& span) { return value < span.first; });
  if (after == spans_.begin() || address > (after - 1)->last) return std::nullopt;
  return (after - 1)->asn;
}

std::optional<uint32_t> AsTable::Find(const Address& address) const {
  return address.is_v4() ? Find(address.v4()) : std::nullopt;
}

std::string AsTable::Encode() const {
  ByteWriter out;
  for (const AsSpan& span : spans_) {
    out.U32(span.first);
    out.U32(span.last);
    out.U32(span.asn);
  }
  return out.Take();
}

std::optional<AsTable> AsTable::Decode(std::string_view bytes) {
  if (bytes.size() % kSpanBytes != 0 || bytes.size() / kSpanBytes > kMaxSpans) return std::nullopt;
  AsTable table;
  table.spans_.reserve(bytes.size() / kSpanBytes);
  ByteReader in(bytes);
  while (!in.empty()) {
    AsSpan span;
    span.first = in.U32();
    span.last = in.U32();
    span.asn = in.U32();
    if (!IsWhole(span)) return std::nullopt;
    if (!table.spans_.empty()) {
      const AsSpan& before = table.spans_.back();
      if (span.first <= before.last) return std::nullopt;
      // Two that touch are one: a content has one encoding.
      if (before.asn == span.asn && Touch(before, span)) return std::nullopt;
    }
    table.spans_.push_back(span);
  }
  return table;
}

}  // namespace hark
