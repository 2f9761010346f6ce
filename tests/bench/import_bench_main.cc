// What reading foreign formats costs (docs/import-passive-ssh.md). Not timed by ctest.
//
//   hark-import-bench write HOSTS SECOND > FILE   records of Passive SSH; the same hosts and keys
//                                                 for every SECOND
//   hark-import-bench read FILE                   reads them, without a store
//   hark-import-bench store FILE DIR BATCH        into a store, in one thread: what each part costs

#include <cinttypes>
#include <cstdio>
#include <ctime>
#include <fstream>
#include <string>
#include <utility>

#include "base/strings.h"
#include "exchange/passive_ssh_record.h"
#include "storage/store.h"
#include "tests/bench/passive_ssh_records.h"

namespace hark::bench {
namespace {

int Write(uint64_t hosts, int64_t unix_s) {
  PassiveSshRecords records(1);
  for (uint64_t i = 0; i < hosts; ++i) {
    const std::string line = records.Next(unix_s);
    if (fwrite(line.data(), 1, line.size(), stdout) != line.size()) return 1;
  }
  return fflush(stdout) == 0 ? 0 : 1;
}

double Cpu(clockid_t clock) {
  timespec now{};
  clock_gettime(clock, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) / 1e9;
}

// CPU seconds of this thread from one call to the next: what else the machine does counts little.
class Lap {
 public:
  double Take() {
    const double before = std::exchange(at_, Cpu(CLOCK_THREAD_CPUTIME_ID));
    return at_ - before;
  }

 private:
  double at_ = Cpu(CLOCK_THREAD_CPUTIME_ID);
};

int Read(const char* path) {
  std::ifstream in(path);
  PassiveSshRecordReader reader;
  uint64_t lines = 0, bytes = 0, facts = 0, faults = 0;
  double reading = 0;
  Lap lap;
  for (std::string line; std::getline(in, line);) {
    lap.Take();
    const ForeignRecord record = reader.Read(line);
    reading += lap.Take();
    for (const Sighting& sighting : record.sightings) facts += sighting.facts.size();
    faults += record.faults.size();
    bytes += line.size();
    ++lines;
  }
  printf("%" PRIu64 " records, %" PRIu64 " facts, %" PRIu64
         " faults: %.2f s of CPU, %.0f records/s, %.1f MB/s\n",
         lines, facts, faults, reading, static_cast<double>(lines) / reading,
         static_cast<double>(bytes) / reading / 1e6);
  return 0;
}

class StoreBench {
 public:
  explicit StoreBench(Store& store) : store_(store), write_(store.NewWrite()) {}

  Status Run(const char* path, uint64_t batch) {
    std::ifstream in(path);
    Lap lap;
    for (std::string line; std::getline(in, line);) {
      lap.Take();
      const ForeignRecord record = reader_.Read(line);
      reading_ += lap.Take();
      for (const Sighting& sighting : record.sightings) write_->PutSighting(sighting);
      putting_ += lap.Take();
      if (++lines_ % batch == 0) HARK_RETURN_IF_ERROR(Commit());
    }
    return Commit();
  }

  void Print() const {
    printf("%" PRIu64
           " records: seconds of CPU: reading %.2f, putting %.2f, committing %.2f; "
           "the process %.2f\n",
           lines_, reading_, putting_, committing_, Cpu(CLOCK_PROCESS_CPUTIME_ID));
  }

 private:
  Status Commit() {
    Lap lap;
    const Status status = store_.Commit(*write_, false);
    write_ = store_.NewWrite();
    committing_ += lap.Take();
    return status;
  }

  Store& store_;
  std::unique_ptr<StoreWrite> write_;
  PassiveSshRecordReader reader_;
  uint64_t lines_ = 0;
  double reading_ = 0, putting_ = 0, committing_ = 0;
};

int StoreAll(const char* path, const char* directory, uint64_t batch) {
  auto store = Store::Open(directory, Store::Mode::kReadWrite);
  Status status = store.status();
  if (status.ok()) {
    StoreBench bench(**store);
    status = bench.Run(path, batch);
    bench.Print();
  }
  if (!status.ok()) fprintf(stderr, "%s\n", status.message().c_str());
  return status.ok() ? 0 : 1;
}

int Main(int argc, char** argv) {
  const std::string mode = argc > 1 ? argv[1] : "";
  if (mode == "write" && argc == 4) {
    const auto hosts = ParseUint(argv[2]);
    const auto unix_s = ParseUint(argv[3]);
    if (hosts && unix_s) return Write(*hosts, static_cast<int64_t>(*unix_s));
  }
  if (mode == "store" && argc == 5) {
    if (const auto batch = ParseUint(argv[4]); batch && *batch > 0)
      return StoreAll(argv[2], argv[3], *batch);
  }
  if (mode == "read" && argc == 3) return Read(argv[2]);
  fprintf(stderr,
          "usage: hark-import-bench write HOSTS SECOND | read FILE | store FILE DIR BATCH\n");
  return 2;
}

}  // namespace
}  // namespace hark::bench

int main(int argc, char** argv) {
  return hark::bench::Main(argc, argv);
}
