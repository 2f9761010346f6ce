#pragma once

// Requests and answers of the HTTP API as values, so that routes are functions and tests need no
// socket. The server behind them is api/http_server.h.

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/status.h"

namespace hark {

// What a key of the API may do; each may all that is before it.
enum class ApiRole : uint8_t { kReader = 0, kAnalyst = 1, kAdmin = 2 };

struct HttpRequest {
  std::string method = "GET";
  // Percent-decoded once, repeated slashes merged, one trailing slash taken off: "/host/ssh/::1".
  // Valid UTF-8. Query strings are not in it.
  std::string path;
  // The same with its repeated slashes, "" if it has none: what a name with dots stands for is cut
  // from here, since two slashes may be part of a fingerprint or a banner.
  std::string exact_path;
  std::map<std::string, std::string> query;      // decoded; of a name given twice the last counts
  std::map<std::string, std::string> arguments;  // what the names of the route's pattern stand for
  std::string host;                              // the Host header as given, "" = none
  std::string accept;                            // the Accept header as given, "" = none
  std::string user;                // name of the API key it came with, "" = none asked
  ApiRole role = ApiRole::kAdmin;  // without keys everybody on loopback may everything
};

// Gives the next piece of a long body; "" = it is complete. An error cuts the connection, so that
// half an answer is never taken for a whole one.
using BodySource = std::function<Result<std::string>()>;

struct HttpResponse {
  int status = 200;
  std::string content_type = "application/json";
  std::string body;
  BodySource stream;  // if set, instead of body; called in one thread at a time
  std::vector<std::pair<std::string, std::string>> headers;  // besides those the server sets
};

// Where a request is answered. Nothing that takes longer than a few milliseconds may be done in the
// first: it holds up the look-ups of others.
enum class HttpLane : uint8_t { kQuick, kPatient };

// nullopt: only possible in kQuick; the request is asked again in kPatient, where the answer may
// take its time and a stream may block. Called in several threads at once.
using HttpHandler = std::function<std::optional<HttpResponse>(const HttpRequest&, HttpLane)>;

// What stands in an OpenAPI document about a route as well.
struct HttpRoute {
  // "/host/ssh/{host}": whole segments are literal or a name in braces; the last one may be
  // "{name...}", which takes the rest of the path, slashes included, and may be empty. Where
  // several match, a literal segment goes before a name, and that before the rest of a path.
  std::string pattern;
  ApiRole role = ApiRole::kReader;  // least that may ask
  HttpHandler handler;
};

// Text of a JSON error: {"Error": "..."}, which is what clients of Passive SSH read.
HttpResponse JsonError(int status, std::string_view message);
// The status of an HTTP answer for a failed look-up: 400, 404, 503 or 500 with no inner words.
HttpResponse ErrorOf(const Status& status);

// The routes of a server. Routes are added before it starts; Answer is thread-safe.
class HttpRouter {
 public:
  // The pattern is not there yet.
  void Add(HttpRoute route);
  const std::vector<HttpRoute>& routes() const { return routes_; }

  // 404, 405 (only GET and HEAD), 403 (role) or the route's answer, which sees `arguments` filled.
  std::optional<HttpResponse> Answer(HttpRequest request, HttpLane lane) const;

 private:
  enum class SegmentKind : uint8_t { kLiteral, kName, kRest };
  struct Segment {
    SegmentKind kind = SegmentKind::kLiteral;
    std::string text;  // the literal, or the name without braces
  };
  using Pattern = std::vector<Segment>;

  static Pattern Parse(std::string_view pattern);
  static bool Matches(const Pattern& pattern, const std::vector<std::string_view>& path);
  static bool GoesBefore(const Pattern& a, const Pattern& b);
  static void FillArguments(const Pattern& pattern, HttpRequest& request);
  // Position of the route, -1 = none.
  int Find(const std::vector<std::string_view>& path) const;

  std::vector<HttpRoute> routes_;
  std::vector<Pattern> patterns_;  // of each route
};

}  // namespace hark
