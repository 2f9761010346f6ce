#pragma once

// Internal to storage/: sightings on their way into the history's families. A place that showed a
// fact before gets a row merged and nothing else; a new fact gets its index entry and, once, its
// body and the names it can be found by.

#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "base/status.h"
#include "storage/change_list.h"
#include "storage/rocks.h"
#include "storage/sighting.h"

namespace hark {

// Of one write: what is in `changes` already counts as there.
class SightingWriter {
 public:
  SightingWriter(const Rocks& rocks, ChangeList& changes) : rocks_(rocks), changes_(changes) {}

  // Both fail when the store cannot be read; the write must not be committed then.
  Status Put(const Sighting& sighting);
  Status Forget(const HostId& host);

 private:
  // Facts of a place, by the store and this write.
  Result<std::vector<Fact>*> FactsAt(const std::string& place);
  Status PutBody(const SightedFact& fact);
  Status PutKeyBody(const SightedFact& fact);
  Status PutCertificateBody(const SightedFact& fact);
  void PutKeyNames(const Fact& key, std::string_view ssh_blob, const std::string& md5 = {});
  void PutCertificateNames(const Fact& certificate, std::string_view der);
  void PutAlgorithmsBody(const SightedFact& fact);
  void Put(schema::Family family, std::string key, std::string value);
  Result<std::string> Stored(schema::Family family, std::string_view key) const;

  const Rocks& rocks_;
  ChangeList& changes_;
  std::unordered_map<std::string, std::vector<Fact>> facts_here_;  // by HistoryKey
  std::unordered_set<std::string> bodies_here_;                    // by FactKey
};

}  // namespace hark
