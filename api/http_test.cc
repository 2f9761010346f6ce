#include "api/http.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "base/strings.h"

namespace hark {
namespace {

// A router whose routes say who they are and what they were given.
class HttpRouterTest : public testing::Test {
 protected:
  void Route(const std::string& pattern, ApiRole role = ApiRole::kReader) {
    router_.Add({pattern, role, [pattern](const HttpRequest& request, HttpLane) {
                   HttpResponse response;
                   response.body = pattern;
                   for (const auto& [name, value] : request.arguments) {
                     response.body += StrCat(" ", name, "=", value);
                   }
                   return response;
                 }});
  }

  HttpResponse Ask(HttpRequest request) {
    return router_.Answer(std::move(request), HttpLane::kQuick).value();
  }
  std::string Get(const std::string& path, const std::string& exact = "") {
    HttpRequest request;
    request.path = path;
    request.exact_path = exact;
    const HttpResponse response = Ask(request);
    return response.status == 200 ? response.body : std::to_string(response.status);
  }

  HttpRouter router_;
};

TEST_F(HttpRouterTest, FindsLiteralPathsAndNames) {
  Route("/");
  Route("/stats");
  Route("/v1/keys/{key}/hosts");
  EXPECT_EQ(Get("/"), "/");
  EXPECT_EQ(Get("/stats"), "/stats");
  EXPECT_EQ(Get("/v1/keys/ab/hosts"), "/v1/keys/{key}/hosts key=ab");
  EXPECT_EQ(Get("/v1/keys/ab"), "404");
  EXPECT_EQ(Get("/v1/keys/ab/hosts/x"), "404");
  EXPECT_EQ(Get("/Stats"), "404");
}

TEST_F(HttpRouterTest, ARestTakesSlashesAndMayBeEmpty) {
  Route("/banner/hosts/{banner...}");
  EXPECT_EQ(Get("/banner/hosts/SSH-2.0-a/b c"), "/banner/hosts/{banner...} banner=SSH-2.0-a/b c");
  EXPECT_EQ(Get("/banner/hosts"), "/banner/hosts/{banner...} banner=");
}

TEST_F(HttpRouterTest, ARestKeepsItsDoubleSlashesAndThePathBeforeItDoesNotMatter) {
  Route("/fingerprint/all/{print...}");
  EXPECT_EQ(Get("/fingerprint/all/SHA256:a/b", "//fingerprint//all/SHA256:a//b"),
            "/fingerprint/all/{print...} print=SHA256:a//b");
}

TEST_F(HttpRouterTest, LiteralsGoBeforeNamesAndNamesBeforeRests) {
  Route("/keys/{rest...}");
  Route("/keys/{key}");
  Route("/keys/types");
  EXPECT_EQ(Get("/keys/types"), "/keys/types");
  EXPECT_EQ(Get("/keys/ab"), "/keys/{key} key=ab");
  EXPECT_EQ(Get("/keys/ab/c"), "/keys/{rest...} rest=ab/c");
}

TEST_F(HttpRouterTest, OtherMethodsAreRefusedWithWhatIsAllowed) {
  Route("/stats");
  HttpRequest request;
  request.path = "/stats";
  request.method = "HEAD";
  EXPECT_EQ(Ask(request).status, 200);
  request.method = "POST";
  const HttpResponse response = Ask(request);
  EXPECT_EQ(response.status, 405);
  EXPECT_THAT(response.headers, testing::Contains(testing::Pair("Allow", "GET, HEAD")));
}

TEST_F(HttpRouterTest, AKeyOfAReaderCannotAskWhatAdminsMay) {
  Route("/v1/runs", ApiRole::kAnalyst);
  Route("/v1/keys", ApiRole::kReader);
  HttpRequest request;
  request.path = "/v1/runs";
  request.role = ApiRole::kReader;
  EXPECT_EQ(Ask(request).status, 403);
  request.role = ApiRole::kAdmin;
  EXPECT_EQ(Ask(request).status, 200);
}

TEST(JsonErrorTest, IsJsonWhateverItQuotes) {
  const HttpResponse response = JsonError(400, "no \"fingerprint\": \xff<b>");
  const auto json = nlohmann::json::parse(response.body);
  EXPECT_THAT(json["Error"].get<std::string>(), testing::StartsWith("no \"fingerprint\": "));
  EXPECT_EQ(response.content_type, "application/json");
}

TEST(JsonErrorTest, WhatFailedInsideIsNotToldOutside) {
  EXPECT_EQ(ErrorOf(InvalidInput("bad")).status, 400);
  EXPECT_EQ(ErrorOf(NotFound("none")).status, 404);
  EXPECT_EQ(ErrorOf(Unavailable("busy")).status, 503);
  const HttpResponse response = ErrorOf(IoError("/srv/secret/db: broken"));
  EXPECT_EQ(response.status, 500);
  EXPECT_THAT(response.body, testing::Not(testing::HasSubstr("secret")));
}

}  // namespace
}  // namespace hark
