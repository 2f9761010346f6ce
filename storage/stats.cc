#include "storage/stats.h"

#include <algorithm>
#include <memory>

#include "storage/remember.h"
#include "storage/rocks.h"

namespace hark {
namespace {

using schema::Family;

uint64_t Property(const Rocks& rocks, Family family, const std::string& name) {
  uint64_t value = 0;
  rocks.db().GetIntProperty(rocks.family(family), name, &value);
  return value;
}

Walk Whole() {
  Walk walk;
  walk.whole = true;
  return walk;
}

Result<uint64_t> Count(const Rocks& rocks, Family family) {
  uint64_t entries = 0;
  const auto add = [&](std::string_view, std::string_view) {
    ++entries;
    return Status::Ok();
  };
  HARK_RETURN_IF_ERROR(rocks.ForEach(family, "", nullptr, add, Whole()));
  return entries;
}

Result<uint64_t> CountHosts(const Rocks& rocks) {
  uint64_t hosts = 0;
  std::string last;
  const auto add = [&](std::string_view key, std::string_view) {
    const std::string_view host = key.substr(0, key.size() - std::min<size_t>(2, key.size()));
    if (host != last) ++hosts;
    last = host;
    return Status::Ok();
  };
  HARK_RETURN_IF_ERROR(rocks.ForEach(Family::kHistory, "", nullptr, add, Whole()));
  return hosts;
}

uint64_t EntriesOf(const StoreStats& stats, Family family) {
  for (const FamilyStats& one : stats.families) {
    if (one.name == schema::FamilyName(family)) return one.entries;
  }
  return 0;
}

Result<FamilyStats> StatsOf(const Rocks& rocks, Family family, bool count) {
  using Properties = rocksdb::DB::Properties;
  FamilyStats out;
  out.name = schema::FamilyName(family);
  if (rocks.family(family) == nullptr) return out;
  out.table_bytes = Property(rocks, family, Properties::kLiveSstFilesSize);
  out.blob_bytes = Property(rocks, family, Properties::kLiveBlobFileSize);
  out.memory_bytes = Property(rocks, family, Properties::kCurSizeAllMemTables);
  if (count) {
    HARK_ASSIGN_OR_RETURN(out.entries, Count(rocks, family));
  } else {
    out.entries = Property(rocks, family, Properties::kEstimateNumKeys);
  }
  return out;
}

}  // namespace

Result<StoreStats> ReadStoreStats(const Store& store, bool count) {
  const std::shared_ptr<Rocks> rocks = RocksOf(store);
  if (rocks == nullptr) return Internal("this store has no statistics");
  StoreStats out;
  out.counted = count;
  HARK_ASSIGN_OR_RETURN(const auto version, store.Meta("schema_version"));
  out.schema_version = version.value_or("");
  for (int i = 0; i < schema::kFamilyCount; ++i) {
    HARK_ASSIGN_OR_RETURN(out.families.emplace_back(),
                          StatsOf(*rocks, static_cast<Family>(i), count));
  }
  HARK_ASSIGN_OR_RETURN(const std::vector<proto::RunRow> runs, store.Runs());
  for (const proto::RunRow& run : runs) {
    RunStats& one = out.runs.emplace_back();
    one.row = run;
    HARK_ASSIGN_OR_RETURN(one.remembered, IsRemembered(store, run.id()));
    HARK_ASSIGN_OR_RETURN(const std::vector<proto::JobRow> jobs, store.Jobs(run.id()));
    one.jobs = jobs.size();
  }
  out.history = {EntriesOf(out, Family::kHistory), EntriesOf(out, Family::kFactUses),
                 EntriesOf(out, Family::kFacts), EntriesOf(out, Family::kFactNames)};
  if (count) {
    HARK_ASSIGN_OR_RETURN(out.history_hosts, CountHosts(*rocks));
  }
  return out;
}

}  // namespace hark
