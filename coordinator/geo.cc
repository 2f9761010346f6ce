#include "coordinator/geo.h"

#include <algorithm>
#include <cstring>
#include <set>

#include "base/file.h"
#include "base/strings.h"

namespace hark {
namespace {

struct Row {
  Range range;
  char country[3] = "";
  uint32_t asn = 0;
  size_t line = 0;
};

bool IsHeader(std::string_view line) {
  return StartsWithIgnoreCase(line, "prefix,");
}

Result<Row> ParseRow(std::string_view line) {
  const std::vector<std::string_view> fields = Split(line, ',');
  if (fields.size() < 2 || fields.size() > 3) {
    return InvalidInput("expected prefix,country,asn");
  }
  Row row;
  Result<Range> range = ParseRange(Trim(fields[0]));
  if (!range.ok()) {
    return InvalidInput(
        StrCat("'", EscapeForDisplay(Trim(fields[0])), "': ", range.status().message()));
  }
  row.range = *range;
  const std::string country = AsciiUpper(Trim(fields[1]));
  const bool letters =
      std::all_of(country.begin(), country.end(), [](char c) { return c >= 'A' && c <= 'Z'; });
  if (!letters || (country.size() != 2 && !country.empty())) {
    return InvalidInput(StrCat("'", EscapeForDisplay(fields[1]), "' is not a two-letter country"));
  }
  std::memcpy(row.country, country.c_str(), country.size() + 1);
  if (fields.size() == 3 && !Trim(fields[2]).empty()) {
    std::string_view text = Trim(fields[2]);
    if (StartsWithIgnoreCase(text, "AS")) text.remove_prefix(2);
    const std::optional<uint64_t> asn = ParseUint(text);
    if (!asn || *asn > 0xffffffffU) {
      return InvalidInput(StrCat("'", EscapeForDisplay(fields[2]), "' is not an AS number"));
    }
    row.asn = static_cast<uint32_t>(*asn);
  }
  return row;
}

}  // namespace

Result<GeoTable> GeoTable::Parse(std::string_view csv, const std::string& path) {
  std::vector<Row> rows;
  size_t line_number = 0;
  for (std::string_view line : Split(csv, '\n')) {
    ++line_number;
    line = Trim(line.substr(0, line.find('#')));
    if (line.empty() || (rows.empty() && IsHeader(line))) continue;
    Result<Row> row = ParseRow(line);
    if (!row.ok()) return row.status().Prepend(StrCat(path, ":", line_number));
    rows.push_back(*row);
    rows.back().line = line_number;
  }
  if (rows.empty()) return InvalidInput(StrCat(path, ": no prefixes in it"));

  // Outer before inner, so that a stack of open rows tells who owns each gap.
  std::stable_sort(rows.begin(), rows.end(), [](const Row& a, const Row& b) {
    if (a.range.first != b.range.first) return a.range.first < b.range.first;
    return a.range.last > b.range.last;
  });
  GeoTable table;
  std::vector<const Row*> open;
  uint64_t at = 0;
  auto emit_until = [&](uint64_t end, const Row& owner) {  // [at, end) belongs to owner
    if (at >= end) return;
    Span span{static_cast<uint32_t>(at), static_cast<uint32_t>(end - 1), "", owner.asn};
    std::memcpy(span.country, owner.country, sizeof span.country);
    table.spans_.push_back(span);
    at = end;
  };
  auto close_before = [&](uint64_t first) {
    while (!open.empty() && open.back()->range.last < first) {
      emit_until(uint64_t{open.back()->range.last} + 1, *open.back());
      open.pop_back();
    }
    if (!open.empty()) emit_until(first, *open.back());
  };
  for (const Row& row : rows) {
    close_before(row.range.first);
    if (!open.empty() && row.range.last > open.back()->range.last) {
      return InvalidInput(StrCat(path, ":", row.line, ": overlaps line ", open.back()->line,
                                 " without lying inside it"));
    }
    at = row.range.first;
    open.push_back(&row);
  }
  close_before(uint64_t{1} << 32);
  return table;
}

Result<GeoTable> GeoTable::Load(const std::string& path) {
  HARK_ASSIGN_OR_RETURN(const std::string csv, ReadFile(path));
  return Parse(csv, path);
}

Place GeoTable::Find(uint32_t address) const {
  const auto it = std::lower_bound(spans_.begin(), spans_.end(), address,
                                   [](const Span& s, uint32_t a) { return s.last < a; });
  if (it == spans_.end() || it->first > address) return {};
  return {it->country, it->asn};
}

RangeSet GeoTable::Country(std::string_view country) const {
  std::vector<Range> ranges;
  for (const Span& span : spans_) {
    if (country == span.country) ranges.push_back({span.first, span.last});
  }
  return RangeSet(std::move(ranges));
}

// Both are sorted and disjoint: one walk over both.
Result<AsTable> GeoTable::AsesOf(const RangeSet& addresses) const {
  std::vector<AsSpan> out;
  auto span = spans_.begin();
  for (const Range& range : addresses.ranges()) {
    while (span != spans_.end() && span->last < range.first) ++span;
    for (auto it = span; it != spans_.end() && it->first <= range.last; ++it) {
      if (it->asn == 0) continue;
      out.push_back({std::max(it->first, range.first), std::min(it->last, range.last), it->asn});
    }
  }
  return AsTable::Make(std::move(out));
}

std::vector<std::string> GeoTable::Countries() const {
  std::set<std::string> names;
  for (const Span& span : spans_) {
    if (span.country[0] != '\0') names.insert(span.country);
  }
  return {names.begin(), names.end()};
}

}  // namespace hark
