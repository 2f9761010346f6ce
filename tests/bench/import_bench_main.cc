// What reading foreign formats costs (docs/import-passive-ssh.md). Not timed by ctest.
//
//   hark-import-bench write HOSTS SECOND > FILE   records of Passive SSH; the same hosts and keys
//                                                 for every SECOND
//   hark-import-bench read FILE                   reads them, without a store

#include <chrono>
#include <cstdio>
#include <ctime>
#include <fstream>
#include <string>

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

int Read(const char* path) {
  std::ifstream in(path);
  PassiveSshRecordReader reader;
  uint64_t lines = 0;
  uint64_t bytes = 0;
  uint64_t facts = 0;
  uint64_t faults = 0;
  std::chrono::duration<double> spent{};
  for (std::string line; std::getline(in, line);) {
    const auto begun = std::chrono::steady_clock::now();
    const ForeignRecord record = reader.Read(line);
    spent += std::chrono::steady_clock::now() - begun;
    for (const Sighting& sighting : record.sightings) facts += sighting.facts.size();
    faults += record.faults.size();
    bytes += line.size();
    ++lines;
  }
  printf("%llu records, %llu facts, %llu faults: %.2f s, %.0f records/s, %.1f MB/s\n",
         static_cast<unsigned long long>(lines), static_cast<unsigned long long>(facts),
         static_cast<unsigned long long>(faults), spent.count(),
         static_cast<double>(lines) / spent.count(),
         static_cast<double>(bytes) / spent.count() / 1e6);
  return 0;
}

double Cpu(clockid_t clock) {
  timespec now{};
  clock_gettime(clock, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) / 1e9;
}
double ThreadCpu() { return Cpu(CLOCK_THREAD_CPUTIME_ID); }
double ProcessCpu() { return Cpu(CLOCK_PROCESS_CPUTIME_ID); }

int StoreAll(const char* path, const char* directory, size_t batch) {
  auto opened = Store::Open(directory, Store::Mode::kReadWrite);
  if (!opened.ok()) return fprintf(stderr, "%s\n", opened.status().message().c_str()), 1;
  const std::unique_ptr<Store> store = std::move(*opened);
  std::ifstream in(path);
  PassiveSshRecordReader reader;
  double reading = 0, putting = 0, committing = 0;
  auto write = store->NewWrite();
  size_t in_batch = 0;
  uint64_t lines = 0;
  const auto all = ThreadCpu();
  const auto commit = [&] {
    const auto t = ThreadCpu();
    const Status status = store->Commit(*write, false);
    if (!status.ok()) fprintf(stderr, "%s\n", status.message().c_str());
    write = store->NewWrite();
    in_batch = 0;
    committing += ThreadCpu() - t;
  };
  for (std::string line; std::getline(in, line);) {
    const auto begun = ThreadCpu();
    const ForeignRecord record = reader.Read(line);
    const auto read = ThreadCpu();
    for (const Sighting& sighting : record.sightings) write->PutSighting(sighting);
    reading += read - begun;
    putting += ThreadCpu() - read;
    ++lines;
    if (++in_batch == batch) commit();
  }
  commit();
  const double whole = ThreadCpu() - all;
  printf("%llu records: %.2f s (reading %.2f, putting %.2f, committing %.2f), %.0f records/s; CPU of the process %.2f s\n",
         static_cast<unsigned long long>(lines), whole, reading, putting,
         committing, static_cast<double>(lines) / whole, ProcessCpu());
  return 0;
}

int Main(int argc, char** argv) {
  const std::string mode = argc > 1 ? argv[1] : "";
  if (mode == "write" && argc == 4) {
    const auto hosts = ParseUint(argv[2]);
    const auto unix_s = ParseUint(argv[3]);
    if (hosts && unix_s) return Write(*hosts, static_cast<int64_t>(*unix_s));
  }
  if (mode == "store" && argc == 5) return StoreAll(argv[2], argv[3], atoi(argv[4]));
  if (mode == "read" && argc == 3) return Read(argv[2]);
  fprintf(stderr, "usage: hark-import-bench write HOSTS SECOND | read FILE\n");
  return 2;
}

}  // namespace
}  // namespace hark::bench

int main(int argc, char** argv) {
  return hark::bench::Main(argc, argv);
}
