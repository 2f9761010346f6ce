#include "cli/scan_options.h"

#include <algorithm>
#include <cstdio>

#include "base/strings.h"

namespace hark {
namespace {

FlagSet MakeFlags(ScanOptions& o) {
  FlagSet flags(
      "hark scan", "one survey from start to finish; the same command resumes it",
      AllFlags({ServiceFlags(o.service),
                PlanFlags(o.plan),
                {{"quiet", Switch(&o.quiet), "no progress line"},
                 {"no_report", Switch(&o.no_report), "end without printing the report"}}}));
  flags.SetExamples({
      "hark scan --db=out/db --country=NA --geo=geo.csv --contact=https://example.org/scan",
      "hark scan --db=out/db --country=IE,EE,NA --geo=geo.csv --contact=me@example.org",
      "hark scan --db=out/db --targets=192.0.2.0/24,hosts.txt --workers=2 --contact=me@example.org",
      "hark scan --db=lab --targets=127.1.0.0/16 --allow_special=127.0.0.0/8 --rate=10000",
  });
  return flags;
}

Status CheckTogether(ScanOptions& o, const ParsedFlags& parsed) {
  PaceWishes& pace = o.service.pace;
  if (!parsed.given.contains("concurrency")) {
    const double share = pace.rate / std::max<double>(o.service.workers, 1);
    pace.concurrency = ConcurrencyFor(share, o.plan.probe.connect_timeout_ms);
  }
  o.plan.concurrency = pace.concurrency;
  o.plan.from.db = o.service.db;
  HARK_RETURN_IF_ERROR(CheckPlan(o.plan, parsed));
  return CheckService(o.service);
}

}  // namespace

Result<std::optional<ScanOptions>> ParseScanOptions(const std::vector<std::string>& args) {
  ScanOptions options;
  const FlagSet flags = MakeFlags(options);
  HARK_ASSIGN_OR_RETURN(const ParsedFlags parsed, flags.Parse(args));
  if (parsed.help) {
    std::fputs(flags.Help().c_str(), stdout);
    return std::optional<ScanOptions>();
  }
  HARK_RETURN_IF_ERROR(CheckTogether(options, parsed));
  return std::optional<ScanOptions>(std::move(options));
}

}  // namespace hark
