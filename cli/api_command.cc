#include "cli/api_command.h"

#include <cstdio>
#include <thread>

#include "base/log.h"
#include "base/strings.h"
#include "cli/api_service.h"
#include "cli/exit_code.h"
#include "cli/flags.h"
#include "cli/output.h"
#include "cli/plan_flags.h"
#include "cli/probe_flags.h"
#include "cli/service_flags.h"
#include "cli/signals.h"

namespace hark {
namespace {

constexpr char kName[] = "hark api";
constexpr auto kLookForSignals = std::chrono::milliseconds(100);
constexpr int kLooksPerTending = 100;

struct ApiCommandOptions {
  std::string db;
  std::string geo;
  bool readonly = false;
  std::string log_format = "text";
  std::string log_level = "warning";
  ApiFlags api;
};

Status Serve(const ApiCommandOptions& options) {
  HARK_RETURN_IF_ERROR(SetLogFormat(options.log_format));
  SetLogLevel(LogLevelOf(options.log_level));
  HARK_ASSIGN_OR_RETURN(const GeoTable geo, LoadGeo(options.geo));
  StopSignals signals;  // before any thread
  Result<std::unique_ptr<ViewKeeper>> views =
      ViewKeeper::OfDirectory(options.db, std::chrono::seconds(options.api.refresh_seconds));
  if (!views.ok()) return views.status().Prepend("--db");
  HARK_ASSIGN_OR_RETURN(
      const std::unique_ptr<ApiService> service,
      ApiService::Start(options.api, options.db, std::move(*views), geo, options.readonly));
  std::fprintf(stderr, "%s: %s\n", kName, service->Summary().c_str());
  for (int looks = 1; signals.Count() == 0; ++looks) {
    std::this_thread::sleep_for(kLookForSignals);
    if (looks % kLooksPerTending == 0) service->Tend();
  }
  return Status::Ok();
}

FlagSet Flags(ApiCommandOptions& options) {
  FlagSet flags(
      kName, "answers look-ups of a store over HTTP; hark api key add makes keys for others",
      AllFlags(
          {{{"db", Text(&options.db, "DIR"), "the store to read, also beside a running scan", true},
            {"listen", List(&options.api.listen, "ADDR:PORT,…"),
             "where; anything but loopback needs API keys, and TLS or a proxy"},
            {"readonly", Switch(&options.readonly),
             "write nothing into DIR; without --audit_log there is no audit log then"},
            {"geo", Text(&options.geo, "FILE[,FILE]"),
             "geo data: filters by country and AS of what is remembered"}},
           ApiFlagTable(options.api, ""),
           {{"log_format", Choice(&options.log_format, {"text", "json"}), "of the log on stderr"},
            {"log_level", Choice(&options.log_level, {"debug", "info", "warning", "error"}),
             "what is logged"}}}));
  flags.SetExamples({"hark api --db=out/db",
                     "hark api --db=out/db --listen=0.0.0.0:8500 --tls_cert=c.pem --tls_key=k.pem",
                     "hark api key add misp --db=out/db --role=reader"});
  return flags;
}

}  // namespace

int RunApi(const std::vector<std::string>& args) {
  ApiCommandOptions options;
  options.api.listen = {"127.0.0.1:8500"};
  const FlagSet flags = Flags(options);
  const Result<ParsedFlags> parsed = flags.Parse(args);
  if (!parsed.ok()) return Fail(kName, parsed.status());
  if (parsed->help) return Fail(kName, WriteOutput("", flags.Help()));
  return Fail(kName, Serve(options));
}

}  // namespace hark
