#pragma once

// Internal to storage/: what the parts of a check (storage/check.h) share: the store, what was
// found, and repairs on their way.

#include <rocksdb/write_batch.h>

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "storage/check.h"
#include "storage/rocks.h"

namespace hark {

class Checker {
 public:
  Checker(std::shared_ptr<Rocks> rocks, bool repair) : rocks_(std::move(rocks)), repair_(repair) {}

  const Rocks& rocks() const { return *rocks_; }

  // Every entry of a family, counted.
  Status ForEach(schema::Family family,
                 const std::function<Status(std::string_view key, std::string_view value)>& visit);
  Result<bool> Has(schema::Family family, std::string_view key) const;

  // Something is wrong; entry: where, its key's bytes.
  void Found(const char* what, std::string_view entry);
  // The same, and how it is put right.
  Status FoundMissing(const char* what, schema::Family family, std::string_view key);
  Status FoundTooMuch(const char* what, schema::Family family, std::string_view key);
  // Writes what repairs have gathered.
  Status Flush();

  // Facts whose body is not known.
  void NoBody() { ++report_.bodies_not_known; }
  CheckReport TakeReport() { return std::move(report_); }

 private:
  CheckFinding& FindingOf(const char* what, bool repairable);
  Status Repaired();

  std::shared_ptr<Rocks> rocks_;
  bool repair_;
  rocksdb::WriteBatch batch_;
  CheckReport report_;
  std::map<std::string, size_t> finding_of_;
};

// The parts, each a pass over one or more families.
Status CheckRecords(Checker& checker);   // records -> by_key, certs, runs
Status CheckKeyIndex(Checker& checker);  // by_key -> records
Status CheckCertificates(Checker& checker);
Status CheckTargets(Checker& checker);    // runs -> targets
Status CheckTimelines(Checker& checker);  // history -> fact_uses
Status CheckFactUses(Checker& checker);   // fact_uses -> history, facts
Status CheckFacts(Checker& checker);      // facts -> fact_names, certs
Status CheckFactNames(Checker& checker);  // fact_names -> facts

}  // namespace hark
