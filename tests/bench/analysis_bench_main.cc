// hark-analysis-bench: what the analysis of a run costs, over a made-up store. bench.py runs both
// halves, the second in a process of its own (`bench.py --only=analysis`).
//
//   hark-analysis-bench --shape=ie|sg|million|big --db=DIR   makes the store
//   hark-analysis-bench --certified=RUN --db=DIR             a paper's run with real certificates;
//                                                            DIR.roots.pem is who signed them
//   hark-analysis-bench --read --db=DIR [--ca_bundle=FILE,…] clusters and all tables of its newest
//                                                            run, with certificates if there are
//                                                            bundles to judge them by

#include <gflags/gflags.h>
#include <sys/resource.h>

#include <chrono>
#include <cstdio>
#include <thread>

#include "analysis/report_tables.h"
#include "base/file.h"
#include "base/strings.h"
#include "storage/store.h"
#include "tests/bench/analysis_store.h"
#include "tests/bench/shaped_store.h"

DEFINE_string(shape, "ie", "ie, sg, million or big");
DEFINE_string(db, "", "directory of the store");
DEFINE_string(certified, "", "IE-20180316 or SG-20180430");
DEFINE_string(ca_bundle, "", "PEM files of roots, separated by commas");
DEFINE_bool(read, false, "analyse the store that is there");

namespace hark::bench {
namespace {

Status FillCertified() {
  HARK_ASSIGN_OR_RETURN(const std::unique_ptr<Store> store,
                        Store::Open(FLAGS_db, Store::Mode::kReadWrite));
  HARK_ASSIGN_OR_RETURN(const std::string pem,
                        WriteAnalysisStore(PaperStore(FLAGS_certified), store.get()));
  return WriteFileAtomically(FLAGS_db + ".roots.pem", pem);
}

Status Fill() {
  if (!FLAGS_certified.empty()) return FillCertified();
  HARK_ASSIGN_OR_RETURN(const StoreShape shape, ShapeNamed(FLAGS_shape));
  return FillStore(FLAGS_db, shape);
}

double CpuSeconds(const rusage& usage) {
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

// nullptr without bundles.
Result<std::unique_ptr<TrustStore>> LoadRoots() {
  constexpr size_t kMaxBundle = 16 << 20;
  if (FLAGS_ca_bundle.empty()) return std::unique_ptr<TrustStore>();
  std::string pem;
  for (const std::string_view path : Split(FLAGS_ca_bundle, ',')) {
    HARK_ASSIGN_OR_RETURN(const std::string part, ReadFile(std::string(path), kMaxBundle));
    pem += part;
  }
  return TrustStore::FromPem(pem, FLAGS_ca_bundle);
}

Status Read() {
  const auto began = std::chrono::steady_clock::now();
  HARK_ASSIGN_OR_RETURN(const std::unique_ptr<TrustStore> roots, LoadRoots());
  FactsOptions facts;
  facts.trust = roots.get();
  facts.threads = std::max(1U, std::thread::hardware_concurrency());
  HARK_ASSIGN_OR_RETURN(const std::unique_ptr<Store> store,
                        Store::Open(FLAGS_db, Store::Mode::kReadOnly));
  HARK_ASSIGN_OR_RETURN(const std::vector<proto::RunRow> runs, store->Runs());
  if (runs.empty()) return InvalidInput("no run in the store");
  HARK_ASSIGN_OR_RETURN(const std::unique_ptr<RunReader> reader,
                        store->ReadRun(runs.back().name()));
  HARK_ASSIGN_OR_RETURN(const RunAnalysis analysis,
                        AnalyseRun(*reader, false, roots ? &facts : nullptr));
  const std::vector<Table> tables = ReportTables(analysis.report);
  const std::chrono::duration<double> wall = std::chrono::steady_clock::now() - began;
  if (!analysis.report.errors.empty()) return Corruption(analysis.report.errors[0]);
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  std::printf(
      "{\"seconds\": %.3f, \"cpu_seconds\": %.3f, \"peak_mb\": %.1f, \"tables\": %zu, "
      "\"crypto\": %llu, \"host_ports\": %llu, \"clusters\": %llu, \"largest\": %llu, "
      "\"chains\": %llu}\n",
      wall.count(), CpuSeconds(usage), static_cast<double>(usage.ru_maxrss) / 1024, tables.size(),
      static_cast<unsigned long long>(analysis.report.crypto),
      static_cast<unsigned long long>(analysis.report.host_ports),
      static_cast<unsigned long long>(analysis.report.sizes.clusters),
      static_cast<unsigned long long>(analysis.report.sizes.largest),
      static_cast<unsigned long long>(analysis.report.facts ? analysis.report.facts->chains : 0));
  return Status::Ok();
}

}  // namespace
}  // namespace hark::bench

int main(int argc, char** argv) {
  gflags::ParseCommandLineFlags(&argc, &argv, true);
  const hark::Status done = FLAGS_read ? hark::bench::Read() : hark::bench::Fill();
  if (done.ok()) return 0;
  std::fprintf(stderr, "hark-analysis-bench: %s\n", done.message().c_str());
  return 1;
}
