// What reading foreign formats costs (docs/import-passive-ssh.md). Not timed by ctest.
//
//   hark-import-bench write HOSTS SECOND > FILE   records of Passive SSH; the same hosts and keys
//                                                 for every SECOND
//   hark-import-bench read FILE                   reads them, without a store

#include <chrono>
#include <cstdio>
#include <fstream>
#include <string>

#include "base/strings.h"
#include "exchange/passive_ssh_record.h"
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

int Main(int argc, char** argv) {
  const std::string mode = argc > 1 ? argv[1] : "";
  if (mode == "write" && argc == 4) {
    const auto hosts = ParseUint(argv[2]);
    const auto unix_s = ParseUint(argv[3]);
    if (hosts && unix_s) return Write(*hosts, static_cast<int64_t>(*unix_s));
  }
  if (mode == "read" && argc == 3) return Read(argv[2]);
  fprintf(stderr, "usage: hark-import-bench write HOSTS SECOND | read FILE\n");
  return 2;
}

}  // namespace
}  // namespace hark::bench

int main(int argc, char** argv) {
  return hark::bench::Main(argc, argv);
}
