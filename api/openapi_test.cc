// The OpenAPI document against the routes themselves: every documented path is asked and answers
// with what is documented, and nothing is asked for that is not.

#include <algorithm>
#include <fstream>
#include <set>

#include "api/http_server.h"
#include "api/http_text.h"
#include "api/passive_ssh.h"
#include "api/testing/json_schema.h"
#include "api/testing/raw_client.h"
#include "api/v1.h"
#include "api/v1_fixture.h"
#include "api/v1_page.h"
#include "base/strings.h"
#include "base/testing/temp_directory.h"
#include "keys/certificate.h"
#include "keys/digests.h"
#include "keys/ssh_key.h"
#include "keys/testing/test_ca.h"

namespace hark {
namespace {

class OpenApiTest : public V1Test {
 protected:
  OpenApiTest() {
    FillStore();
    auto context = std::make_shared<ApiContext>();
    context->view = [view = View()] { return view; };
    context->now_unix_s = [] { return int64_t{1'790'000'000}; };
    context->place = [](const Address&) { return ApiPlace{64496, "IE"}; };
    const auto text = [](const char* json) {
      return [json](const auto&...) -> Result<std::string> { return std::string(json); };
    };
    context->reports.run_report = text(R"({"run": "IE-2026"})");
    context->reports.cluster_list = text(R"([{"id": "c1", "size": 3}, {"id": "c2", "size": 2}])");
    context->reports.cluster_show = text(R"({"id": "c1"})");
    context->reports.cluster_graph = text(R"({"nodes": [], "links": []})");
    context->reports.compare = text(R"({"runs": []})");
    context->reports.run_status = text(R"({"runs": []})");
    WriteFile(folder_ / "office", "192.0.2.0/24\n");
    AddV1Routes(router_, context, {folder_.path()});
    AddPassiveSshRoutes(router_, context);
    document_ = Json::parse(Ask("/openapi.json").body);
  }

  static void WriteFile(const std::string& path, const std::string& text) {
    std::ofstream(path) << text;
  }

  void FillStore() {
    proto::AlgorithmsRow lists;
    lists.mutable_lists()->set_kex_algorithms("curve25519-sha256");
    lists.set_hassh(kHassh);
    lists.set_passive_ssh_hassh(kLegacyHassh);
    const TestCa root("Test Root");
    der_ = root.Issue({{"www.example.org", "example.org"}}).der;
    for (int i = 1; i < 6; ++i) {
      const std::string host = StrCat("192.0.2.", i);
      See(host, 22, "2026-01-01",
          {KeyOf("shared"), BannerFact("SSH-2.0-<b>x\x01\xff</b>"), AlgorithmsFact(lists), Ok()});
      See(host, 22, "2026-02-01", {KeyOf("own" + host), BannerFact("SSH-2.0-new"), Ok()});
      See(host, 443, "2026-02-01",
          {CertificateFact(der_), KeyFactOfSpki(*SpkiOfCertificate(der_)),
           TlsFact(0x0304, 0x1301, "x25519"), Ok()});
    }
    See("abcdefghijklmnop.onion", 22, "2026-03-01", {KeyOf("shared"), Ok()});
    // A certificate and a key of which nothing but a hash is known.
    See("2001:db8::1", 443, "2026-03-01", {CertificateFactOfHash(Sha256("never seen")), Ok()});
    proto::PortObservation observation;
    observation.mutable_ssh()->add_keys()->set_blob(Ed25519BlobOf("fresh"));
    Visit(1, "IE-2026", "198.51.100.1", 22, "2026-04-01", observation,
          {std::string(ReadSshKey(Ed25519BlobOf("fresh")).id.bytes())});
  }

  // As a server does it: the quick lane first.
  HttpResponse Ask(const std::string& target, ApiRole role = ApiRole::kAdmin) {
    HttpRequest request;
    const HttpTarget parsed = ParseTarget(target).value();
    request.path = parsed.path;
    request.exact_path = parsed.exact_path;
    request.query = parsed.query;
    request.role = role;
    std::optional<HttpResponse> response = router_.Answer(request, HttpLane::kQuick);
    if (!response) response = router_.Answer(request, HttpLane::kPatient);
    EXPECT_TRUE(response) << target;
    return response.value_or(HttpResponse());
  }

  static std::string Body(const HttpResponse& response) {
    std::string body = response.body;
    while (response.stream) {
      const std::string piece = response.stream().value();
      if (piece.empty()) break;
      body += piece;
    }
    return body;
  }

  // A value for each name in a path.
  std::string Filled(std::string path) const {
    const std::pair<const char*, std::string> values[] = {
        {"{host}", "192.0.2.1"},     {"{fingerprint}", HexEncode(Md5(Ed25519BlobOf("shared")))},
        {"{name}", "office"},        {"{sha256}", HexEncode(Sha256(der_))},
        {"{value}", kHassh},         {"{hassh}", kLegacyHassh},
        {"{run}", "IE-2026"},        {"{id}", "c1"},
        {"{banner}", "SSH-2.0-new"}, {"{type}", "ssh-ed25519"}};
    const bool passive_ssh = !path.starts_with("/v1");
    for (const auto& [name, value] : values) {
      const size_t at = path.find(name);
      if (at == path.npos) continue;
      std::string text = value;
      if (passive_ssh && std::string_view(name) == "{fingerprint}") {
        text = SshMd5Fingerprint(Ed25519BlobOf("shared")).substr(4);
      }
      path.replace(at, std::string_view(name).size(), text);
    }
    EXPECT_EQ(path.find('{'), path.npos) << path;
    return path;
  }

  // What a path cannot be asked without.
  static std::string Needed(const std::string& path) {
    if (path == "/v1/certificates") return "name=www.example.org";
    if (path == "/v1/compare") return "runs=IE-2026,IE-2026";
    if (path.ends_with("/environment")) return "prefix=192.0.2.0/24";
    return "";
  }

  void ExpectMatch(const Json& answers, const HttpResponse& response, const std::string& target) {
    const std::string status = std::to_string(response.status);
    ASSERT_TRUE(answers.contains(status)) << target << " answers " << status;
    Json schema = answers[status];
    if (schema.contains("$ref")) {
      schema = document_[Json::json_pointer(schema["$ref"].get<std::string>().substr(1))];
    }
    const std::string media_type = response.content_type.substr(0, response.content_type.find(';'));
    schema = schema["content"][media_type]["schema"];
    ASSERT_TRUE(schema.is_object()) << target << " answers in " << response.content_type;
    const std::string body = Body(response);
    const auto check = [&](const std::string& text) {
      const Json value = Json::parse(text, nullptr, false);
      ASSERT_FALSE(value.is_discarded()) << target << "\n" << text;
      for (const std::string& error : JsonSchemaChecker(document_).Check(schema, value)) {
        ADD_FAILURE() << target << " " << error;
      }
    };
    if (media_type == "application/json") return check(body);
    for (const std::string_view line : Split(body, '\n')) {
      if (!line.empty()) check(std::string(line));
    }
  }

  static constexpr char kHassh[] = "0123456789abcdef0123456789abcdef";
  static constexpr char kLegacyHassh[] = "fedcba9876543210fedcba9876543210";
  TempDirectory folder_;
  std::string der_;
  HttpRouter router_;
  Json document_;
};

TEST_F(OpenApiTest, EveryRouteIsDocumentedAndEveryPathIsARoute) {
  std::set<std::string> routes, paths;
  for (const HttpRoute& route : router_.routes()) {
    std::string path = route.pattern;
    if (const size_t dots = path.find("...}"); dots != path.npos) path.erase(dots, 3);
    routes.insert(path);
  }
  for (const auto& [path, item] : document_["paths"].items()) paths.insert(path);
  EXPECT_EQ(routes, paths);
  EXPECT_EQ(document_["openapi"], "3.1.0");
}

TEST_F(OpenApiTest, EveryPathAnswersWithWhatItsSchemaSays) {
  for (const auto& [path, item] : document_["paths"].items()) {
    const std::string needed = Needed(path);
    const std::string target = Filled(path) + (needed.empty() ? "" : "?" + needed);
    const HttpResponse response = Ask(target);
    EXPECT_EQ(response.status, 200) << target << " " << response.body;
    ExpectMatch(item["get"]["responses"], response, target);
  }
}

TEST_F(OpenApiTest, ARealServerGivesTheSameAnswers) {
  HttpServerOptions options;
  options.listen = {"127.0.0.1:0"};
  const auto server = HttpServer::Start(options, router_);
  ASSERT_TRUE(server.ok()) << server.status().message();
  for (const auto& [path, item] : document_["paths"].items()) {
    const std::string needed = Needed(path);
    const std::string target = Filled(path) + (needed.empty() ? "" : "?" + needed);
    RawClient client((*server)->port());
    ASSERT_TRUE(client.Send(StrCat("GET ", target, " HTTP/1.1\r\nHost: localhost\r\n\r\n")));
    const RawAnswer answer = client.Receive();
    EXPECT_EQ(answer.status, 200) << target;
    EXPECT_TRUE(answer.whole) << target;
    HttpResponse response;
    response.content_type = answer.fields.at("content-type");
    response.body = answer.body;
    ExpectMatch(item["get"]["responses"], response, target);
    EXPECT_EQ(Body(Ask(target)), answer.body) << target;
  }
  RawClient client((*server)->port());
  ASSERT_TRUE(
      client.Send("GET /v1/hosts HTTP/1.1\r\nHost: localhost\r\n"
                  "Accept: application/x-ndjson\r\n\r\n"));
  const RawAnswer lines = client.Receive();
  EXPECT_EQ(lines.body, Body(Ask("/v1/hosts?format=ndjson")));
  EXPECT_EQ(lines.fields.at("content-type"), "application/x-ndjson");
}

TEST_F(OpenApiTest, EveryListComesAsLinesToo) {
  int lists = 0;
  for (const auto& [path, item] : document_["paths"].items()) {
    const Json& answers = item["get"]["responses"];
    if (!answers["200"]["content"].contains("application/x-ndjson")) continue;
    ++lists;
    const std::string needed = Needed(path);
    const std::string target = Filled(path) + "?format=ndjson&" + needed;
    const HttpResponse response = Ask(target);
    EXPECT_EQ(response.content_type, "application/x-ndjson") << target;
    EXPECT_NE(Body(Ask(target)), "") << target;
    ExpectMatch(answers, response, target);
  }
  EXPECT_GE(lists, 9);
}

TEST_F(OpenApiTest, LinesAreThePagesPutTogether) {
  for (const auto& [target, name] : {std::pair{"/v1/hosts?", "hosts"},
                                     {"/v1/hosts/192.0.2.1/history?", "visits"},
                                     {"/v1/hosts/192.0.2.1/changes?", "changes"},
                                     {"/v1/banners?", "banners"},
                                     {"/v1/clusters?", "clusters"},
                                     {"/v1/hassh/0123456789abcdef0123456789abcdef?", "places"},
                                     {"/v1/banners?exact=SSH-2.0-new&", "places"}}) {
    std::string pages, cursor;
    do {
      const Json page = Json::parse(Ask(StrCat(target, "limit=2&cursor=", cursor)).body);
      EXPECT_LE(page[name].size(), 2U);
      for (const Json& item : page[name]) pages += JsonText(item) + "\n";
      cursor = page["next"].is_null() ? "" : page["next"].get<std::string>();
    } while (!cursor.empty());
    EXPECT_EQ(Body(Ask(StrCat(target, "format=ndjson"))), pages) << target;
    EXPECT_GT(std::count(pages.begin(), pages.end(), '\n'), 1) << target;
  }
}

TEST_F(OpenApiTest, ParametersThatAreWrongAreRefusedAsDocumented) {
  for (const auto& [path, item] : document_["paths"].items()) {
    if (!path.starts_with("/v1")) continue;
    for (const char* wrong :
         {"port=0", "port=x", "prefix=300.1.1.1", "country=Ireland", "as=x", "since=yesterday",
          "until=2026-13-01", "limit=0", "limit=100000", "cursor=%00", "cursor=zz", "format=xml"}) {
      // What a route does not have it may refuse or ignore, but never fail over.
      const std::string target = StrCat(Filled(path), "?", wrong, "&", Needed(path));
      if (std::string_view(wrong).find("%00") != std::string_view::npos) continue;
      const HttpResponse response = Ask(target);
      EXPECT_TRUE(response.status == 200 || response.status == 400) << target;
      ExpectMatch(item["get"]["responses"], response, target);
    }
  }
  EXPECT_EQ(Ask("/v1/hosts?limit=0").status, 400);
  EXPECT_EQ(Ask("/v1/hosts?limit=10001").status, 400);
  EXPECT_EQ(Ask("/v1/hosts?limit=10001&format=ndjson").status, 200);
  EXPECT_EQ(Ask("/v1/hosts?run=none").status, 404);
  EXPECT_EQ(Ask("/v1/certificates").status, 400);
  EXPECT_EQ(Ask("/v1/certificates?name=a&issuer=b").status, 400);
}

TEST_F(OpenApiTest, WhatWasNeverSeenIs404InV1) {
  for (const char* target :
       {"/v1/hosts/203.0.113.9", "/v1/hosts/203.0.113.9/history", "/v1/hosts/203.0.113.9/changes",
        "/v1/keys/00000000000000000000000000000000", "/v1/hassh/00000000000000000000000000000000",
        "/v1/banners?exact=nobody", "/v1/runs/none", "/v1/runs/none/report", "/v1/clusters/none/c1",
        "/v1/compare?runs=none,IE-2026",
        "/v1/keys/00000000000000000000000000000000/environment/home"}) {
    const HttpResponse response = Ask(target);
    EXPECT_EQ(response.status, 404) << target << " " << response.body;
    EXPECT_TRUE(Json::parse(response.body).contains("Error"));
    if (std::string_view(target).find("/environment/") != std::string_view::npos) continue;
    EXPECT_EQ(
        Ask(StrCat(target, std::string_view(target).find('?') == std::string_view::npos ? "?" : "&",
                   "format=ndjson"))
            .status,
        404)
        << target;
  }
}

TEST_F(OpenApiTest, ListsAndRunsAreForAnalysts) {
  for (const char* target : {"/v1/hosts", "/v1/runs", "/v1/clusters", "/v1/runs/IE-2026/report"}) {
    EXPECT_EQ(Ask(target, ApiRole::kReader).status, 403) << target;
    EXPECT_EQ(Ask(target, ApiRole::kAnalyst).status, 200) << target;
  }
  EXPECT_EQ(Ask("/v1/hosts/192.0.2.1", ApiRole::kReader).status, 200);
}

TEST_F(OpenApiTest, HostListsAreWhatAWalkOverAllHostsGives) {
  const auto hosts = [&](const std::string& query) {
    std::vector<std::string> out;
    const Json page = Json::parse(Ask("/v1/hosts?" + query).body);
    for (const Json& host : page["hosts"]) out.push_back(host["host"]);
    return out;
  };
  const std::vector<std::string> all = hosts("");
  EXPECT_EQ(all.size(), 7U);
  for (const char* prefix : {"192.0.2.0/30", "192.0.2.2-192.0.2.4,192.0.2.1", "2001:db8::/32",
                             "10.0.0.0/8", "0.0.0.0/0,::/0", "192.0.2.5,2001:db8::1"}) {
    const PlaceFilter filter = *ReadPlaceFilter({{"prefix", prefix}});
    std::vector<std::string> expected;
    for (const std::string& host : all) {
      if (filter.HasHost(Named(host))) expected.push_back(host);
    }
    EXPECT_EQ(hosts(StrCat("prefix=", prefix)), expected) << prefix;
  }
  EXPECT_EQ(hosts("port=443").size(), 6U);
  EXPECT_EQ(hosts("since=2026-02-15").size(), 2U);
  EXPECT_EQ(hosts("until=2026-01-15").size(), 5U);
  EXPECT_EQ(hosts("country=DE").size(), 0U);
  EXPECT_EQ(hosts("country=IE&as=64496").size(), 6U);
}

TEST_F(OpenApiTest, CertificatesAreFoundByNameIssuerKeyAndHash) {
  const std::string spki = KeyIdOfSpki(*SpkiOfCertificate(der_)).ToHex();
  const std::string issuer = ReadCertificate(der_)->issuer;
  for (const std::string& query :
       {std::string("name=www.example.org"), std::string("name=.example.org"), "spki=" + spki,
        "issuer=" + issuer, "sha256=" + HexEncode(Sha256(der_))}) {
    const Json answer = Json::parse(Ask("/v1/certificates?" + query).body);
    ASSERT_EQ(answer["certificates"].size(), 1U) << query;
    EXPECT_EQ(answer["certificates"][0]["sha256"], HexEncode(Sha256(der_)));
    EXPECT_EQ(answer["certificates"][0]["hosts"], 5);
    EXPECT_EQ(answer["complete"], true);
  }
  EXPECT_EQ(Json::parse(Ask("/v1/certificates?name=nobody.example").body)["certificates"].size(),
            0U);
}

TEST_F(OpenApiTest, AFingerprintWithASlashReachesItsEnvironment) {
  const std::string sha = SshSha256Fingerprint(Ed25519BlobOf("shared"));
  const Json answer = Json::parse(Ask("/v1/environments/office/keys/" + sha).body);
  EXPECT_EQ(answer["verdict"], "known") << answer.dump();
  EXPECT_EQ(Ask("/v1/environments/..%2f..%2fetc/keys/" + sha).status / 100, 4);
}

}  // namespace
}  // namespace hark
