// Keys, roles, TLS and the audit log as a client meets them.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/ssl.h>

#include <nlohmann/json.hpp>

#include "api/api_keyring.h"
#include "api/audit_log.h"
#include "api/http_server.h"
#include "api/testing/raw_client.h"
#include "base/file.h"
#include "base/testing/temp_directory.h"

namespace hark {
namespace {

class HttpAccessTest : public testing::Test {
 protected:
  HttpAccessTest() { options_.listen = {"127.0.0.1:0"}; }

  std::string AddKey(const std::string& name, ApiRole role, uint32_t rate = 1000) {
    const NewApiKey made = MakeApiKey(name, role, rate, rate, 0);
    keys_.push_back(made.key);
    EXPECT_TRUE(WriteApiKeys(ApiKeysFile(directory_.path()), keys_).ok());
    return made.text;
  }
  void Start() {
    HttpRouter router;
    const auto add = [&](const std::string& pattern, ApiRole role) {
      router.Add({pattern, role, [](const HttpRequest& request, HttpLane) {
                    HttpResponse response;
                    response.body = "\"" + request.user + "\"";
                    return response;
                  }});
    };
    add("/reader", ApiRole::kReader);
    add("/admin", ApiRole::kAdmin);
    ring_ = ApiKeyring::Open(ApiKeysFile(directory_.path())).value();
    audit_ = AuditLog::Open(audit_file_).value();
    options_.desk.gate = ring_.get();
    options_.desk.audit = audit_.get();
    auto server = HttpServer::Start(options_, std::move(router));
    ASSERT_TRUE(server.ok()) << server.status().message();
    server_ = std::move(*server);
  }
  std::vector<nlohmann::json> Audited() {
    server_.reset();
    audit_.reset();
    std::vector<nlohmann::json> out;
    const std::string text = ReadFile(audit_file_).value();
    for (const std::string_view line : Split(text, '\n')) {
      if (!line.empty()) out.push_back(nlohmann::json::parse(line));
    }
    return out;
  }

  TempDirectory directory_;
  const std::string audit_file_ = directory_ / "audit";
  std::vector<ApiKey> keys_;
  std::unique_ptr<ApiKeyring> ring_;
  std::unique_ptr<AuditLog> audit_;
  HttpServerOptions options_;
  std::unique_ptr<HttpServer> server_;
};

TEST_F(HttpAccessTest, AKeyOpensWhatItsRoleMay) {
  const std::string key = AddKey("misp", ApiRole::kReader);
  Start();
  RawClient client(server_->port());
  const RawAnswer refused = client.Get("/reader");
  EXPECT_EQ(refused.status, 401);
  EXPECT_THAT(refused.fields.at("www-authenticate"), testing::StartsWith("Basic"));
  EXPECT_EQ(client.Get("/reader", StrCat("X-API-Key: ", key, "\r\n")).body, "\"misp\"");
  EXPECT_EQ(client.Get("/reader", StrCat("Authorization: Bearer ", key, "\r\n")).status, 200);
  EXPECT_EQ(client.Get("/admin", StrCat("X-API-Key: ", key, "\r\n")).status, 403);
  // Whether a path exists is told to nobody without a key.
  EXPECT_EQ(client.Get("/nowhere").status, 401);
}

TEST_F(HttpAccessTest, WhoAsksTooOftenIsToldWhenToAskAgain) {
  const std::string key = AddKey("slow", ApiRole::kReader, 1);
  Start();
  RawClient client(server_->port());
  const std::string field = StrCat("X-API-Key: ", key, "\r\n");
  EXPECT_EQ(client.Get("/reader", field).status, 200);
  const RawAnswer refused = client.Get("/reader", field);
  EXPECT_EQ(refused.status, 429);
  EXPECT_EQ(refused.fields.at("retry-after"), "1");
}

TEST_F(HttpAccessTest, EveryRequestIsWrittenDown) {
  const std::string key = AddKey("misp", ApiRole::kReader);
  options_.desk.behind_proxy = true;
  Start();
  {
    RawClient client(server_->port());
    client.Get("/reader?port=22",
               StrCat("X-API-Key: ", key, "\r\nX-Forwarded-For: 192.0.2.1, 192.0.2.7\r\n"));
    client.Get("/nowhere");
    client.Send("garbage\r\n\r\n");
    client.Receive();
    client.EndsNow();
  }
  const auto lines = Audited();
  ASSERT_EQ(lines.size(), 3U);
  EXPECT_EQ(lines[0]["key"], "misp");
  EXPECT_EQ(lines[0]["client"], "192.0.2.7");
  EXPECT_EQ(lines[0]["target"], "/reader?port=22");
  EXPECT_EQ(lines[0]["status"], 200);
  EXPECT_EQ(lines[0]["bytes"], 6);
  EXPECT_EQ(lines[1]["key"], "");
  EXPECT_EQ(lines[1]["client"], "127.0.0.1");
  EXPECT_EQ(lines[1]["status"], 401);
  EXPECT_EQ(lines[2]["status"], 400);
}

// A client of TLS on a blocking socket.
class TlsClient {
 public:
  explicit TlsClient(uint16_t port) : fd_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(port);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (connect(fd_.get(), reinterpret_cast<sockaddr*>(&to), sizeof to) != 0) return;
    SSL_set_fd(ssl_.get(), fd_.get());
    connected_ = SSL_connect(ssl_.get()) == 1;
  }
  bool connected() const { return connected_; }
  std::string Ask(const std::string& request) {
    SSL_write(ssl_.get(), request.data(), static_cast<int>(request.size()));
    std::string out;
    char room[4096];
    for (int n; (n = SSL_read(ssl_.get(), room, sizeof room)) > 0;) {
      out.append(room, static_cast<size_t>(n));
    }
    return out;
  }

