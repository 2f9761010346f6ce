#pragma once

// A part of a run, seen as a run: a RunReader in front of another one that lets through only what
// belongs to the scope. Whatever reads runs (tables, clusters, comparisons) works on it unchanged.
//
// Hosts are in the scope or not at all; a host in it keeps its row when its ports or keys are not,
// so it counts as a host without keys. Jobs, listeners and sweeps are those of the whole run: the
// ledger knows no scope, and says so (docs/analysis.md).

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "analysis/key_list.h"
#include "base/address_set.h"
#include "base/status.h"
#include "storage/run_reader.h"

namespace hark {

struct Scope {
  std::vector<uint32_t> asns;          // by the host's row; empty = any, unknown ones included
  std::vector<std::string> countries;  // two upper-case letters; these hosts count as in country
  std::optional<AddressSet> prefixes;
  std::vector<uint16_t> ports;  // empty = any
  // When the first visit of the run to the host began, by the coordinator's clock: since <= t <
  // until.
  std::optional<int64_t> since_unix_ms;
  std::optional<int64_t> until_unix_ms;
  bool first_ssh_key = false;  // one SSH key a host, the one the paper saw: PaperSshKey
  std::optional<KeyList> only_keys;
  std::optional<KeyList> without_keys;

  bool chooses_hosts() const {
    return !asns.empty() || !countries.empty() || prefixes || since_unix_ms || until_unix_ms;
  }
  bool chooses_keys() const { return first_ssh_key || only_keys || without_keys; }
  bool empty() const { return !chooses_hosts() && !chooses_keys() && ports.empty(); }
};

// For people, a phrase each: {"AS64496", "ports 22, 443", "visited since 2018-04-30T08:00:00Z"}.
std::vector<std::string> ScopeWords(const Scope& scope);

// Costs a pass over the hosts when the scope chooses hosts, and one over the ports when it needs
// the SSH blobs (first_ssh_key, fingerprints in lists). Holds 4 bytes an IPv4 host of the scope
// (17 an IPv6 one); with first_ssh_key 52 bytes a host with several SSH keys.
Result<std::unique_ptr<RunReader>> Scoped(std::unique_ptr<RunReader> reader, const Scope& scope);

// The one key that the paper's grabber was shown: the first it would have agreed on with the
// server. It offered certificates of RSA, DSA, ECDSA and Ed25519 keys before ECDSA (P-256, P-384,
// P-521), RSA, DSA and Ed25519 keys, in this order. Keys of other types come last, since it would
// not have seen them at all; among equals, and without blobs, the smallest id.
// row: of an SSH port, with one key at least.
std::optional<KeyId> PaperSshKey(const proto::PortRow& row);

}  // namespace hark
