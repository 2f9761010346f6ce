#pragma once

// hark NDJSON (docs/export.md): one JSON object a line, each with a "type". What a line says for
// people stands beside "row", the stored message in base64: the row is what counts, so nothing is
// lost however much of it the readable part knows.
//
//   content "run"      header, run, set*, purged?, job*, listeners*, names*, revisit*, swept*,
//                      (host, (certificate*, port)*)*, end
//   content "history"  header, (fact*, timeline)*, end
//
// A certificate or fact stands before the first line that needs it. Of more than kMaxRemembered
// distinct ones some are repeated, which changes nothing for who reads them.

#include <cstddef>
#include <cstdint>

namespace hark {

inline constexpr uint64_t kNdjsonFormat = 1;
// Of a line, its end not counted. The longest is a run whose exclusions are a long list.
inline constexpr size_t kMaxNdjsonLine = size_t{32} << 20;
// Of a target set, before base64.
inline constexpr size_t kNdjsonSetPart = size_t{1} << 20;
// All parts of a set together: 64 million ranges.
inline constexpr size_t kMaxNdjsonSet = size_t{512} << 20;
inline constexpr size_t kNdjsonListenersPerLine = 1000;
// Hashes a writer holds, 16 bytes each.
inline constexpr size_t kMaxRemembered = size_t{4} << 20;
// Keys and certificates of one port's row, far beyond what a worker reports.
inline constexpr int kMaxKeysOfPort = 256;
inline constexpr int kMaxChain = 64;
// Facts between two timelines, for who reads them.
inline constexpr size_t kMaxFactsAhead = 65536;
inline constexpr size_t kMaxFactBytesAhead = size_t{64} << 20;
// Of a timeline's intervals, how many are shown for people.
inline constexpr size_t kMaxShownIntervals = 1000;

}  // namespace hark
