#include "storage/prune.h"

#include <rocksdb/options.h>
#include <rocksdb/write_batch.h>

#include <memory>
#include <set>

#include "keys/certificate.h"
#include "keys/ssh_key.h"
#include "storage/certificate_sieve.h"
#include "storage/fact_body.h"
#include "storage/fact_names.h"
#include "storage/rocks.h"
#include "storage/value_codec.h"

namespace hark {
namespace {

using schema::Family;

constexpr size_t kHashBytes = 32;
constexpr size_t kBatchBytes = size_t{1} << 20;
constexpr int64_t kMillis = 1000;

bool IsIndexed(const Fact& fact) {
  return fact.kind >= FactKind::kKey && fact.kind <= FactKind::kAlgorithms;
}

class Pruner {
 public:
  Pruner(std::shared_ptr<Rocks> rocks, const PruneWishes& wishes)
      : rocks_(std::move(rocks)), wishes_(wishes) {}

  Result<PruneDone> Prune(const std::vector<proto::RunRow>& runs) {
    if (wishes_.runs) HARK_RETURN_IF_ERROR(Runs(runs));
    HARK_RETURN_IF_ERROR(History());
    HARK_RETURN_IF_ERROR(Bodies());
    HARK_RETURN_IF_ERROR(Certificates());
    return done_;
  }

 private:
  Status ForEach(Family family,
                 const std::function<Status(std::string_view, std::string_view)>& visit) {
    Walk walk;
    walk.whole = true;
    return rocks_->ForEach(family, "", nullptr, visit, walk);
  }

  void Delete(Family family, std::string_view key) {
    batch_.Delete(rocks_->family(family), rocksdb::Slice(key.data(), key.size()));
  }
  // Entry by entry: a range's tombstone and our tables' insert hints do not go together
  // (RocksDB 7.8 takes the hint of one skip list for the other's).
  Status DeleteAll(Family family, const std::string& prefix) {
    return rocks_->ForEach(family, prefix, nullptr, [&](std::string_view key, std::string_view) {
      Delete(family, key);
      return WriteIfLarge();
    });
  }
  // What is in the batch belongs together up to here.
  Status WriteIfLarge() { return batch_.GetDataSize() < kBatchBytes ? Status::Ok() : Write(); }
  Status Write() {
    if (batch_.Count() == 0) return Status::Ok();
    rocksdb::WriteOptions options;
    options.sync = true;
    const Status written = FromRocks("prune the store", rocks_->db().Write(options, &batch_));
    batch_.Clear();
    return written;
  }

  // Marked by having been finished, in whatever state a removal that was killed left them.
  bool IsToGo(const proto::RunRow& run) const {
    return run.finished_unix_ms() > 0 && run.finished_unix_ms() < wishes_.before_unix_s * kMillis;
  }

  Status Runs(const std::vector<proto::RunRow>& runs) {
    std::set<std::string> sets;  // of runs that stay
    for (const proto::RunRow& run : runs) {
      if (IsToGo(run)) {
        HARK_RETURN_IF_ERROR(RemoveRun(run));
      } else {
        sets.insert({run.target_set(), run.targets6(), run.left_out()});
      }
    }
    const auto remove = [&](std::string_view key, std::string_view) {
      if (!sets.contains(std::string(key))) Delete(Family::kTargets, key);
      return WriteIfLarge();
    };
    HARK_RETURN_IF_ERROR(ForEach(Family::kTargets, remove));
    return Write();
  }

  // Its row goes last, or its number could become another run's while rows of it are left; until
  // then nobody takes it for complete, and no coordinator for its own.
  Status RemoveRun(proto::RunRow run) {
    run.set_state(proto::RunRow::OPEN);
    run.mutable_settings()->set_cancelled(true);
    const std::string prefix = schema::RunKey(run.id());
    batch_.Put(rocks_->family(Family::kRuns), prefix, EncodeValue(run));
    HARK_RETURN_IF_ERROR(Write());
    HARK_RETURN_IF_ERROR(RemoveRecords(run.id(), prefix));
    for (const Family family :
         {Family::kByKey, Family::kJobs, Family::kListeners, Family::kRevisits}) {
      HARK_RETURN_IF_ERROR(DeleteAll(family, prefix));
    }
    HARK_RETURN_IF_ERROR(DeleteAll(Family::kMeta, schema::NamesKey(run.id())));
    HARK_RETURN_IF_ERROR(DeleteAll(Family::kMeta, schema::SweptOf(run.id())));
    HARK_RETURN_IF_ERROR(Write());
    Delete(Family::kMeta, schema::PurgedKey(run.id()));
    Delete(Family::kMeta, schema::RememberedRunKey(run.id()));
    Delete(Family::kRuns, prefix);
    ++done_.runs;
    return Write();
  }

