#pragma once

// A run as the folder that the paper's own scripts make and read: records.fresh (a host a line),
// fingerprints.json (hosts with a key), collisions.json (those that share one) and a clusterN.json
// for every cluster, in the layout of its FreshGrab.py and SameKeys.py. docs/export.md has what
// differs.
//
// Holds the host table, the clusters, and 12 bytes for every use of a shared key.

#include <cstdint>
#include <functional>
#include <string>

#include "base/status.h"
#include "exchange/text_sink.h"
#include "storage/run_reader.h"

namespace hark {

// Peers in all records of a cluster's file together, as far as they are listed: every member lists
// every peer, as the scripts have it, in clusters of up to 2,000; in larger ones each lists the
// first ones of this share of it, and "rcs_left_out" says how many are missing.
inline constexpr uint64_t kMaxListedPeers = 4'000'000;

// Appends to a file of the folder, which does not exist before the first piece. Names are plain.
using FolderSink = std::function<Status(const std::string& file, std::string_view piece)>;

struct SurveysSummary {
  uint64_t records = 0;
  uint64_t with_keys = 0;
  uint64_t clusters = 0;
};

Result<SurveysSummary> WriteSurveys(const RunReader& reader, const FolderSink& sink);

// Of a mask of two hosts' ports: bit remote + 8 * local, in the order of kSurveyPorts.
inline constexpr uint16_t kSurveyPorts[] = {22, 25, 110, 143, 443, 587, 993};
// The place of a port in it; -1: the scripts do not know the port.
int SurveyPortIndex(uint16_t port);
// "p25==p443;" for each bit, local ports ascending, then remote ones.
std::string SurveyMaskText(uint64_t mask);
// "0x0000000000001200".
std::string SurveyMaskHex(uint64_t mask);

}  // namespace hark
