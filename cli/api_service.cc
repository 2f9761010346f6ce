#include "cli/api_service.h"

#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include "api/passive_ssh.h"
#include "api/v1.h"
#include "base/log.h"
#include "base/strings.h"
#include "cli/api_reports.h"

namespace hark {
namespace {

constexpr const char* kWhere = "cli/api";
constexpr uint32_t kMostThreads = 64;
constexpr uint32_t kMostConnections = 100'000;
constexpr uint32_t kMostRefresh = 86400;
// Tables of the store, libraries, a listening socket an address.
constexpr uint64_t kOtherFiles = 1024;
constexpr size_t kFewestConnections = 64;

// A process gets 1,024 files unless it asks for more, and a connection is one. Gives what it may
// have.
uint64_t RaiseFileLimit() {
  rlimit files{};
  if (getrlimit(RLIMIT_NOFILE, &files) != 0) return kOtherFiles;
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);
  getrlimit(RLIMIT_NOFILE, &files);
  return files.rlim_cur;
}

size_t ConnectionsFor(uint32_t wanted) {
  const uint64_t files = RaiseFileLimit();
  const uint64_t possible = files > kOtherFiles ? files - kOtherFiles : 0;
  if (possible < wanted) {
    LogWarning(kWhere, StrCat("the limit of open files, ", files, ", allows fewer than ", wanted,
                              " connections"));
  }
  return std::clamp<uint64_t>(possible, kFewestConnections, wanted);
}

// Every family of routes, each of them in a file of its own.
void AddRoutes(HttpRouter& router, const std::shared_ptr<const ApiContext>& context,
               const std::string& db) {
  AddPassiveSshRoutes(router, context);
  AddV1Routes(router, context, {db + "/environments"});
}

}  // namespace

std::vector<Flag> ApiFlagTable(ApiFlags& f, const std::string& prefix) {
  return {
      {prefix + "tls_cert", Text(&f.tls_cert, "FILE"),
       "answer with TLS: certificate chain, PEM; read again when it changes"},
      {prefix + "tls_key", Text(&f.tls_key, "FILE"), "its private key, PEM"},
      {prefix + "behind_proxy", Switch(&f.behind_proxy),
       "a proxy ends TLS and names the client in X-Forwarded-For"},
      {prefix + "host_names", List(&f.host_names, "NAME,…"),
       "names in URLs that are answered without a key, besides addresses and localhost"},
      {prefix + "cors_origins", List(&f.cors_origins, "URL,…"),
       "pages of these origins may read answers in browsers"},
      {prefix + "audit", Switch(&f.audit), "write down who looked up what"},
      {prefix + "audit_log", Text(&f.audit_log, "FILE"),
       "where to; default DIR/api_audit.ndjson when DIR can be written to"},
      {prefix + "refresh", Number(&f.refresh_seconds, 1, kMostRefresh, "SECONDS"),
       "how often to look whether the store has changed"},
      {prefix + "threads", Number(&f.threads, 0, kMostThreads, "N"),
       "that answer look-ups; 0 = one a processor, at most 4"},
      {prefix + "max_connections",
       Number(&f.max_connections, kFewestConnections, kMostConnections, "N"), "open at once"},
  };
}

Status ApiService::OpenAudit(const std::string& db, bool readonly) {
  if (!flags_.audit) {
    if (flags_.audit_log.empty()) return Status::Ok();
    return InvalidInput("--audit_log and --noaudit do not go together");
  }
  audit_file_ = flags_.audit_log;
  if (audit_file_.empty()) {
    if (readonly || access(db.c_str(), W_OK) != 0) return Status::Ok();
    audit_file_ = db + "/api_audit.ndjson";
  }
  Result<std::unique_ptr<AuditLog>> log = AuditLog::Open(audit_file_);
  if (!log.ok()) return log.status().Prepend("--audit_log");
  audit_ = std::move(*log);
  return Status::Ok();
}

std::shared_ptr<const ApiContext> ApiService::MakeContext(const std::string& db) const {
  auto context = std::make_shared<ApiContext>();
  context->view = [views = views_.get()] { return views->Newest(); };
  context->reports = MakeApiReports(db);
  if (!geo_.empty()) {
    context->place = [geo = &geo_](const Address& address) {
      const Place place = geo->Find(address);
      return ApiPlace{place.asn, std::string(place.country)};
    };
  }
  context->now_unix_s = [] { return SystemClock().UnixMillis() / 1000; };
  return context;
}

HttpServerOptions ApiService::ServerOptions() const {
  HttpServerOptions options;
  options.listen = flags_.listen;
  options.threads = flags_.threads;
  options.tls_certificate = flags_.tls_cert;
  options.tls_key = flags_.tls_key;
  options.desk.limits.connections = ConnectionsFor(flags_.max_connections);
  // All of them are the proxy's; it may be on another machine.
  if (flags_.behind_proxy) {
    options.desk.limits.connections_per_address = options.desk.limits.connections;
  }
  options.desk.gate = keys_.get();
  options.desk.audit = audit_.get();
  options.desk.behind_proxy = flags_.behind_proxy;
  options.desk.hosts = flags_.host_names;
  options.desk.cors_origins = flags_.cors_origins;
  return options;
}

Result<std::unique_ptr<ApiService>> ApiService::Start(const ApiFlags& flags, const std::string& db,
                                                      std::unique_ptr<ViewKeeper> views,
                                                      const GeoTable& geo, bool readonly) {
  std::unique_ptr<ApiService> service(new ApiService(flags, std::move(views), geo));
  HARK_ASSIGN_OR_RETURN(service->keys_, ApiKeyring::Open(ApiKeysFile(db)));
  HARK_RETURN_IF_ERROR(service->OpenAudit(db, readonly));
  service->tls_stamp_ = service->TlsStamp();
  HttpRouter router;
  AddRoutes(router, service->MakeContext(db), db);
  HARK_ASSIGN_OR_RETURN(service->server_,
                        HttpServer::Start(service->ServerOptions(), std::move(router)));
  return service;
}

std::string ApiService::Summary() const {
  return StrCat(Join(server_->Urls(), ", "),
                keys_->asks_for_keys() ? ", with API keys" : ", no API keys: open to this machine",
                audit_ == nullptr ? ", no audit log" : ", audit log " + audit_file_);
}

std::string ApiService::TlsStamp() const {
  std::string out;
  for (const std::string& file : {flags_.tls_cert, flags_.tls_key}) {
    struct stat info {};
    if (stat(file.c_str(), &info) != 0) continue;
    out += StrCat(info.st_ino, " ", info.st_mtim.tv_sec, " ", info.st_mtim.tv_nsec, ";");
  }
  return out;
}

void ApiService::Tend() {
  std::string stamp = TlsStamp();
  if (stamp == tls_stamp_) return;
  tls_stamp_ = std::move(stamp);
  const Status status = server_->ReloadTls();
  if (status.ok()) return;
  LogEvent(LogLevel::kError, kWhere, "the new certificate is not used",
           {{"error", status.message()}});
}

}  // namespace hark
