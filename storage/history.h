#pragma once

// Reads the memory of the store (docs/formats/store.md, "History"): what was ever seen where, over
// all runs and imports, through one consistent snapshot. Visitors stream.
//
// Threads: a reader may be used by several threads at once.

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/host_id.h"
#include "base/status.h"
#include "keys/key_id.h"
#include "proto/store.pb.h"
#include "storage/timeline.h"

namespace hark {

struct PortHistory {
  uint16_t port = 0;
  Timeline timeline;
};

// A place where a fact was seen.
struct FactUse {
  HostId host;
  uint16_t port = 0;

  auto operator<=>(const FactUse&) const = default;
};

// A key as it is remembered.
struct RememberedKey {
  Fact fact;
  std::string ssh_blob;  // "" where the type has none
  std::string spki;      // DER, "" where the type has none
};

class HistoryReader {
 public:
  using UseVisit = std::function<Status(const FactUse&)>;

  virtual ~HistoryReader() = default;

  // All ports of a host, ascending; empty if it was never seen.
  virtual Result<std::vector<PortHistory>> Host(const HostId& host) const = 0;
  // kNotFound if that port was never seen.
  virtual Result<Timeline> Port(const FactUse& place) const = 0;
  // Every host and port from here on, itself included, by host and port. An error of the visitor
  // ends it and is returned.
  virtual Status ForEachPort(
      const HostId& from,
      const std::function<Status(const FactUse&, const Timeline&)>& visit) const = 0;

  // Where a fact (kKey to kAlgorithms) was ever seen, by host and port, from a place on.
  virtual Status ForEachUse(const Fact& fact, const UseVisit& visit,
                            const FactUse& from = {}) const = 0;
  // Every fact of a kind (kKey to kAlgorithms) and on how many distinct hosts it was seen, by
  // value.
  virtual Status ForEachFact(
      FactKind kind, const std::function<Status(const Fact&, uint64_t hosts)>& visit) const = 0;
  // Every place of every fact of a kind (kKey to kAlgorithms), by value, then host and port.
  virtual Status ForEachUseOf(
      FactKind kind, const std::function<Status(const Fact&, const FactUse&)>& visit) const = 0;

  // Bodies; kNotFound if only the reference is known.
  virtual Result<RememberedKey> Key(const Fact& fact) const = 0;
  // Only the first half of it, which is the cheaper one; "" where the type has none.
  virtual Result<std::string> SshBlob(const Fact& key) const = 0;
  virtual Result<std::string> Certificate(const Fact& fact) const = 0;  // DER
  // The whole SHA-256 of a certificate, also of one whose DER is not known.
  virtual Result<std::string> CertificateSha256(const Fact& fact) const {
    (void)fact;
    return NotFound("only the beginning of the hash is known");
  }
  virtual Result<std::string> Banner(const Fact& fact) const = 0;
  virtual Result<proto::AlgorithmsRow> Algorithms(const Fact& fact) const = 0;

  // Keys with this MD5 (16 bytes) or SHA-256 (32 bytes) fingerprint of their SSH blob, or this key
  // id (32 bytes; also: SHA-256 of the SPKI). Nearly always none or one.
  virtual Result<std::vector<Fact>> KeysByMd5(std::string_view md5) const = 0;
  virtual Result<std::vector<Fact>> KeysBySshSha256(std::string_view sha256) const = 0;
  virtual Result<std::vector<Fact>> KeysById(std::string_view id) const = 0;
  // Every MD5 fingerprint and its key, by fingerprint; reverse: the highest first.
  virtual Status ForEachMd5(
      bool reverse,
      const std::function<Status(std::string_view md5, const Fact& key)>& visit) const = 0;
  // The same behind this fingerprint, for those who want some and come back.
  virtual Status ForEachMd5Behind(
      std::string_view after, bool reverse,
      const std::function<Status(std::string_view md5, const Fact& key)>& visit) const = 0;
  // Algorithm lists with this value (32 hex digits): true hasshServer, or Passive SSH's own.
  virtual Result<std::vector<Fact>> AlgorithmsByHassh(std::string_view hassh) const = 0;
  virtual Result<std::vector<Fact>> AlgorithmsByPassiveSshHassh(std::string_view hassh) const = 0;
  // Certificates with this SHA-256 (32 bytes), that name this host (lower case, exactly as in the
  // certificate, or every name below a domain if it begins with "."), or issued by this name
  // (keys/certificate.h has its form). Each at most once, at most `most`.
  virtual Result<std::vector<Fact>> CertificatesBySha256(std::string_view sha256) const = 0;
  virtual Result<std::vector<Fact>> CertificatesByName(std::string_view name,
                                                       size_t most) const = 0;
  virtual Result<std::vector<Fact>> CertificatesByIssuer(std::string_view issuer,
                                                         size_t most) const = 0;
};

// How many entries the store has of each kind; for hark db stats and check.
struct HistoryCounts {
  uint64_t ports = 0;
  uint64_t uses = 0;
  uint64_t bodies = 0;
  uint64_t names = 0;
};

}  // namespace hark
