#include "storage/check.h"

#include "base/strings.h"
#include "storage/checker.h"

namespace hark {
namespace {

using schema::Family;

constexpr int kRepairsPerWrite = 1000;

}  // namespace

Status Checker::ForEach(Family family,
                        const std::function<Status(std::string_view, std::string_view)>& visit) {
  Walk walk;
  walk.whole = true;
  return rocks_->ForEach(
      family, "", nullptr,
      [&](std::string_view key, std::string_view value) {
        ++report_.entries;
        return visit(key, value);
      },
      walk);
}

Result<bool> Checker::Has(Family family, std::string_view key) const {
  const Result<std::string> value = rocks_->Get(family, key);
  if (value.ok()) return true;
  if (value.status().code() == StatusCode::kNotFound) return false;
  return value.status();
}

CheckFinding& Checker::FindingOf(const char* what, bool repairable) {
  const auto [at, is_new] = finding_of_.try_emplace(what, report_.findings.size());
  if (is_new) report_.findings.push_back({what, repairable, 0, {}});
  return report_.findings[at->second];
}

void Checker::Found(const char* what, std::string_view entry) {
  CheckFinding& finding = FindingOf(what, false);
  ++finding.count;
  if (finding.examples.size() < kMostCheckExamples) finding.examples.push_back(HexEncode(entry));
}

Status Checker::FoundMissing(const char* what, Family family, std::string_view key) {
  Found(what, key);
  FindingOf(what, true).repairable = true;
  if (!repair_) return Status::Ok();
  batch_.Put(rocks_->family(family), rocksdb::Slice(key.data(), key.size()), "");
  return Repaired();
}

Status Checker::FoundTooMuch(const char* what, Family family, std::string_view key) {
  Found(what, key);
  FindingOf(what, true).repairable = true;
  if (!repair_) return Status::Ok();
  batch_.Delete(rocks_->family(family), rocksdb::Slice(key.data(), key.size()));
  return Repaired();
}

Status Checker::Repaired() {
  ++report_.repaired;
  return batch_.Count() < kRepairsPerWrite ? Status::Ok() : Flush();
}

Status Checker::Flush() {
  if (batch_.Count() == 0) return Status::Ok();
  rocksdb::WriteOptions options;
  options.sync = true;
  const Status written = FromRocks("repair the store", rocks_->db().Write(options, &batch_));
  batch_.Clear();
  return written;
}

// Records before their index, bodies before their names: each pass finds what the one before it
// has mended.
Result<CheckReport> CheckStore(Store& store, bool repair) {
  const std::shared_ptr<Rocks> rocks = RocksOf(store);
  if (rocks == nullptr) return Internal("this store cannot be checked");
  Checker checker(rocks, repair);
  for (const auto part : {CheckTargets, CheckCertificates, CheckRecords, CheckKeyIndex,
                          CheckTimelines, CheckFactUses, CheckFacts, CheckFactNames}) {
    HARK_RETURN_IF_ERROR(part(checker));
    HARK_RETURN_IF_ERROR(checker.Flush());
  }
  return checker.TakeReport();
}

}  // namespace hark
