#pragma once

// The API over a store, as hark api and hark serve run it: its flags, and everything behind them.

#include <memory>
#include <string>
#include <vector>

#include "api/api_context.h"
#include "api/api_keyring.h"
#include "api/audit_log.h"
#include "api/http_server.h"
#include "api/view_keeper.h"
#include "cli/flags.h"
#include "coordinator/geo.h"

namespace hark {

struct ApiFlags {
  std::vector<std::string> listen;
  std::string tls_cert, tls_key;
  bool behind_proxy = false;
  std::vector<std::string> host_names;
  std::vector<std::string> cors_origins;
  std::string audit_log;  // "" = DB/api_audit.ndjson, if DB can be written to
  bool audit = true;
  uint32_t refresh_seconds = 10;
  uint32_t threads = 0;  // 0 = by the processors
  uint32_t max_connections = 4096;
};

// All but the addresses. prefix: "" or "api_".
std::vector<Flag> ApiFlagTable(ApiFlags& flags, const std::string& prefix);

class ApiService {
 public:
  // views: of the store in the directory db. geo: may be empty, outlives it. readonly: nothing is
  // written into db.
  static Result<std::unique_ptr<ApiService>> Start(const ApiFlags& flags, const std::string& db,
                                                   std::unique_ptr<ViewKeeper> views,
                                                   const GeoTable& geo, bool readonly);

  const HttpServer& server() const { return *server_; }
  // "http://127.0.0.1:8500, 2 API keys, audit log FILE": for people.
  std::string Summary() const;
  // Looks whether certificates were renewed. Now and then, from one thread.
  void Tend();

 private:
  ApiService(const ApiFlags& flags, std::unique_ptr<ViewKeeper> views, const GeoTable& geo)
      : flags_(flags), views_(std::move(views)), geo_(geo) {}
  Status OpenAudit(const std::string& db, bool readonly);
  std::shared_ptr<const ApiContext> MakeContext(const std::string& db) const;
  HttpServerOptions ServerOptions() const;
  std::string TlsStamp() const;

  const ApiFlags flags_;
  std::unique_ptr<ViewKeeper> views_;
  const GeoTable& geo_;
  std::unique_ptr<ApiKeyring> keys_;
  std::unique_ptr<AuditLog> audit_;
  std::string audit_file_;
  std::string tls_stamp_;
  std::unique_ptr<HttpServer> server_;  // declared last: ends before what it asks
};

}  // namespace hark