 private:
  UniqueFd fd_;
  std::unique_ptr<SSL_CTX, void (*)(SSL_CTX*)> context_{SSL_CTX_new(TLS_client_method()),
                                                        SSL_CTX_free};
  std::unique_ptr<SSL, void (*)(SSL*)> ssl_{SSL_new(context_.get()), SSL_free};
  bool connected_ = false;
};

class HttpTlsTest : public HttpAccessTest {
 protected:
  HttpTlsTest() {
    options_.tls_certificate = directory_ / "cert.pem";
    options_.tls_key = directory_ / "key.pem";
    const std::string command = StrCat(
        "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj "
        "/CN=localhost -keyout ",
        options_.tls_key, " -out ", options_.tls_certificate, " 2>/dev/null");
    made_ = std::system(command.c_str()) == 0;
  }
  bool made_ = false;
};

TEST_F(HttpTlsTest, AnswersOverTls) {
  ASSERT_TRUE(made_);
  Start();
  TlsClient client(server_->port());
  ASSERT_TRUE(client.connected());
  const std::string request = "GET /reader HTTP/1.1\r\nHost: localhost\r\n";
  const std::string answer = client.Ask(request + "\r\n" + request + "Connection: close\r\n\r\n");
  EXPECT_EQ(answer.find("HTTP/1.1 200 OK"), 0U);
  EXPECT_NE(answer.find("HTTP/1.1 200 OK", 1), std::string::npos) << "only one answer";
}

TEST_F(HttpTlsTest, WhatIsNoTlsIsTurnedAway) {
  ASSERT_TRUE(made_);
  // What could become TLS is waited for no longer than that.
  options_.desk.limits.head_time = std::chrono::milliseconds(500);
  Start();
  for (const char* garbage : {"GET /reader HTTP/1.1\r\nHost: localhost\r\n\r\n",
                              "\x16\x03\x01\x00\x05garbage", "\x80\x80\x01\x03\x01"}) {
    RawClient client(server_->port());
    client.Send(garbage);
    EXPECT_TRUE(client.EndsNow());
  }
  TlsClient client(server_->port());
  EXPECT_TRUE(client.connected());
}

TEST_F(HttpTlsTest, ARenewedCertificateIsUsed) {
  ASSERT_TRUE(made_);
  Start();
  EXPECT_TRUE(server_->ReloadTls().ok());
  ASSERT_TRUE(WriteFileAtomically(options_.tls_key, "no key").ok());
  EXPECT_FALSE(server_->ReloadTls().ok());
  TlsClient client(server_->port());
  EXPECT_TRUE(client.connected());  // the one that was there
}

}  // namespace
}  // namespace hark
