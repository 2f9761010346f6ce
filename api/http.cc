#include "api/http.h"

#include <nlohmann/json.hpp>

#include "base/log.h"
#include "base/strings.h"

namespace hark {
namespace {

constexpr const char* kWhere = "api/http";

// The pieces between slashes: "/a/b" has two, "/" none.
std::vector<std::string_view> Segments(std::string_view path) {
  if (path.starts_with('/')) path.remove_prefix(1);
  if (path.empty()) return {};
  return Split(path, '/');
}

// What is left of a path behind so many segments, however many slashes stand between them.
std::string_view RestBehind(std::string_view path, size_t segments) {
  for (size_t i = 0;; ++i) {
    path.remove_prefix(std::min(path.find_first_not_of('/'), path.size()));
    if (i == segments) return path;
    path.remove_prefix(std::min(path.find('/'), path.size()));
  }
}

}  // namespace

HttpResponse JsonError(int status, std::string_view message) {
  HttpResponse response;
  response.status = status;
  // Whatever the message quotes, the answer is ASCII.
  response.body =
      StrCat("{\"Error\": ",
             nlohmann::json(std::string(message))
                 .dump(-1, ' ', /*ensure_ascii=*/true, nlohmann::json::error_handler_t::replace),
             "}");
  return response;
}

HttpResponse ErrorOf(const Status& status) {
  switch (status.code()) {
    case StatusCode::kInvalidInput:
      return JsonError(400, status.message());
    case StatusCode::kNotFound:
      return JsonError(404, status.message());
    case StatusCode::kUnavailable:
    case StatusCode::kInterrupted:
      return JsonError(503, "not possible just now; ask again");
    case StatusCode::kIo:
    case StatusCode::kDiskFull:
    case StatusCode::kCorruption:
    case StatusCode::kInternal:
    case StatusCode::kOk:
      break;
  }
  // Paths and file names are the operator's, not the asker's.
  LogEvent(LogLevel::kWarning, kWhere, "a look-up failed", {{"error", status.message()}});
  return JsonError(500, "the server could not answer; its log says why");
}

HttpRouter::Pattern HttpRouter::Parse(std::string_view pattern) {
  Pattern out;
  for (std::string_view text : Segments(pattern)) {
    Segment segment;
    if (text.starts_with('{') && text.ends_with('}')) {
      text = text.substr(1, text.size() - 2);
      segment.kind = text.ends_with("...") ? SegmentKind::kRest : SegmentKind::kName;
      if (segment.kind == SegmentKind::kRest) text.remove_suffix(3);
    }
    segment.text = text;
    out.push_back(std::move(segment));
  }
  return out;
}

bool HttpRouter::Matches(const Pattern& pattern, const std::vector<std::string_view>& path) {
  for (size_t i = 0; i < pattern.size(); ++i) {
    if (pattern[i].kind == SegmentKind::kRest) return true;
    if (i >= path.size()) return false;
    if (pattern[i].kind == SegmentKind::kLiteral && pattern[i].text != path[i]) return false;
  }
  return path.size() == pattern.size();
}

bool HttpRouter::GoesBefore(const Pattern& a, const Pattern& b) {
  for (size_t i = 0; i < std::min(a.size(), b.size()); ++i) {
    if (a[i].kind != b[i].kind) return a[i].kind < b[i].kind;
  }
  return a.size() < b.size();  // "/a" before "/a/{rest...}"
}

void HttpRouter::Add(HttpRoute route) {
  for (const HttpRoute& other : routes_) HARK_CHECK(other.pattern != route.pattern);
  patterns_.push_back(Parse(route.pattern));
  routes_.push_back(std::move(route));
}

int HttpRouter::Find(const std::vector<std::string_view>& path) const {
  int best = -1;
  for (size_t i = 0; i < patterns_.size(); ++i) {
    if (!Matches(patterns_[i], path)) continue;
    if (best < 0 || GoesBefore(patterns_[i], patterns_[static_cast<size_t>(best)])) {
      best = static_cast<int>(i);
    }
  }
  return best;
}

void HttpRouter::FillArguments(const Pattern& pattern, HttpRequest& request) {
  const std::vector<std::string_view> path = Segments(request.path);
  for (size_t i = 0; i < pattern.size(); ++i) {
    if (pattern[i].kind == SegmentKind::kLiteral) continue;
    if (pattern[i].kind == SegmentKind::kName) {
      request.arguments[pattern[i].text] = path[i];
      continue;
    }
    const std::string& whole = request.exact_path.empty() ? request.path : request.exact_path;
    request.arguments[pattern[i].text] = RestBehind(whole, i);
  }
}

std::optional<HttpResponse> HttpRouter::Answer(HttpRequest request, HttpLane lane) const {
  const int found = Find(Segments(request.path));
  if (found < 0) return JsonError(404, "no such path");
  if (request.method != "GET" && request.method != "HEAD") {
    HttpResponse response = JsonError(405, "only GET and HEAD");
    response.headers.emplace_back("Allow", "GET, HEAD");
    return response;
  }
  const HttpRoute& route = routes_[static_cast<size_t>(found)];
  if (request.role < route.role) return JsonError(403, "this key may not ask that");
  FillArguments(patterns_[static_cast<size_t>(found)], request);
  return route.handler(request, lane);
}

}  // namespace hark
