#pragma once

// What the rules of cause_hints.h look at: a few facts of every cluster of a run, gathered in one
// pass over the ports and one over the key index. Each distinct leaf certificate is parsed once.
// About 500 bytes a cluster and 100 a certificate; text of strangers is cut and kept as given.

#include <cstdint>
#include <string>
#include <vector>

#include "analysis/clusters.h"
#include "analysis/host_table.h"
#include "analysis/known_keys.h"
#include "base/status.h"
#include "storage/run_reader.h"

namespace hark {

// A word that hosts say, and whether all that say any say the same.
struct CommonWord {
  std::string word;  // the first one's
  uint64_t hosts = 0;
  bool same = true;

  void Say(const std::string& said);  // "" = nothing
  bool said_by(uint64_t n) const { return same && hosts == n; }
};

struct CauseFacts {
  uint64_t hosts = 0;
  uint64_t ases = 0;
  bool possibly_multihomed = false;  // multihomed.h: SSH, and no sign against
  uint64_t ssh_hosts = 0;            // with a key on SSH
  uint64_t ssh_throttled = 0;        // that kept theirs for later visits
  uint64_t tls_hosts = 0;
  uint64_t widest_ssh = 0;  // hosts of the SSH key that is on most
  uint64_t tls_keys = 0;    // distinct
  uint64_t most_tls_keys_of_host = 0;
  CommonWord greeting_name;   // the host name in the greeting of port 25 (RFC 5321 §4.2)
  CommonWord ssh_software;    // identification line
  CommonWord cert_domain;     // hosts whose certificates name one domain, wildcard or several names
  CommonWord panel;           // hosting software that made the certificate
  CommonWord cdn_header;      // CDN that the answer on 443 names
  uint64_t listed_hosts = 0;  // with a known key
  KnownKey listed;
  uint32_t oldest_tls = 0;  // the oldest and the newest version that a member speaks at best
  uint32_t newest_tls = 0;
  int64_t apart_ms = 0;  // of two hosts: between the last visit to one and the first to the other
};

// In the order of clustering.clusters.
Result<std::vector<CauseFacts>> ReadCauseFacts(const RunReader& reader, const HostTable& hosts,
                                               const Clustering& clustering,
                                               const KnownKeys& known);

// The part of a name that somebody registered, guessed without a list of suffixes: two labels,
// three below a second-level suffix ("example.co.uk"). Lower case; "" for what is no public host
// name.
std::string RegisteredPart(std::string_view name);

// "mx.example.net" of "220 mx.example.net ESMTP"; "" if there is none.
std::string NameInGreeting(std::string_view greeting);

}  // namespace hark
