#pragma once

// What a port of a host showed, with bodies, from a run or from the history alike: what the writers
// of foreign formats are given.

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/host_id.h"
#include "base/status.h"
#include "exchange/ndjson_history_writer.h"
#include "proto/store.pb.h"
#include "storage/history.h"
#include "storage/run_reader.h"

namespace hark {

struct ShownKey {
  std::string id;    // 32 bytes; the first 16 where its body is not known
  std::string blob;  // "" where the type has none, or nobody knows it
  std::string type;  // as in the blob, e.g. "ssh-ed25519"; "" without one
  int bits = 0;      // 0 unknown
  int64_t first_unix_s = 0, last_unix_s = 0;
  uint64_t sightings = 0;
};

struct ShownCertificate {
  std::string sha256;  // 32 bytes
  std::string der;     // "" where nobody knows it
  int64_t first_unix_s = 0, last_unix_s = 0;
};

struct ShownPort {
  HostId host;
  uint16_t port = 0;
  bool ssh = false;                // SSH was spoken, as far as can be told
  std::string country;             // of a run's hosts
  uint32_t asn = 0;                // likewise
  std::vector<std::string> names;  // likewise
  int64_t first_unix_s = 0, last_unix_s = 0;
  std::vector<ShownKey> keys;
  std::vector<ShownCertificate> certificates;  // leaves
  std::string banner;                          // the last one
  std::optional<proto::AlgorithmsRow> algorithms;

  // The keys of the last visit that showed any.
  std::vector<const ShownKey*> NewestKeys() const;
};

using ShownVisitor = std::function<Status(const ShownPort&)>;

// Every port of a run that showed something, by address and port; its moment is that of its host's
// first visit.
Status ForEachShown(const RunReader& reader, const ShownVisitor& visit);
// Every place of the history, all its visits as one, or one visit after another.
Status ForEachShown(const HistoryReader& history, const HistoryFilter& filter, bool each_visit,
                    const ShownVisitor& visit);

}  // namespace hark
