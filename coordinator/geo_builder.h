#pragma once

// Networks in any order, on their way to a GeoTable: what is said of an address twice is settled
// here.

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "base/status.h"
#include "coordinator/geo.h"

namespace hark {

enum class GeoOverlap {
  // Where one network lies inside another the inner one counts; those that overlap otherwise are an
  // error, for nobody could say which is right. For lists that people write.
  kInnerCounts,
  // The one added later counts, as when each is painted over those before. For range files: the
  // real
  // ones have a few overlaps, and the .mmdb files made of them are made so.
  kLaterCounts,
};

class GeoBuilder {
 public:
  // The largest database known, a city one of both families, has 6 million.
  static constexpr size_t kMaxNetworks = size_t{20'000'000};

  // path: for messages.
  explicit GeoBuilder(std::string path) : path_(std::move(path)) {}

  GeoPlaces& places() { return table_.places_; }
  void SetOverlap(GeoOverlap overlap) { overlap_ = overlap; }
  // range: first <= last. line: for messages, 0 = the source has none.
  Status Add(const GeoRange& range, uint32_t place, uint64_t line);
  uint64_t networks() const { return networks_; }

  // kInvalidInput for an overlap, or when there was no network at all.
  Result<GeoTable> Build(proto::GeoSource source) &&;

 private:
  template <typename N>
  struct Rows {
    std::vector<GeoSpan<N>> spans;
    std::vector<uint32_t> lines;  // of each, 0 unknown
    bool in_order = true;         // sorted and disjoint, as nearly all sources are
  };

  template <typename N>
  static void AddTo(Rows<N>& rows, const GeoRange& range, uint32_t place, uint64_t line);
  template <typename N>
  Result<std::vector<GeoSpan<N>>> Finish(Rows<N> rows) const;
  template <typename N>
  Result<std::vector<GeoSpan<N>>> Unnest(const Rows<N>& rows) const;
  template <typename N>
  static std::vector<GeoSpan<N>> Paint(const Rows<N>& rows);

  std::string path_;
  GeoTable table_;
  uint64_t networks_ = 0;
  GeoOverlap overlap_ = GeoOverlap::kInnerCounts;
  Rows<uint32_t> v4_;
  Rows<WideAddress> v6_;
};

}  // namespace hark
