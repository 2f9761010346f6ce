#pragma once

// A set of addresses of both families: what must not be contacted, what asked to be left out.
// IPv4 is a RangeSet; IPv6 is sorted, disjoint spans beside it. A value; a look-up is O(log spans).
//
// Encoded one span a piece, as on the wire and in RunRow.exclusions: first and last address in
// network order, 8 bytes for IPv4, then 32 bytes for IPv6.

#include <string>
#include <string_view>
#include <vector>

#include "base/address.h"
#include "base/range_set.h"
#include "base/status.h"

namespace hark {

// first and last are of one family, first <= last; both ends belong to it.
struct AddressSpan {
  Address first;
  Address last;

  bool operator==(const AddressSpan&) const = default;
};

// An address, a prefix or FIRST-LAST, of either family. A prefix with host bits set is an error
// that names the prefix meant. The message says what is wrong, without the text itself.
Result<AddressSpan> ParseSpan(std::string_view text);

class AddressSet {
 public:
  AddressSet() = default;
  AddressSet(RangeSet v4) : v4_(std::move(v4)) {}  // NOLINT(google-explicit-constructor)
  // Any order, overlaps allowed.
  explicit AddressSet(const std::vector<AddressSpan>& spans);

  const RangeSet& v4() const { return v4_; }
  const std::vector<AddressSpan>& v6() const { return v6_; }
  bool empty() const { return v4_.empty() && v6_.empty(); }
  size_t spans() const { return v4_.ranges().size() + v6_.size(); }
  // Of Encode()'s pieces as a repeated field of a message: two more a piece.
  size_t wire_bytes() const { return v4_.ranges().size() * 10 + v6_.size() * 34; }

  // ::ffff:192.0.2.1 is 192.0.2.1: no exclusion is got round by writing an address differently.
  bool Contains(const Address& address) const;
  AddressSet Union(const AddressSet& other) const;
  AddressSet Minus(const AddressSet& other) const;

  // The spans, IPv4 first.
  std::vector<std::string> Encode() const;
  // Refuses anything Encode does not produce.
  template <typename Pieces>
  static Result<AddressSet> Decode(const Pieces& pieces) {
    std::vector<AddressSpan> spans;
    for (const std::string& piece : pieces) {
      HARK_ASSIGN_OR_RETURN(const AddressSpan span, DecodeSpan(piece));
      spans.push_back(span);
    }
    AddressSet set(spans);
    if (set.spans() != spans.size()) return Corruption("spans overlap");
    return set;
  }

  bool operator==(const AddressSet& other) const {
    return v4_.ranges() == other.v4_.ranges() && v6_ == other.v6_;
  }

 private:
  static Result<AddressSpan> DecodeSpan(std::string_view piece);

  RangeSet v4_;
  std::vector<AddressSpan> v6_;  // sorted, disjoint, not adjacent
};

}  // namespace hark
