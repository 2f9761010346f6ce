#pragma once

// The history as hark NDJSON (exchange/ndjson_format.h, docs/export.md): every timeline, and before
// it the bodies of its facts that were not written yet.

#include <functional>
#include <optional>
#include <vector>

#include "base/address_set.h"
#include "base/status.h"
#include "exchange/text_sink.h"
#include "storage/history.h"

namespace hark {

// Which part of the history; the default is all of it.
struct HistoryFilter {
  std::optional<AddressSet> prefixes;  // names are in none
  std::vector<uint16_t> ports;         // empty = any
  // Visits: since <= t < until.
  std::optional<int64_t> since_unix_s;
  std::optional<int64_t> until_unix_s;

  bool empty() const { return !prefixes && ports.empty() && !since_unix_s && !until_unix_s; }
};

// Every place the filter lets through, with the visits it lets through, by host and port.
Status ForEachTimeline(
    const HistoryReader& history, const HistoryFilter& filter,
    const std::function<Status(const FactUse& place, const Timeline& timeline)>& visit);

Status WriteHistoryNdjson(const HistoryReader& history, const HistoryFilter& filter,
                          const TextSink& sink);

}  // namespace hark