  // Each with its entries in the key index.
  Status RemoveRecords(uint32_t run, const std::string& prefix) {
    return rocks_->ForEach(
        Family::kRecords, prefix, nullptr,
        [&](std::string_view key, std::string_view value) -> Status {
          const std::optional<schema::RecordKeyParts> parts = schema::ParseRecordKey(key);
          proto::PortRow row;
          if (parts && parts->port != 0 && DecodeValue(value, "observation", &row).ok()) {
            for (const std::string& bytes : row.keys()) {
              const std::optional<KeyId> id = KeyId::FromBytes(bytes);
              if (!id) continue;
              Delete(Family::kByKey, schema::ByKeyKey(run, {*id, parts->address, parts->port}));
            }
          }
          Delete(Family::kRecords, key);
          return WriteIfLarge();
        });
  }

  Status History() {
    const auto visit = [&](std::string_view key, std::string_view value) -> Status {
      const std::optional<FactUse> place = schema::ParsePlace(key);
      HARK_ASSIGN_OR_RETURN(Timeline timeline, Timeline::Decode(value));
      if (!place) return Corruption("the store holds an unreadable place; hark db check tells");
      if (timeline.empty() || timeline.first_unix_s() >= wishes_.before_unix_s) {
        return Status::Ok();
      }
      return PrunePlace(key, *place, std::move(timeline));
    };
    HARK_RETURN_IF_ERROR(ForEach(Family::kHistory, visit));
    return Write();
  }

  Status PrunePlace(std::string_view key, const FactUse& place, Timeline timeline) {
    const std::vector<Fact> before = timeline.facts();
    done_.visits += timeline.DropBefore(wishes_.before_unix_s);
    for (const Fact& fact : before) {
      if (!IsIndexed(fact) || timeline.Has(fact)) continue;
      Delete(Family::kFactUses, schema::FactUseKey(fact, place));
    }
    if (timeline.empty()) {
      ++done_.places;
      Delete(Family::kHistory, key);
    } else {
      batch_.Put(rocks_->family(Family::kHistory), rocksdb::Slice(key.data(), key.size()),
                 timeline.Encode());
    }
    return WriteIfLarge();
  }

  Result<bool> IsUsed(std::string_view fact_key) {
    bool used = false;
    const Status walked = rocks_->ForEach(Family::kFactUses, fact_key, nullptr,
                                          [&](std::string_view, std::string_view) {
                                            used = true;
                                            return Unavailable("enough");
                                          });
    if (!used && !walked.ok()) return walked;
    return used;
  }

  // Bodies of facts that are seen nowhere any more, with the names they were found by. What is
  // still in use says which certificates it needs.
  Status Bodies() {
    const auto visit = [&](std::string_view key, std::string_view value) -> Status {
      HARK_ASSIGN_OR_RETURN(const bool used, IsUsed(key));
      if (used) {
        Keep(key, value);
        return Status::Ok();
      }
      HARK_RETURN_IF_ERROR(RemoveNames(key, value));
      Delete(Family::kFacts, key);
      ++done_.bodies;
      return WriteIfLarge();
    };
    HARK_RETURN_IF_ERROR(ForEach(Family::kFacts, visit));
    return Write();
  }

  static bool IsKeyInCertificate(FactKind kind, std::string_view value) {
    return kind == FactKind::kKey && value.size() == 1 + kHashBytes &&
           value.front() == static_cast<char>(KeyBody::kInCertificate);
  }

  void Keep(std::string_view key, std::string_view value) {
    const auto kind = static_cast<FactKind>(key.front());
    if (IsKeyInCertificate(kind, value)) needed_.Add(value.substr(1));
    if (kind == FactKind::kCertificate && value.size() == kHashBytes + 1) {
      needed_.Add(value.substr(0, kHashBytes));
    }
  }

  Result<std::string> Der(std::string_view sha256) {
    const Result<std::string> value = rocks_->Get(Family::kCerts, sha256);
    if (value.status().code() == StatusCode::kNotFound) return std::string();
    if (!value.ok()) return value.status();
    proto::CertRow row;
    HARK_RETURN_IF_ERROR(DecodeValue(*value, "certificate", &row));
    return std::move(*row.mutable_der());
  }

