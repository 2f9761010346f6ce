#pragma once

// What an importer makes of foreign data, and where it goes. Readers of formats know nothing of the
// store; sinks know nothing of formats.

#include <cstdint>
#include <string>
#include <vector>

#include "base/host_id.h"
#include "base/status.h"
#include "proto/observation.pb.h"
#include "storage/sighting.h"

namespace hark {

struct ImportedPort {
  // As a worker would have told it; the chain in DER where the source has it.
  proto::PortObservation observation;
  // Ids (32 bytes) of keys that the source names only by a hash, so that no body is in the
  // observation. An SSH key known only by its SHA-256 fingerprint has the id
  // ImportedSshKeyId(fingerprint), which never equals another kind's.
  std::vector<std::string> key_ids;
  // What FactsOf(observation) cannot tell.
  std::vector<SightedFact> facts;
  // The source tells of a sighting, not of a visit that had an outcome (passive collection, other
  // people's memories): `observation` has nothing but the port, and all that is known is in facts.
  bool only_facts = false;
};

// One visit of one host.
struct ImportedHost {
  HostId host;
  int64_t unix_ms = 0;  // UTC
  std::vector<ImportedPort> ports;
  uint32_t asn = 0;     // 0 = not told
  std::string country;  // "" = not told
  std::vector<std::string> names;
};

// A line of the source that could not be used.
struct RejectedLine {
  uint64_t line = 0;  // from 1
  std::string reason;
  std::string text;  // as it was, at most kMaxRejectedText bytes of it
};
inline constexpr size_t kMaxRejectedText = 4096;

class ImportSink {
 public:
  virtual ~ImportSink() = default;
  // An error is the store's, and ends the import; what was committed before is kept.
  virtual Status Add(ImportedHost host) = 0;
  virtual Status Reject(const RejectedLine& line) = 0;
  // All lines up to `line` (of this source) are in what was added: a place to go on from.
  virtual Status Reached(uint64_t line, uint64_t byte) = 0;
};

}  // namespace hark
