#include "api/http_desk.h"

#include <algorithm>
#include <ctime>

#include "api/http_packing.h"
#include "base/log.h"
#include "base/strings.h"
#include "keys/key_id.h"

namespace hark {
namespace {

constexpr const char* kWhere = "api/http";
// Of 503 and 429: a place in the queue, or among the connections, is free by then.
constexpr int kRetryAfterSeconds = 2;
constexpr size_t kTagBytes = 16;
// Of a stream: after that long what there is is sent, however little; and so many times the size of
// a piece are packed into one.
constexpr auto kLongestGathering = std::chrono::seconds(1);
constexpr size_t kPiecesPacked = 8;

void SetField(std::string name, std::string value, HttpResponse& response) {
  response.headers.emplace_back(std::move(name), std::move(value));
}

// Takes the field out, "" = it is not there.
std::string TakeField(std::string_view name, HttpResponse& response) {
  std::string out;
  std::erase_if(response.headers, [&](auto& field) {
    if (!EqualsIgnoreCase(field.first, name)) return false;
    out = std::move(field.second);
    return true;
  });
  return out;
}

// A control character would end the field, and what follows would be another one.
bool IsFieldText(std::string_view text) {
  return std::none_of(text.begin(), text.end(),
                      [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}

// RFC 9110 section 5.6.7.
std::string HttpDate(std::time_t at) {
  std::tm parts{};
  gmtime_r(&at, &parts);
  char text[40];
  const size_t n = std::strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", &parts);
  return std::string(text, n);
}

// Strong: the same bytes if and only if the same tag, so the packing is part of it.
std::string TagOf(std::string base, std::string_view body, ContentCoding coding) {
  if (base.empty()) base = HexEncode(Sha256(body).substr(0, kTagBytes));
  std::erase(base, '"');
  if (coding == ContentCoding::kIdentity) return StrCat("\"", base, "\"");
  return StrCat("\"", base, "-", ContentCodingName(coding), "\"");
}

std::string Chunk(std::string_view piece) {
  char size[20];
  std::snprintf(size, sizeof size, "%zx\r\n", piece.size());
  return StrCat(size, piece, "\r\n");
}

// A route's stream as pieces for the wire: gathered to a good size, packed, and framed.
class Framer {
 public:
  Framer(BodySource source, std::unique_ptr<BodyPacker> packer, bool chunked, size_t piece_bytes)
      : source_(std::move(source)),
        packer_(std::move(packer)),
        chunked_(chunked),
        piece_bytes_(piece_bytes) {}

  Result<std::string> Next() {
    HARK_ASSIGN_OR_RETURN(std::string out, Gather());
    if (!chunked_) return out;
    if (!out.empty()) return Chunk(out);
    if (finished_) return out;
    finished_ = true;
    return std::string("0\r\n\r\n");
  }

 private:
  // "" = there is no more. However well the pieces pack and however slowly they come, the client
  // hears of them: it is not cut off for what it cannot know.
  Result<std::string> Gather() {
    std::string out;
    size_t taken = 0;
    const MonoTime until = std::chrono::steady_clock::now() + kLongestGathering;
    while (!ended_ && out.size() < piece_bytes_) {
      HARK_ASSIGN_OR_RETURN(std::string piece, NextOfRoute());
      ended_ = piece.empty();
      taken += piece.size();
      const bool enough =
          taken >= kPiecesPacked * piece_bytes_ || std::chrono::steady_clock::now() >= until;
      if (packer_ != nullptr) {
        const PackThen then =
            ended_ ? PackThen::kEnd : (enough ? PackThen::kFlush : PackThen::kGoOn);
        HARK_ASSIGN_OR_RETURN(piece, packer_->Add(piece, then));
      }
      out += piece;
      if (enough && !out.empty()) break;
    }
    return out;
  }

  Result<std::string> NextOfRoute() {
    try {
      return source_();
    } catch (const std::exception& error) {
      return Internal(error.what());
    }
  }

  BodySource source_;
  std::unique_ptr<BodyPacker> packer_;
  bool chunked_;
  size_t piece_bytes_;
  bool ended_ = false;     // the route has no more
  bool finished_ = false;  // the last chunk is said
};

// One answer on its way to bytes; the steps in the order of the functions.
class Dresser {
 public:
  Dresser(const HttpDeskOptions& options, HttpCase& open, HttpResponse response)
      : options_(options), open_(open), response_(std::move(response)) {}

  void ChooseForm() {
    const bool small = !response_.stream && response_.body.size() < options_.limits.packed_bytes;
    if (small || response_.status != 200) open_.coding = ContentCoding::kIdentity;
    // Before chunks only the end of the connection could end such a body.
    close_ = !open_.keep_alive || (response_.stream && open_.http_1_0);
  }

  // A stream is tagged by its route or not at all.
  void Tag() {
    std::string tag = TakeField("ETag", response_);
    if (response_.status != 200 || (response_.stream && tag.empty())) return;
    tag = TagOf(std::move(tag), response_.body, open_.coding);
    Add("ETag", tag);
    if (!NamesTag(open_.if_none_match, tag)) return;
    response_.status = 304;
    response_.body.clear();
    response_.stream = nullptr;
  }

  // What cannot be packed goes as it is.
  void Pack() {
    if (bodiless() || open_.coding == ContentCoding::kIdentity) return;
    Result<std::unique_ptr<BodyPacker>> packer = NewBodyPacker(open_.coding);
    if (!packer.ok()) return;
    if (!response_.stream) {
      Result<std::string> packed = (*packer)->Add(response_.body, PackThen::kEnd);
      if (!packed.ok()) return;
      response_.body = std::move(*packed);
    }
    packer_ = std::move(*packer);
    Add("Content-Encoding", ContentCodingName(open_.coding));
  }

  void AddFields() {
    if (response_.status == 503 || response_.status == 429) {
      const std::string given = TakeField("Retry-After", response_);
      Add("Retry-After", given.empty() ? std::to_string(kRetryAfterSeconds) : given);
    }
    for (const auto& [name, value] : response_.headers) {
      if (IsFieldText(name) && IsFieldText(value)) Add(name, value);
    }
    if (!open_.origin.empty()) Add("Access-Control-Allow-Origin", open_.origin);
    Add("Vary", options_.cors_origins.empty() ? "Accept-Encoding" : "Accept-Encoding, Origin");
    AddFraming();
  }

  WireAnswer Finish(std::string_view common_fields) {
    WireAnswer out;
    out.close = close_;
    out.head = StrCat("HTTP/1.1 ", response_.status, " ", StatusPhrase(response_.status), "\r\n",
                      common_fields, fields_, "\r\n");
    open_.audit.status = response_.status;
    if (open_.request.method == "HEAD") return out;
    out.body = std::move(response_.body);
    if (!response_.stream) return out;
    auto framer = std::make_shared<Framer>(std::move(response_.stream), std::move(packer_),
                                           !open_.http_1_0, options_.limits.piece_bytes);
    out.stream = [framer] { return framer->Next(); };
    return out;
  }

 private:
  bool bodiless() const { return response_.status == 304 || response_.status == 204; }
  void Add(std::string_view name, std::string_view value) {
    fields_ += StrCat(name, ": ", value, "\r\n");
  }
  void AddFraming() {
    if (!bodiless()) Add("Content-Type", response_.content_type);
    if (response_.stream && !open_.http_1_0) Add("Transfer-Encoding", "chunked");
    if (!response_.stream && !bodiless()) {
      Add("Content-Length", std::to_string(response_.body.size()));
    }
    if (close_) Add("Connection", "close");
    if (!close_ && open_.http_1_0) Add("Connection", "keep-alive");
  }

  const HttpDeskOptions& options_;
  HttpCase& open_;
  HttpResponse response_;
  std::unique_ptr<BodyPacker> packer_;
  std::string fields_;
  bool close_ = false;
};

}  // namespace

std::string_view StatusPhrase(int status) {
  switch (status) {
    case 200:
      return "OK";
    case 204:
      return "No Content";
    case 304:
      return "Not Modified";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 408:
      return "Request Timeout";
    case 410:
      return "Gone";
    case 413:
      return "Content Too Large";
    case 414:
      return "URI Too Long";
    case 421:
      return "Misdirected Request";
    case 429:
      return "Too Many Requests";
    case 431:
      return "Request Header Fields Too Large";
    case 500:
      return "Internal Server Error";
    case 501:
      return "Not Implemented";
    case 503:
      return "Service Unavailable";
    case 505:
      return "HTTP Version Not Supported";
    default:  // of routes; the phrase is for people and may be anything
      return "Status";
  }
}

HttpDesk::HttpDesk(const HttpRouter& router, HttpDeskOptions options)
    : router_(router), options_(std::move(options)) {}

bool HttpDesk::KnowsHost(std::string_view host) const {
  if (IsLocalHostField(host)) return true;
  const std::string_view name = host.substr(0, host.find(':'));
  return std::any_of(options_.hosts.begin(), options_.hosts.end(),
                     [&](const std::string& known) { return EqualsIgnoreCase(known, name); });
}

// A browser asks whether it may ask with credentials: Fetch, "CORS-preflight request".
std::optional<HttpResponse> HttpDesk::Preflight(const RequestHead& head,
                                                const HttpCase& open) const {
  if (head.method != "OPTIONS" || open.origin.empty()) return std::nullopt;
  HttpResponse response;
  response.status = 204;
  SetField("Access-Control-Allow-Methods", "GET, HEAD", response);
  SetField("Access-Control-Allow-Headers", "Authorization, X-API-Key", response);
  SetField("Access-Control-Max-Age", "600", response);
  return response;
}

std::optional<HttpResponse> HttpDesk::PassGate(const RequestHead& head, MonoTime now,
                                               HttpCase& out) const {
  GateVerdict verdict;
  if (options_.gate != nullptr) {
    verdict = options_.gate->Judge(
        ReadCredentials(head.Field("authorization"), head.Field("x-api-key")), now);
  }
  out.request.user = out.audit.user = std::move(verdict.user);
  out.request.role = verdict.role;
  switch (verdict.kind) {
    case GateVerdict::Kind::kWelcome:
      if (!out.request.user.empty() || KnowsHost(out.request.host)) return std::nullopt;
      return JsonError(421, "this server is not known by that name; --host_names allows it");
    case GateVerdict::Kind::kUnknown: {
      HttpResponse response = JsonError(401, "an API key is needed, and this is none");
      SetField("WWW-Authenticate", "Basic realm=\"hark\", charset=\"UTF-8\"", response);
      return response;
    }
    case GateVerdict::Kind::kTooOften: {
      HttpResponse response = JsonError(429, "more requests a second than this key may make");
      SetField("Retry-After", std::to_string(verdict.retry_after_s), response);
      return response;
    }
  }
  return JsonError(500, "no verdict");
}

std::optional<HttpResponse> HttpDesk::Open(const RequestHead& head, const Address& peer,
                                           MonoTime now, HttpCase& out) const {
  out.began = now;
  out.http_1_0 = head.http_1_0;
  // Where a body would end is not looked for, so nothing can follow it.
  out.keep_alive = head.keep_alive && !head.has_body;
  out.audit.unix_ms = SystemClock().UnixMillis();
  out.audit.method = out.request.method = head.method;
  out.audit.target = head.target;
  out.audit.client = peer.ToString();
  out.request.host = head.Field("host");
  out.request.accept = head.Field("accept");
  if (options_.behind_proxy) {
    const auto client = Address::Parse(LastForwarded(head.Field("x-forwarded-for")));
    if (client) out.audit.client = client->ToString();
  }
  const std::string_view origin = head.Field("origin");
  const auto& allowed = options_.cors_origins;
  if (std::find(allowed.begin(), allowed.end(), origin) != allowed.end()) out.origin = origin;
  if (std::optional<HttpResponse> response = Preflight(head, out)) return response;
  if (std::optional<HttpResponse> response = PassGate(head, now, out)) return response;
  Result<HttpTarget> target = ParseTarget(head.target);
  if (!target.ok()) return JsonError(400, target.status().message());
  out.request.path = std::move(target->path);
  out.request.exact_path = std::move(target->exact_path);
  out.request.query = std::move(target->query);
  const bool reads = head.method == "GET" || head.method == "HEAD";
  if (head.has_body && reads) return JsonError(413, "a request's body is not read here; send none");
  out.coding = ChooseCoding(head.Field("accept-encoding"));
  out.if_none_match = head.Field("if-none-match");
  return std::nullopt;
}

// A mistake in a route costs its request, not the server.
std::optional<HttpResponse> HttpDesk::Ask(HttpCase& open) const {
  try {
    return router_.Answer(open.request, open.lane);
  } catch (const std::exception& error) {
    LogEvent(LogLevel::kError, kWhere, "a route failed",
             {{"path", open.request.path}, {"error", error.what()}});
    return JsonError(500, "the server could not answer; its log says why");
  }
}

bool HttpDesk::IsQuick(const HttpResponse& response) const {
  return !response.stream && response.body.size() <= options_.limits.quick_body_bytes;
}

// No store may be asked without asking us (keys are revoked, rows forgotten), but who has an answer
// may keep it and ask whether it is still good: that is what the tag is for. Nothing here is a page
// for a browser, so it gets no right to run or load anything.
std::string HttpDesk::CommonFields() const {
  return StrCat("Date: ", HttpDate(std::time(nullptr)),
                "\r\nServer: hark/" HARK_VERSION
                "\r\nCache-Control: private, no-cache"
                "\r\nX-Content-Type-Options: nosniff"
                "\r\nContent-Security-Policy: default-src 'none'; frame-ancestors 'none'"
                "\r\nReferrer-Policy: no-referrer\r\n");
}

WireAnswer HttpDesk::Dress(HttpCase& open, HttpResponse response) const {
  Dresser dresser(options_, open, std::move(response));
  dresser.ChooseForm();
  dresser.Tag();
  dresser.Pack();
  dresser.AddFields();
  return dresser.Finish(CommonFields());
}

WireAnswer HttpDesk::DressRefusal(const HttpResponse& response) const {
  HttpCase none;
  none.keep_alive = false;
  return Dress(none, response);
}

void HttpDesk::Close(HttpCase& open, MonoTime now) const {
  if (options_.audit == nullptr) return;
  open.audit.duration_us =
      std::chrono::duration_cast<std::chrono::microseconds>(now - open.began).count();
  options_.audit->Add(std::move(open.audit));
}

}  // namespace hark