  Status RemoveNames(std::string_view key, std::string_view value) {
    const std::optional<Fact> fact = schema::ParseFact(key);
    if (!fact) return Status::Ok();
    HARK_ASSIGN_OR_RETURN(const std::vector<std::string> names, NamesOf(*fact, value));
    for (const std::string& name : names) Delete(Family::kFactNames, name);
    return Status::Ok();
  }

  Result<std::vector<std::string>> NamesOf(const Fact& fact, std::string_view value) {
    std::vector<std::string> none;
    if (fact.kind == FactKind::kAlgorithms) {
      proto::AlgorithmsRow row;
      const bool read = row.ParseFromArray(value.data(), static_cast<int>(value.size()));
      return read ? NamesOfAlgorithms(fact, row) : none;
    }
    if (fact.kind == FactKind::kCertificate && value.size() == kHashBytes + 1) {
      HARK_ASSIGN_OR_RETURN(const std::string der, Der(value.substr(0, kHashBytes)));
      return NamesOfCertificate(fact, der);
    }
    if (fact.kind != FactKind::kKey || value.empty()) return none;
    HARK_ASSIGN_OR_RETURN(const std::string blob, BlobOf(value));
    return blob.empty() ? none : NamesOfKey(fact, blob);
  }

  Result<std::string> BlobOf(std::string_view value) {
    const std::string_view body = value.substr(1);
    switch (static_cast<KeyBody>(value.front())) {
      case KeyBody::kSshBlob:
        return std::string(body);
      case KeyBody::kSpki:
        return SshBlobOfSpki(body).value_or("");
      case KeyBody::kInCertificate: {
        HARK_ASSIGN_OR_RETURN(const std::string der, Der(body));
        const std::optional<std::string> spki = SpkiOfCertificate(der);
        return spki ? SshBlobOfSpki(*spki).value_or("") : "";
      }
    }
    return std::string();
  }

  // Certificates that no record, no remembered certificate and no remembered key needs.
  Status Certificates() {
    const auto need = [&](std::string_view key, std::string_view value) -> Status {
      const std::optional<schema::RecordKeyParts> parts = schema::ParseRecordKey(key);
      if (!parts || parts->port == 0) return Status::Ok();
      proto::PortRow row;
      HARK_RETURN_IF_ERROR(DecodeValue(value, "observation", &row));
      const proto::TlsFacts& tls = row.observation().tls();
      for (const std::string& sha256 : tls.chain_sha256()) needed_.Add(sha256);
      for (const std::string& sha256 : tls.other_leaf().chain_sha256()) needed_.Add(sha256);
      return Status::Ok();
    };
    HARK_RETURN_IF_ERROR(ForEach(Family::kRecords, need));
    const auto remove = [&](std::string_view key, std::string_view) -> Status {
      if (needed_.MayHave(key)) return Status::Ok();
      Delete(Family::kCerts, key);
      ++done_.certificates;
      return WriteIfLarge();
    };
    HARK_RETURN_IF_ERROR(ForEach(Family::kCerts, remove));
    return Write();
  }

  std::shared_ptr<Rocks> rocks_;
  PruneWishes wishes_;
  rocksdb::WriteBatch batch_;
  CertificateSieve needed_;
  PruneDone done_;
};

}  // namespace

Result<PruneDone> PruneStore(Store& store, const PruneWishes& wishes) {
  const std::shared_ptr<Rocks> rocks = RocksOf(store);
  if (rocks == nullptr) return Internal("this store cannot be pruned");
  HARK_ASSIGN_OR_RETURN(const std::vector<proto::RunRow> runs, store.Runs());
  return Pruner(rocks, wishes).Prune(runs);
}

Status CompactStore(Store& store) {
  const std::shared_ptr<Rocks> rocks = RocksOf(store);
  if (rocks == nullptr) return Internal("this store cannot be compacted");
  rocksdb::CompactRangeOptions options;
  options.bottommost_level_compaction = rocksdb::BottommostLevelCompaction::kForceOptimized;
  // Bodies lie in files of their own, whose old ones only go when all of them are read again.
  options.blob_garbage_collection_policy = rocksdb::BlobGarbageCollectionPolicy::kForce;
  options.blob_garbage_collection_age_cutoff = 1.0;
  for (int i = 0; i < schema::kFamilyCount; ++i) {
    rocksdb::ColumnFamilyHandle* const family = rocks->family(static_cast<Family>(i));
    if (family == nullptr) continue;
    HARK_RETURN_IF_ERROR(FromRocks("compact the store",
                                   rocks->db().CompactRange(options, family, nullptr, nullptr)));
  }
  return Status::Ok();
}

}  // namespace hark
