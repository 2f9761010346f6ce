// What the report costs with and without reading certificates (docs/bench.md):
//   hark-facts-bench DIR [RUN [TIMES [CERTIFICATES]]]
// writes the paper's run into DIR unless a store is there, then analyses it; milliseconds and
// megabytes on stdout.

#include <sys/resource.h>

#include <chrono>
#include <cstdio>
#include <filesystem>
#include <thread>

#include "analysis/report.h"
#include "analysis/report_tables.h"
#include "base/file.h"
#include "base/strings.h"
#include "tests/bench/analysis_store.h"

namespace hark::bench {
namespace {

// Lives beside the store.
std::string RootsOf(const std::string& directory) {
  return directory + ".roots.pem";
}

Status Prepare(const std::string& directory, AnalysisStore what) {
  if (std::filesystem::exists(directory)) return Status::Ok();
  HARK_ASSIGN_OR_RETURN(const std::unique_ptr<Store> store,
                        Store::Open(directory, Store::Mode::kReadWrite));
  HARK_ASSIGN_OR_RETURN(const std::string pem, WriteAnalysisStore(what, store.get()));
  return WriteFileAtomically(RootsOf(directory), pem);
}

// Of all threads: what a busy machine does not change.
double CpuMillis() {
  rusage usage = {};
  getrusage(RUSAGE_SELF, &usage);
  const auto millis = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) * 1e3 + static_cast<double>(time.tv_usec) / 1e3;
  };
  return millis(usage.ru_utime) + millis(usage.ru_stime);
}

// facts: nullptr = without certificates.
Status Measure(const Store& store, const std::string& run, const char* what,
               const FactsOptions* facts) {
  const auto begin = std::chrono::steady_clock::now();
  const double cpu_begin = CpuMillis();
  HARK_ASSIGN_OR_RETURN(const std::unique_ptr<RunReader> reader, store.ReadRun(run));
  HARK_ASSIGN_OR_RETURN(const RunAnalysis analysis, AnalyseRun(*reader, false, facts));
  const size_t tables = ReportTables(analysis.report).size();
  const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - begin;
  rusage usage = {};
  getrusage(RUSAGE_SELF, &usage);
  const RunReport& report = analysis.report;
  std::printf(
      "%-22s %9.1f ms (%9.1f ms of CPU), %5.0f MB so far; %zu tables, %llu host/ports, %llu "
      "clusters",
      what, took.count(), CpuMillis() - cpu_begin, static_cast<double>(usage.ru_maxrss) / 1024,
      tables, static_cast<unsigned long long>(report.host_ports),
      static_cast<unsigned long long>(report.sizes.clusters));
  if (report.facts) {
    std::printf(", %llu chains", static_cast<unsigned long long>(report.facts->chains));
  }
  std::printf("\n");
  return Status::Ok();
}

Status Bench(const std::string& directory, const std::string& run, uint64_t times,
             uint64_t certificates) {
  AnalysisStore what = PaperStore(run);
  what.max_certificates = certificates;
  HARK_RETURN_IF_ERROR(Prepare(directory, what));
  HARK_ASSIGN_OR_RETURN(const std::unique_ptr<Store> store,
                        Store::Open(directory, Store::Mode::kReadOnly));
  HARK_ASSIGN_OR_RETURN(const std::unique_ptr<TrustStore> trust,
                        TrustStore::Load(RootsOf(directory)));
  FactsOptions one;
  one.trust = trust.get();
  FactsOptions all = one;
  all.threads = std::max(1U, std::thread::hardware_concurrency());
  for (uint64_t i = 0; i < times; ++i) {
    HARK_RETURN_IF_ERROR(Measure(*store, run, "without certificates", nullptr));
    HARK_RETURN_IF_ERROR(Measure(*store, run, "with, one thread", &one));
    HARK_RETURN_IF_ERROR(Measure(*store, run, "with, all threads", &all));
  }
  return Status::Ok();
}

}  // namespace
}  // namespace hark::bench

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fprintf(stderr, "hark-facts-bench DIR [RUN [TIMES [CERTIFICATES]]]\n");
    return 2;
  }
  const std::string run = argc > 2 ? argv[2] : "IE-20180316";
  const uint64_t times = argc > 3 ? hark::ParseUint(argv[3]).value_or(1) : 1;
  const uint64_t certificates = argc > 4 ? hark::ParseUint(argv[4]).value_or(0) : 100'000;
  const hark::Status status = hark::bench::Bench(argv[1], run, times, certificates);
  if (!status.ok()) std::fprintf(stderr, "hark-facts-bench: %s\n", status.message().c_str());
  return status.ok() ? 0 : 1;
}
