#pragma once

// Facts as JSON, for people and programs: what a key, a certificate, a banner is, not only its
// hash. docs/api.md has the members. Strangers' bytes are escaped (base/strings.h), every string is
// printable ASCII.

#include <nlohmann/json.hpp>
#include <string>

#include "api/memory_view.h"
#include "base/status.h"
#include "storage/timeline.h"

namespace hark {

using Json = nlohmann::ordered_json;

// "key:" and 32 hex digits; "outcome:ok/done", "tls:TLSv1.3/…": a name for a fact, the same in
// every answer.
std::string FactName(const Fact& fact);

// What is known of facts: bodies from the host's memory first, where one is given.
class FactDescriber {
 public:
  FactDescriber(const MemoryView& memory, Effort& effort, const HostMemory* host = nullptr)
      : memory_(memory), effort_(effort), host_(host) {}

  // {"kind": "key", "fact": "key:…", …}. Facts of which only the reference is known say so with
  // "known": false.
  Result<Json> Describe(const Fact& fact) const;
  // kNotFound if only the reference is known.
  Result<RememberedKey> Key(const Fact& fact) const;
  Result<std::string> Certificate(const Fact& fact) const;  // DER

 private:
  const SightedFact* Fresh(const Fact& fact) const;
  Result<std::string> Banner(const Fact& fact) const;
  Result<proto::AlgorithmsRow> Algorithms(const Fact& fact) const;
  Status AddKey(const Fact& fact, Json& out) const;
  Status AddCertificate(const Fact& fact, Json& out) const;
  Status AddBanner(const Fact& fact, Json& out) const;
  Status AddAlgorithms(const Fact& fact, Json& out) const;

  const MemoryView& memory_;
  Effort& effort_;
  const HostMemory* host_;
};

// Members of a key's object: id, type, size and fingerprints.
void AddKeyMembers(const RememberedKey& key, Json& out);

// {"first_seen": …, "last_seen": …, "sightings": …} added to an object.
void AddSpan(int64_t first_unix_s, int64_t last_unix_s, uint64_t sightings, Json& out);

// {"host": "192.0.2.1", "kind": "ipv4"}; kind: "ipv4", "ipv6", "onion" or "name".
std::string_view HostKind(const HostId& host);
// A host's text, escaped.
std::string HostText(const HostId& host);
// "country" and "asn", where they are known.
void AddPlace(const ApiPlace& place, Json& out);

}  // namespace hark
