#pragma once

// All that was ever seen on one port of one host: at which second, which facts. It is a set of
// (second, fact) pairs, so that merging is a union: visits may come in any order, twice, or from
// several stores, and the timeline is the same. An unchanged visit costs three bytes where visits
// are regular, one or two more where they are not. Intervals, first and last seen and numbers of
// sightings are derived.

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace hark {

// What can be seen of a port. Stored: add at the end, never renumber.
enum class FactKind : uint8_t {
  kKey = 1,          // first 16 bytes of the key id (keys/key_id.h)
  kCertificate = 2,  // first 16 bytes of the SHA-256 of the leaf's DER
  kBanner = 3,       // first 16 bytes of the SHA-256 of the text
  kAlgorithms = 4,   // first 16 bytes of the SHA-256 of a proto::AlgorithmsRow
  kOutcome = 5,      // Outcome and Stage (base/outcome.h), a byte each
  kTls = 6,          // version u16, cipher suite u16, key-exchange group as text
};
inline constexpr int kFactKindCount = 7;  // kinds are below it
inline constexpr size_t kFactRefSize = 16;
// "key", "certificate", "banner", "algorithms", "outcome", "tls"; "unknown" otherwise.
std::string_view FactKindName(FactKind kind);

struct Fact {
  FactKind kind = FactKind::kOutcome;
  std::string value;  // as the kind says

  auto operator<=>(const Fact&) const = default;
};

// A fact was there at every visit from first to last; at the visit before and the one after, it
// was not.
struct FactInterval {
  Fact fact;
  int64_t first_unix_s = 0;
  int64_t last_unix_s = 0;
  uint64_t sightings = 0;  // visits in it
};

class Timeline {
 public:
  // Facts of one visit, in any order; twice the same is once, and a reference that is none is left
  // out. A second that is there already gets
  // these facts added.
  void Add(int64_t unix_s, const std::vector<Fact>& facts);
  void Merge(const Timeline& other);
  // Takes out the visits before this second. Gives how many.
  size_t DropBefore(int64_t unix_s);

  bool empty() const { return visits_.empty(); }
  // Sorted. Every one was seen in some visit.
  const std::vector<Fact>& facts() const { return facts_; }
  bool Has(const Fact& fact) const;

  struct Visit {
    int64_t unix_s = 0;
    std::vector<uint32_t> facts;  // positions in facts(), ascending
  };
  std::vector<Visit> Visits() const;  // by time
  size_t visit_count() const { return visits_.size(); }
  int64_t first_unix_s() const { return visits_.front().unix_s; }  // of one that is not empty
  int64_t last_unix_s() const { return visits_.back().unix_s; }
  // By fact, then time.
  std::vector<FactInterval> Intervals() const;
  // From first to last sighting whatever came between; nullopt: never seen.
  std::optional<FactInterval> Span(const Fact& fact) const;

  // As docs/formats/store.md has it.
  std::string Encode() const;
  static Result<Timeline> Decode(std::string_view bytes);

  bool operator==(const Timeline&) const = default;

 private:
  struct Moment {
    int64_t unix_s = 0;
    uint32_t state = 0;  // position in states_
    auto operator<=>(const Moment&) const = default;
  };
  void Tidy();

  std::vector<Fact> facts_;                    // sorted
  std::vector<std::vector<uint32_t>> states_;  // distinct, sorted; each is a set of positions
  std::vector<Moment> visits_;                 // by time, one a second
};

}  // namespace hark
