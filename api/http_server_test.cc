#include "api/http_server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <zlib.h>
#include <zstd.h>

#include <atomic>
#include <future>
#include <memory>
#include <nlohmann/json.hpp>
#include <vector>

#include "api/testing/raw_client.h"

namespace hark {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::Key;
using testing::Not;

constexpr size_t kLongBytes = 8 << 20;

HttpResponse Text(std::string body) {
  HttpResponse response;
  response.body = std::move(body);
  return response;
}

// The routes a test needs, on a free port of 127.0.0.1.
class HttpServerTest : public testing::Test {
 protected:
  HttpServerTest() {
    options_.listen = {"127.0.0.1:0"};
    options_.threads = 2;
  }

  void Start() {
    HttpRouter router;
    Add(router, "/hello", [](const HttpRequest&, HttpLane) { return Text("{\"hello\": 1}"); });
    Add(router, "/echo/{what...}",
        [](const HttpRequest& request, HttpLane) { return Text(request.arguments.at("what")); });
    Add(router, "/large",
        [](const HttpRequest&, HttpLane) { return Text(std::string(20'000, 'a')); });
    Add(router, "/huge",
        [](const HttpRequest&, HttpLane) { return Text(std::string(kLongBytes, 'h')); });
    Add(router, "/throws", [](const HttpRequest&, HttpLane) -> std::optional<HttpResponse> {
      throw std::runtime_error("inner words");
    });
    Add(router, "/patient",
        [this](const HttpRequest&, HttpLane lane) -> std::optional<HttpResponse> {
          if (lane == HttpLane::kQuick) return std::nullopt;
          ++patient_;
          if (gate_.valid()) gate_.wait();
          return Text("patient");
        });
    Add(router, "/stream",
        [this](const HttpRequest&, HttpLane lane) -> std::optional<HttpResponse> {
          if (lane == HttpLane::kQuick) return std::nullopt;
          HttpResponse response;
          response.content_type = "application/x-ndjson";
          auto left = std::make_shared<size_t>(kLongBytes / 1024);
          response.stream = [this, left]() -> Result<std::string> {
            ++pieces_;
            if (*left == 0) return std::string();
            if (--*left == 10 && breaks_) return IoError("the disk is gone");
            return std::string(1023, 's') + "\n";
          };
          return response;
        });
    Result<std::unique_ptr<HttpServer>> server = HttpServer::Start(options_, std::move(router));
    ASSERT_TRUE(server.ok()) << server.status().message();
    server_ = std::move(*server);
  }

  static void Add(HttpRouter& router, const std::string& pattern, HttpHandler handler) {
    router.Add({pattern, ApiRole::kReader, std::move(handler)});
  }

  HttpLimits& limits() { return options_.desk.limits; }
  uint16_t port() const { return server_->port(); }
  RawAnswer Raw(std::string_view bytes) {
    RawClient client(port());
    client.Send(bytes);
    return client.Receive();
  }
  void ExpectJsonError(const RawAnswer& answer, int status) {
    EXPECT_EQ(answer.status, status) << answer.body;
    EXPECT_EQ(answer.fields.at("content-type"), "application/json");
    const auto json = nlohmann::json::parse(answer.body, nullptr, false);
    EXPECT_TRUE(json.is_object() && json.contains("Error")) << answer.body;
  }

  HttpServerOptions options_;
  std::shared_future<void> gate_;    // what the patient wait for, if it is one
  std::atomic<size_t> patient_ = 0;  // begun
  std::atomic<size_t> pieces_ = 0;
  std::atomic<bool> breaks_ = false;
  std::unique_ptr<HttpServer> server_;
};

TEST_F(HttpServerTest, AnswersSeveralRequestsOfAConnection) {
  Start();
  RawClient client(port());
  for (int i = 0; i < 3; ++i) {
    const RawAnswer answer = client.Get("/hello");
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(answer.body, "{\"hello\": 1}");
    EXPECT_EQ(answer.fields.at("x-content-type-options"), "nosniff");
    EXPECT_THAT(answer.fields.at("content-security-policy"), HasSubstr("default-src 'none'"));
    EXPECT_EQ(answer.fields.at("cache-control"), "private, no-cache");
    EXPECT_THAT(answer.fields, Not(Contains(Key("access-control-allow-origin"))));
  }
}

TEST_F(HttpServerTest, AnswersPipelinedRequestsInOrderHoweverTheyAreCut) {
  Start();
  const std::string all =
      "\r\nGET /echo/1 HTTP/1.1\r\nHost: localhost\r\n\r\nGET /patient HTTP/1.1\r\nHost: "
      "localhost\r\n\r\nHEAD /hello HTTP/1.1\r\nHost: localhost\r\n\r\nGET /echo/2 "
      "HTTP/1.0\r\n\r\n";
  for (const size_t cut : {all.size(), size_t{1}, size_t{7}, size_t{60}}) {
    RawClient client(port());
    for (size_t at = 0; at < all.size(); at += cut) client.Send(all.substr(at, cut));
    EXPECT_EQ(client.Receive().body, "1");
    EXPECT_EQ(client.Receive().body, "patient");
    const RawAnswer head = client.Receive(/*head_only=*/true);
    EXPECT_EQ(head.fields.at("content-length"), "12");
    const RawAnswer last = client.Receive();
    EXPECT_EQ(last.body, "2");
    EXPECT_EQ(last.fields.at("connection"), "close");
    EXPECT_TRUE(client.EndsNow());
  }
}

TEST_F(HttpServerTest, AnUnchangedBodyIsNotSentAgain) {
  Start();
  RawClient client(port());
  const std::string tag = client.Get("/hello").fields.at("etag");
  const RawAnswer again = client.Get("/hello", StrCat("If-None-Match: ", tag, "\r\n"));
  EXPECT_EQ(again.status, 304);
  EXPECT_EQ(again.body, "");
  EXPECT_EQ(again.fields.at("etag"), tag);
  EXPECT_EQ(client.Get("/hello", "If-None-Match: \"other\"\r\n").status, 200);
}

TEST_F(HttpServerTest, PacksBodiesAsTheClientLikes) {
  Start();
  RawClient client(port());
  const RawAnswer plain = client.Get("/large");
  EXPECT_EQ(plain.body.size(), 20'000U);
  const RawAnswer zstd = client.Get("/large", "Accept-Encoding: gzip, zstd\r\n");
  EXPECT_EQ(zstd.fields.at("content-encoding"), "zstd");
  std::string out(30'000, 0);
  EXPECT_EQ(ZSTD_decompress(out.data(), out.size(), zstd.body.data(), zstd.body.size()), 20'000U);
  const RawAnswer gzip = client.Get("/large", "Accept-Encoding: gzip\r\n");
  EXPECT_EQ(gzip.fields.at("content-encoding"), "gzip");
  EXPECT_LT(gzip.body.size(), 1000U);
  EXPECT_EQ(gzip.body.substr(0, 2), "\x1f\x8b");
  EXPECT_NE(gzip.fields.at("etag"), plain.fields.at("etag"));
  EXPECT_THAT(gzip.fields.at("vary"), HasSubstr("Accept-Encoding"));
  // Too small to be worth it.
  EXPECT_THAT(client.Get("/hello", "Accept-Encoding: gzip\r\n").fields,
              Not(Contains(Key("content-encoding"))));
}

TEST_F(HttpServerTest, StreamsALongAnswerAndGoesOn) {
  Start();
  RawClient client(port());
  const RawAnswer answer = client.Get("/stream");
  EXPECT_TRUE(answer.whole);
  EXPECT_EQ(answer.body.size(), kLongBytes);
  const RawAnswer packed = client.Get("/stream", "Accept-Encoding: zstd\r\n");
  EXPECT_TRUE(packed.whole);
  EXPECT_LT(packed.body.size(), kLongBytes / 100);
  std::string out(2 * kLongBytes, 0);
  ZSTD_DCtx* context = ZSTD_createDCtx();
  ZSTD_inBuffer from{packed.body.data(), packed.body.size(), 0};
  ZSTD_outBuffer to{out.data(), out.size(), 0};
  EXPECT_EQ(ZSTD_decompressStream(context, &to, &from), 0U);
  EXPECT_EQ(to.pos, kLongBytes);
  ZSTD_freeDCtx(context);
  EXPECT_EQ(client.Get("/hello").status, 200);
  client.Send("GET /stream HTTP/1.0\r\n\r\n");
  EXPECT_EQ(client.Receive().body.size(), kLongBytes);
}

TEST_F(HttpServerTest, HalfAStreamIsNeverTakenForAWholeOne) {
  breaks_ = true;
  Start();
  RawClient client(port());
  EXPECT_FALSE(client.Get("/stream").whole);
  RawClient old(port());
  old.Send("GET /stream HTTP/1.0\r\n\r\n");
  EXPECT_FALSE(old.Receive().whole);
  EXPECT_TRUE(old.was_reset());
}

TEST_F(HttpServerTest, EveryErrorIsJson) {
  Start();
  RawClient client(port());
  ExpectJsonError(client.Get("/nowhere"), 404);
  client.Send("DELETE /hello HTTP/1.1\r\nHost: localhost\r\n\r\n");
  const RawAnswer method = client.Receive();
  ExpectJsonError(method, 405);
  EXPECT_EQ(method.fields.at("allow"), "GET, HEAD");
  ExpectJsonError(client.Get("/throws"), 500);
  EXPECT_THAT(client.Get("/throws").body, Not(HasSubstr("inner")));
  ExpectJsonError(client.Get("/echo/%ff"), 400);
  ExpectJsonError(client.Get("/echo/\xff"), 400);
  ExpectJsonError(Raw("GET /hello HTTP/2.0\r\n\r\n"), 505);
  ExpectJsonError(Raw("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), 505);
  ExpectJsonError(Raw("GET /hello HTTP/1.1\r\n\r\n"), 400);  // no Host
  ExpectJsonError(Raw(StrCat("GET /", std::string(9000, 'a'), " HTTP/1.1\r\n\r\n")), 414);
  ExpectJsonError(Raw(StrCat("GET /", std::string(90'000, 'a'))), 414);
}

TEST_F(HttpServerTest, BodiesAreRefusedAndEndTheConnection) {
  Start();
  RawClient client(port());
  client.Send("POST /hello HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nGET /");
  ExpectJsonError(client.Receive(), 421);
  EXPECT_TRUE(client.EndsNow());
  RawClient other(port());
  other.Send("GET /hello HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\nhello");
  ExpectJsonError(other.Receive(), 413);
  EXPECT_TRUE(other.EndsNow());
}

TEST_F(HttpServerTest, RequestsThatAreUnderstoodInTwoWaysAreNotUnderstood) {
  Start();
  const std::string smuggled = "GET /echo/smuggled HTTP/1.1\r\nHost: localhost\r\n\r\n";
  for (const char* fields :
       {"Content-Length: 0\r\nContent-Length: 44\r\n", "Content-Length: 4, 4\r\n",
        "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n", "Transfer-Encoding: chunked\r\n",
        "Transfer-Encoding: identity\r\n", "Transfer-Encoding: \tchunked, x\r\n",
        "Content-Length: +0\r\n", "Content-Length: -1\r\n", "Content-Length : 3\r\n",
        "Host: other\r\n", "Bad Name: x\r\n", "X: a\rb\r\n", ": x\r\n",
        "Content-Length: 99999999999999999999\r\n"}) {
    RawClient client(port());
    client.Send(StrCat("GET /hello HTTP/1.1\r\nHost: localhost\r\n", fields, "\r\n", smuggled));
    const RawAnswer answer = client.Receive();
    EXPECT_THAT(answer.status, testing::AnyOf(400, 413)) << fields;
    EXPECT_EQ(client.Receive().status, 0) << fields << " let a second request in";
    EXPECT_TRUE(client.EndsNow());
  }
}

TEST_F(HttpServerTest, PathsLeadToNoFiles) {
  Start();
  for (const char* path : {"/../../../etc/passwd", "/%2e%2e/%2e%2e/etc/passwd", "/..%5c..%5cetc",
                           "//etc/passwd", "/.git/config", "/debug/pprof", "/server-status"}) {
    RawClient client(port());
    ExpectJsonError(client.Get(path), 404);
  }
}

TEST_F(HttpServerTest, GarbageIsToldSoAndEnds) {
  Start();
  for (const std::string& garbage :
       {std::string("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 11), std::string(64, '\0'),
        std::string("\x80\x01\x02"), std::string("SSH-2.0-x\r\n\r\n"), std::string("{\"a\": 1}"),
        std::string("GET\r\n\r\n"), std::string("GET /\r\n\r\n"),
        std::string("G\x01T / HTTP/1.1\r\n\r\n")}) {
    RawClient client(port());
    client.Send(garbage);
    ExpectJsonError(client.Receive(), 400);
    EXPECT_TRUE(client.EndsNow());
  }
}

TEST_F(HttpServerTest, AMegabyteOfFieldsIsAnswered) {
  Start();
  RawClient client(port());
  client.Send(StrCat("GET /hello HTTP/1.1\r\nHost: localhost\r\nX-Large: ",
                     std::string(1 << 20, 'a'), "\r\n\r\n"));
  ExpectJsonError(client.Receive(), 431);
  EXPECT_TRUE(client.EndsNow());
}

TEST_F(HttpServerTest, FieldsWithoutEndAreAnswered) {
  limits().linger_time = std::chrono::milliseconds(50);
  Start();
  RawClient client(port());
  client.Send("GET /hello HTTP/1.1\r\nHost: localhost\r\n");
  // The server stops listening long before these are 100 MB.
  for (int i = 0; i < 100'000 && client.Send(StrCat("X-", i, ": ", std::string(1000, 'b'), "\r\n"));
       ++i) {
  }
  EXPECT_TRUE(client.EndsNow());
  RawClient other(port());
  EXPECT_EQ(other.Get("/hello").status, 200);
}

TEST_F(HttpServerTest, DrippingDoesNotExtendTheTimeForAHead) {
  limits().head_time = std::chrono::milliseconds(400);
  Start();
  const auto began = std::chrono::steady_clock::now();
  RawClient client(port());
  client.Send("GET /hello HTTP/1.1\r\nHost: localhost\r\nX: ");
  RawAnswer answer;
  std::thread drip([&] {
    while (client.Send("a")) std::this_thread::sleep_for(std::chrono::milliseconds(50));
  });
  answer = client.Receive();
  ExpectJsonError(answer, 408);
  EXPECT_GE(std::chrono::steady_clock::now() - began, std::chrono::milliseconds(400));
  EXPECT_TRUE(client.EndsNow());
  drip.join();
}

TEST_F(HttpServerTest, IdleConnectionsEnd) {
  limits().idle_time = std::chrono::milliseconds(200);
  limits().head_time = std::chrono::milliseconds(300);
  Start();
  RawClient said_nothing(port());
  RawClient asked_once(port());
  EXPECT_EQ(asked_once.Get("/hello").status, 200);
  EXPECT_TRUE(asked_once.EndsNow());
  EXPECT_TRUE(said_nothing.EndsNow());
}

TEST_F(HttpServerTest, AConnectionHasSoManyRequests) {
  limits().requests_per_connection = 3;
  Start();
  RawClient client(port());
  for (int i = 0; i < 3; ++i) EXPECT_EQ(client.Get("/hello").status, 200);
  EXPECT_TRUE(client.EndsNow());
}

TEST_F(HttpServerTest, AReaderThatNeverReadsIsCut) {
  limits().stalled_time = std::chrono::milliseconds(300);
  limits().send_buffer_bytes = 16 * 1024;
  Start();
  for (const char* target : {"/huge", "/stream"}) {
    RawClient client(port(), 4096);
    client.Send(StrCat("GET ", target, " HTTP/1.1\r\nHost: localhost\r\n\r\n"));
    while (server_->connections() == 0) std::this_thread::yield();
    while (server_->connections() > 0) std::this_thread::yield();
    EXPECT_FALSE(client.Receive().whole);
  }
  // Nothing was made that nobody took.
  EXPECT_LT(pieces_, kLongBytes / 1024 / 2);
}

TEST_F(HttpServerTest, AnAnswerThatTakesTooLongIsNotWaitedFor) {
  limits().answer_time = std::chrono::milliseconds(200);
  std::promise<void> open;
  gate_ = open.get_future().share();
  Start();
  RawClient client(port());
  ExpectJsonError(client.Get("/patient"), 503);
  EXPECT_TRUE(client.EndsNow());
  open.set_value();
}

TEST_F(HttpServerTest, LongWorkIsRefusedWhenTooMuchWaits) {
  options_.patient_threads = 1;
  limits().patient_queue = 1;
  std::promise<void> open;
  gate_ = open.get_future().share();
  Start();
  const std::string ask = "GET /patient HTTP/1.1\r\nHost: localhost\r\n\r\n";
  RawClient worked_on(port()), second(port()), third(port());
  worked_on.Send(ask);
  while (patient_ == 0) std::this_thread::yield();
  // One of these waits, the other is one too many.
  second.Send(ask);
  third.Send(ask);
  while (!second.HasInput() && !third.HasInput()) std::this_thread::yield();
  RawClient& refused = second.HasInput() ? second : third;
  RawClient& waiting = second.HasInput() ? third : second;
  const RawAnswer answer = refused.Receive();
  ExpectJsonError(answer, 503);
  EXPECT_THAT(answer.fields, Contains(Key("retry-after")));
  EXPECT_EQ(refused.Get("/hello").status, 200);
  open.set_value();
  EXPECT_EQ(worked_on.Receive().status, 200);
  EXPECT_EQ(waiting.Receive().status, 200);
}

TEST_F(HttpServerTest, OneAddressHasSoManyConnections) {
  limits().connections_per_address = 2;
  limits().counts_loopback = true;
  Start();
  RawClient a(port()), b(port());
  EXPECT_EQ(a.Get("/hello").status, 200);
  EXPECT_EQ(b.Get("/hello").status, 200);
  RawClient c(port());
  ExpectJsonError(c.Receive(), 429);
}

TEST_F(HttpServerTest, TwoThousandSlowConnectionsDoNotStopAFastOne) {
  rlimit files{};
  getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);
  if (files.rlim_cur < 4500) GTEST_SKIP() << "this machine gives a process too few files";
  Start();
  std::vector<std::unique_ptr<RawClient>> slow;
  for (int i = 0; i < 2000; ++i) {
    slow.push_back(std::make_unique<RawClient>(port()));
    ASSERT_TRUE(slow.back()->connected());
    slow.back()->Send("GET /hello HTTP/1.1\r\nHost: lo");
  }
  while (server_->connections() < slow.size()) std::this_thread::yield();
  RawClient fast(port());
  for (int i = 0; i < 1000; ++i) ASSERT_EQ(fast.Get("/hello").status, 200);
  EXPECT_GE(server_->connections(), slow.size());  // none of them was given up for it
}

TEST_F(HttpServerTest, WhoIsSlowMakesRoomWhenThereIsLittle) {
  limits().connections = 4;
  limits().head_time = std::chrono::hours(1);
  limits().hurried_head_time = std::chrono::milliseconds(100);
  Start();
  std::vector<std::unique_ptr<RawClient>> slow;
  for (int i = 0; i < 3; ++i) {
    slow.push_back(std::make_unique<RawClient>(port()));
    slow.back()->Send("GET /hello HTTP/1.1\r\nHost: lo");
  }
  EXPECT_EQ(slow[0]->Receive().status, 408);
}

TEST_F(HttpServerTest, MoreConnectionsThanThereIsRoomForAreToldSo) {
  limits().connections = 1;
  Start();
  RawClient client(port());
  EXPECT_EQ(client.Get("/hello").status, 200);
  RawClient second(port());
  ExpectJsonError(second.Receive(), 503);
  EXPECT_EQ(client.Get("/hello").status, 200);
}

TEST_F(HttpServerTest, PagesOfStrangersCannotAskUnderTheirOwnName) {
  options_.desk.hosts = {"hark.example"};
  Start();
  ExpectJsonError(Raw("GET /hello HTTP/1.1\r\nHost: rebound.example:8500\r\n\r\n"), 421);
  EXPECT_EQ(Raw("GET /hello HTTP/1.1\r\nHost: hark.example:8500\r\n\r\n").status, 200);
  EXPECT_EQ(Raw("GET /hello HTTP/1.1\r\nHost: [::1]:8500\r\n\r\n").status, 200);
}

TEST_F(HttpServerTest, OnlyAllowedOriginsMayReadAcross) {
  options_.desk.cors_origins = {"https://misp.example"};
  Start();
  RawClient client(port());
  const RawAnswer ours = client.Get("/hello", "Origin: https://misp.example\r\n");
  EXPECT_EQ(ours.fields.at("access-control-allow-origin"), "https://misp.example");
  EXPECT_THAT(client.Get("/hello", "Origin: https://evil.example\r\n").fields,
              Not(Contains(Key("access-control-allow-origin"))));
  client.Send("OPTIONS /hello HTTP/1.1\r\nHost: localhost\r\nOrigin: https://misp.example\r\n\r\n");
  const RawAnswer preflight = client.Receive();
  EXPECT_EQ(preflight.status, 204);
  EXPECT_THAT(preflight.fields.at("access-control-allow-headers"), HasSubstr("Authorization"));
}

TEST_F(HttpServerTest, AConnectionThatIsLeftOpenDoesNotHoldUpTheEnd) {
  Start();
  RawClient idle(port());
  RawClient reading(port(), 4096);
  reading.Send("GET /stream HTTP/1.1\r\nHost: localhost\r\n\r\n");
  while (pieces_ == 0) std::this_thread::yield();
  server_.reset();
  EXPECT_TRUE(idle.EndsNow());
}

TEST(CheckExposureTest, StrangersNeedKeysAndNobodyMayListenIn) {
  class Gate final : public HttpGate {
    GateVerdict Judge(const std::optional<Credentials>&, MonoTime) override { return {}; }
    bool asks_for_keys() const override { return true; }
  } gate;
  HttpServerOptions options;
  options.listen = {"127.0.0.1:8500", "[::1]:8500"};
  EXPECT_TRUE(CheckExposure(options).ok());
  options.desk.behind_proxy = true;
  EXPECT_THAT(CheckExposure(options).message(), HasSubstr("API key"));
  options.desk.behind_proxy = false;
  options.listen = {"0.0.0.0:8500"};
  EXPECT_THAT(CheckExposure(options).message(), HasSubstr("API key"));
  options.desk.gate = &gate;
  EXPECT_THAT(CheckExposure(options).message(), HasSubstr("--tls_cert"));
  options.desk.behind_proxy = true;
  EXPECT_TRUE(CheckExposure(options).ok());
  options.desk.behind_proxy = false;
  options.tls_certificate = "c.pem";
  EXPECT_FALSE(CheckExposure(options).ok());  // and no key
  options.tls_key = "k.pem";
  EXPECT_TRUE(CheckExposure(options).ok());
  options.listen = {"example.org:80"};
  EXPECT_EQ(CheckExposure(options).code(), StatusCode::kInvalidInput);
}

TEST(HttpServerStartTest, SaysWhatIsWrong) {
  HttpServerOptions options;
  options.listen = {"127.0.0.1:0"};
  const auto first = HttpServer::Start(options, {});
  ASSERT_TRUE(first.ok());
  options.listen = {StrCat("127.0.0.1:", (*first)->port())};
  EXPECT_EQ(HttpServer::Start(options, {}).status().code(), StatusCode::kUnavailable);
  options.listen = {"127.0.0.1:0"};
  options.tls_certificate = options.tls_key = "/nowhere.pem";
  EXPECT_EQ(HttpServer::Start(options, {}).status().code(), StatusCode::kInvalidInput);
}

}  // namespace
}  // namespace hark
