// Makes the store that the part `api` of the bench asks: SSH servers with three keys of their own,
// visited once and then again and again with nothing changed. What it takes on disk, compacted,
// before and after the visits again, goes to standard output as JSON.
//
//   hark-history-store --db=DIR --hosts=1000000 --rescans=10 --targets=FILE

#include <gflags/gflags.h>
#include <rocksdb/db.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <memory>
#include <vector>

#include "api/ssh_words.h"
#include "base/strings.h"
#include "base/time.h"
#include "keys/digests.h"
#include "storage/rocks.h"
#include "storage/store.h"
#include "tests/bench/api/synthetic_ssh.h"

DEFINE_string(db, "", "directory of the store to make");
DEFINE_uint64(hosts, 1'000'000, "servers");
DEFINE_uint64(rescans, 10, "visits again, with nothing changed");
DEFINE_uint64(banners, 185'196, "distinct banners");
DEFINE_uint64(seed, 1, "of the servers");
DEFINE_string(targets, "", "file for the paths of look-ups, one a line");
DEFINE_string(records, "", "file for the first visits as Passive SSH's scanner prints them");
DEFINE_uint64(lookups, 100'000, "how many of them: half keys, half hosts");
DEFINE_uint64(commit_hosts, 2'000, "hosts in one commit");

namespace hark::bench {
namespace {

constexpr int64_t kFirstVisit = 1'700'000'000;
constexpr int64_t kBetweenVisits = 30 * 86'400;
constexpr int kFamilies = schema::kFamilyCount;

struct KnownHost {
  Address address;
  std::vector<Fact> facts;
};

uint64_t BytesOnDisk(const std::string& directory) {
  uint64_t bytes = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(directory)) {
    if (entry.is_regular_file()) bytes += entry.file_size();
  }
  return bytes;
}

// As a store is that nobody has written to for a while.
Status Compact(const std::string& directory) {
  HARK_ASSIGN_OR_RETURN(const auto rocks, Rocks::Open(directory, false, nullptr));
  for (int i = 0; i < kFamilies; ++i) {
    rocksdb::CompactRangeOptions options;
    options.bottommost_level_compaction = rocksdb::BottommostLevelCompaction::kForceOptimized;
    HARK_RETURN_IF_ERROR(
        FromRocks("compacting",
                  rocks->db().CompactRange(options, rocks->family(static_cast<schema::Family>(i)),
                                           nullptr, nullptr)));
  }
  return Status::Ok();
}

// Writes so many hosts at a time.
class Visits {
 public:
  explicit Visits(const std::string& directory) : directory_(directory) {}

  Status Open() {
    HARK_ASSIGN_OR_RETURN(store_, Store::Open(directory_, Store::Mode::kReadWrite));
    write_ = store_->NewWrite();
    return Status::Ok();
  }
  Status Add(Sighting sighting) {
    write_->PutSighting(sighting);
    if (++waiting_ < FLAGS_commit_hosts) return Status::Ok();
    waiting_ = 0;
    HARK_RETURN_IF_ERROR(store_->Commit(*write_, false));
    write_ = store_->NewWrite();
    return Status::Ok();
  }
  Status Close() {
    HARK_RETURN_IF_ERROR(store_->Commit(*write_, true));
    write_.reset();
    store_.reset();
    return Status::Ok();
  }

 private:
  std::string directory_;
  std::unique_ptr<Store> store_;
  std::unique_ptr<StoreWrite> write_;
  uint64_t waiting_ = 0;
};

class Builder {
 public:
  Status FirstVisits() {
    SyntheticSsh servers({FLAGS_hosts, FLAGS_banners}, FLAGS_seed);
    std::ofstream targets(FLAGS_targets);
    std::ofstream records(FLAGS_records);
    Random random(FLAGS_seed + 1);
    Visits visits(FLAGS_db);
    HARK_RETURN_IF_ERROR(visits.Open());
    for (uint64_t i = 0; i < FLAGS_hosts; ++i) {
      const SyntheticSsh::Host host = servers.Next();
      Sighting sighting{host.address, 22, SecondOf(i, 0), servers.FactsOf(host)};
      if (!FLAGS_records.empty()) records << servers.RecordOf(host, SecondOf(i, 0)) << "\n";
      KnownHost known{host.address, {}};
      for (const SightedFact& fact : sighting.facts) known.facts.push_back(fact.fact);
      hosts_.push_back(std::move(known));
      if (random.Below(2 * FLAGS_hosts) < FLAGS_lookups) Sample(host, random, targets);
      HARK_RETURN_IF_ERROR(visits.Add(std::move(sighting)));
    }
    return visits.Close();
  }

  Status VisitAgain(uint64_t time) {
    Visits visits(FLAGS_db);
    HARK_RETURN_IF_ERROR(visits.Open());
    for (uint64_t i = 0; i < hosts_.size(); ++i) {
      Sighting sighting{hosts_[i].address, 22, SecondOf(i, time), {}};
      for (const Fact& fact : hosts_[i].facts) sighting.facts.emplace_back().fact = fact;
      HARK_RETURN_IF_ERROR(visits.Add(std::move(sighting)));
    }
    return visits.Close();
  }

 private:
  // Scans take a day, and no two take the same.
  static int64_t SecondOf(uint64_t host, uint64_t time) {
    return kFirstVisit + static_cast<int64_t>(time) * kBetweenVisits +
           static_cast<int64_t>(Mix64(host * 64 + time) % 86'400);
  }

  static void Sample(const SyntheticSsh::Host& host, Random& random, std::ofstream& targets) {
    const std::string* const blobs[] = {&host.rsa, &host.ecdsa, &host.ed25519};
    targets << "/fingerprint/all/" << ColonHex(Md5(*blobs[random.Below(3)])) << "\n/host/ssh/"
            << host.address.ToString() << "\n";
  }

  std::vector<KnownHost> hosts_;
};

double SecondsSince(MonoTime begin) {
  return std::chrono::duration<double>(SystemClock().Now() - begin).count();
}

Status Run() {
  const SystemClock clock;
  Builder builder;
  const MonoTime begin = clock.Now();
  HARK_RETURN_IF_ERROR(builder.FirstVisits());
  const double first_seconds = SecondsSince(begin);
  HARK_RETURN_IF_ERROR(Compact(FLAGS_db));
  const uint64_t first_bytes = BytesOnDisk(FLAGS_db);
  const MonoTime again = clock.Now();
  for (uint64_t i = 1; i <= FLAGS_rescans; ++i) HARK_RETURN_IF_ERROR(builder.VisitAgain(i));
  const double again_seconds = SecondsSince(again);
  HARK_RETURN_IF_ERROR(Compact(FLAGS_db));
  std::printf(
      "{\"hosts\": %llu, \"rescans\": %llu, \"bytes\": %llu, \"bytes_after_rescans\": %llu, "
      "\"seconds\": %.1f, \"rescan_seconds\": %.1f}\n",
      static_cast<unsigned long long>(FLAGS_hosts), static_cast<unsigned long long>(FLAGS_rescans),
      static_cast<unsigned long long>(first_bytes),
      static_cast<unsigned long long>(BytesOnDisk(FLAGS_db)), first_seconds, again_seconds);
  return Status::Ok();
}

}  // namespace
}  // namespace hark::bench

int main(int argc, char** argv) {
  gflags::ParseCommandLineFlags(&argc, &argv, true);
  const hark::Status status = hark::bench::Run();
  if (!status.ok()) std::fprintf(stderr, "hark-history-store: %s\n", status.message().c_str());
  return status.ok() ? 0 : 1;
}
