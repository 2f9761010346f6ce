#include "coordinator/geo_builder.h"

#include <algorithm>
#include <numeric>
#include <queue>

#include "base/strings.h"

namespace hark {
template <typename N>
void GeoBuilder::AddTo(Rows<N>& rows, const GeoRange& range, uint32_t place, uint64_t line) {
  const GeoSpan<N> span{FromNumber<N>(range.first), FromNumber<N>(range.last), place};
  if (!rows.spans.empty() && span.first <= rows.spans.back().last) rows.in_order = false;
  rows.spans.push_back(span);
  rows.lines.push_back(static_cast<uint32_t>(std::min<uint64_t>(line, UINT32_MAX)));
}

Status GeoBuilder::Add(const GeoRange& range, uint32_t place, uint64_t line) {
  if (++networks_ > kMaxNetworks) {
    return InvalidInput(StrCat(path_, ": more than ", WithThousands(kMaxNetworks), " networks"));
  }
  if (range.v6) {
    AddTo(v6_, range, place, line);
  } else {
    AddTo(v4_, range, place, line);
  }
  return Status::Ok();
}

// Outer before inner, so that a stack of open rows tells who owns each gap.
template <typename N>
Result<std::vector<GeoSpan<N>>> GeoBuilder::Unnest(const Rows<N>& rows) const {
  std::vector<uint32_t> order(rows.spans.size());
  std::iota(order.begin(), order.end(), 0U);
  std::sort(order.begin(), order.end(), [&](uint32_t a, uint32_t b) {
    const GeoSpan<N>&x = rows.spans[a], &y = rows.spans[b];
    if (x.first != y.first) return x.first < y.first;
    if (x.last != y.last) return x.last > y.last;
    return a < b;  // said twice: the later one counts
  });
  std::vector<GeoSpan<N>> out;
  std::vector<uint32_t> open;
  AddressNumber at = 0;
  bool at_end = false;  // the last address of all is taken: `at` has gone round
  auto emit_to = [&](AddressNumber last, uint32_t owner) {  // [at, last] belongs to owner
    if (at_end || at > last) return;
    out.push_back({FromNumber<N>(at), FromNumber<N>(last), rows.spans[owner].place});
    at = last + 1;
    at_end = at == 0;
  };
  auto close_before = [&](AddressNumber first) {
    while (!open.empty() && NumberOf(rows.spans[open.back()].last) < first) {
      emit_to(NumberOf(rows.spans[open.back()].last), open.back());
      open.pop_back();
    }
    if (!open.empty() && first > 0) emit_to(first - 1, open.back());
  };
  for (const uint32_t row : order) {
    const GeoSpan<N>& span = rows.spans[row];
    close_before(NumberOf(span.first));
    if (!open.empty() && span.last > rows.spans[open.back()].last) {
      return InvalidInput(StrCat(path_, ":", rows.lines[row], ": overlaps line ",
                                 rows.lines[open.back()], " without lying inside it"));
    }
    at = NumberOf(span.first);
    open.push_back(row);
  }
  for (; !open.empty(); open.pop_back()) {
    emit_to(NumberOf(rows.spans[open.back()].last), open.back());
  }
  return out;
}

// From one beginning or end to the next; of the rows open there the latest owns the stretch.
template <typename N>
std::vector<GeoSpan<N>> GeoBuilder::Paint(const Rows<N>& rows) {
  std::vector<uint32_t> order(rows.spans.size());
  std::iota(order.begin(), order.end(), 0U);
  std::stable_sort(order.begin(), order.end(), [&](uint32_t a, uint32_t b) {
    return rows.spans[a].first < rows.spans[b].first;
  });
  const auto first = [&](size_t i) { return NumberOf(rows.spans[order[i]].first); };
  const auto last = [&](uint32_t row) { return NumberOf(rows.spans[row].last); };
  std::vector<GeoSpan<N>> out;
  std::priority_queue<uint32_t> open;
  size_t next = 0;
  AddressNumber at = 0;
  do {
    while (!open.empty() && last(open.top()) < at) open.pop();
    if (open.empty() && next == order.size()) break;
    if (open.empty()) at = first(next);
    while (next < order.size() && first(next) <= at) open.push(order[next++]);
    AddressNumber end = last(open.top());
    if (next < order.size()) end = std::min(end, first(next) - 1);
    out.push_back({FromNumber<N>(at), FromNumber<N>(end), rows.spans[open.top()].place});
    at = end + 1;
  } while (at != 0);  // 0: beyond the last address of all
  return out;
}

template <typename N>
Result<std::vector<GeoSpan<N>>> GeoBuilder::Finish(Rows<N> rows) const {
  std::vector<GeoSpan<N>> spans;
  if (rows.in_order) {
    spans = std::move(rows.spans);
  } else if (overlap_ == GeoOverlap::kLaterCounts) {
    spans = Paint(rows);
  } else {
    HARK_ASSIGN_OR_RETURN(spans, Unnest(rows));
  }
  rows = {};  // what is to be had of them is in the spans
  std::erase_if(spans, [](const GeoSpan<N>& span) { return span.place == 0; });
  MergeNeighbours(spans);
  return spans;
}

Result<GeoTable> GeoBuilder::Build(proto::GeoSource source) && {
  if (networks_ == 0) return InvalidInput(StrCat(path_, ": no prefixes in it"));
  source.set_networks(networks_);
  HARK_ASSIGN_OR_RETURN(table_.v4_, Finish(std::move(v4_)));
  HARK_ASSIGN_OR_RETURN(table_.v6_, Finish(std::move(v6_)));
  table_.sources_.push_back(std::move(source));
  return std::move(table_);
}

}  // namespace hark
