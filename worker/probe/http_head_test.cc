// GET / behind a handshake: its question, its answer, and that the handshake stands without it.

#include "worker/probe/http_head.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "worker/probe/limits.h"
#include "worker/probe/testing/fake_tls_server.h"
#include "worker/probe/tls_survey.h"

namespace hark {
namespace {

using ::testing::HasSubstr;

constexpr char kAnswer[] = "HTTP/1.1 301 Moved\r\nLocation: /x\r\nServer: y\r\n\r\nbody";

ProbeOptions Asking() {
  ProbeOptions options = TestOptions();
  options.http_get = true;
  options.software = "hark/1";
  options.contact = "mail@hark.example";
  return options;
}

struct Scene {
  FakeTlsIdentity identity{"RSA", 1};
  std::string answer = kAnswer;
  size_t piece = 4096;
  bool closes = true;
  ProbeOptions options = Asking();
  std::string question;

  PortObservation See(const Cuts& cuts = {}, const std::string& host = "192.0.2.7") {
    const auto survey = SurveyFactory(options).Make(443, Protocol::kHttps, host);
    return Play(
        *survey,
        [this] {
          auto server = std::make_unique<Recorder>(*this);
          server->AnswerWith(answer, piece, closes);
          return server;
        },
        cuts);
  }

  class Recorder final : public FakePeer {
   public:
    explicit Recorder(Scene& scene) : scene_(scene), server_(scene.identity) {}
    void AnswerWith(const std::string& answer, size_t piece, bool closes) {
      server_.AnswerWith(answer, piece, closes);
    }
    std::string OnBytes(std::string_view bytes) override {
      std::string out = server_.OnBytes(bytes);
      if (!server_.question().empty()) scene_.question = server_.question();
      return out;
    }

   private:
    Scene& scene_;
    FakeTlsServer server_;
  };
};

TEST(HttpGet, SaysWhoAsksAndWhom) {
  Scene scene;
  scene.See();
  EXPECT_EQ(scene.question,
            "GET / HTTP/1.1\r\nHost: 192.0.2.7\r\nUser-Agent: hark/1 (+mail@hark.example)\r\n"
            "Accept: */*\r\nConnection: close\r\n\r\n");
  EXPECT_THAT(HttpGetRequest(Asking(), "2001:db8::7", 8443), HasSubstr("Host: [2001:db8::7]:8443"));
  EXPECT_THAT(HttpGetRequest(Asking(), "", 443), HasSubstr("Host: \r\n"));
}

TEST(HttpGet, KeepsTheHeadHoweverTheNetworkCutsIt) {
  Scene scene;
  for (size_t piece : {size_t{1}, size_t{7}, size_t{4096}}) {
    scene.piece = piece;
    for (const Cuts& cuts : AllCuts()) {
      const PortObservation seen = scene.See(cuts);
      EXPECT_EQ(seen.outcome, Outcome::kOk);
      EXPECT_EQ(seen.detail, "");
      ASSERT_TRUE(seen.http);
      EXPECT_EQ(seen.http->status_line, "HTTP/1.1 301 Moved");
      EXPECT_EQ(seen.http->headers, "Location: /x\r\nServer: y\r\n");
      EXPECT_FALSE(seen.http->truncated);
      EXPECT_EQ(seen.connections, 1u);
    }
  }
}

TEST(HttpGet, IsAskedOnlyWhereWantedAndInAWholeHandshake) {
  Scene scene;
  scene.options.handshake = Handshake::kCertificate;
  EXPECT_FALSE(scene.See().http);
  scene.options = TestOptions();
  EXPECT_FALSE(scene.See().http);
  EXPECT_EQ(scene.question, "");
}

TEST(HttpGet, LeavesTheHandshakeGoodWhateverBecomesOfIt) {
  Scene scene;
  const auto detail_after = [&](const std::string& answer, bool closes) {
    scene.answer = answer;
    scene.closes = closes;
    const PortObservation seen = scene.See(Cuts::Random(3));
    EXPECT_EQ(seen.outcome, Outcome::kOk);
    EXPECT_EQ(seen.stage, Stage::kDone);
    EXPECT_EQ(seen.tls->proof, Proof::kVerified);
    return seen.detail;
  };
  EXPECT_EQ(detail_after("", true), "http: closed");
  EXPECT_EQ(detail_after("", false), "http: silent");
  EXPECT_EQ(detail_after("HTTP/1.1 200 OK\r\nServ", false), "http: too-slow");
  EXPECT_EQ(detail_after("SSH-2.0-x\r\n", false), "http: the answer is no HTTP");
}

TEST(HttpGet, MarksAHeadThatEndsEarly) {
  Scene scene;
  scene.answer = "HTTP/1.1 200 OK\r\nServ";
  const PortObservation seen = scene.See();
  ASSERT_TRUE(seen.http);
  EXPECT_TRUE(seen.http->truncated);
  EXPECT_EQ(seen.http->headers, "Serv");
}

TEST(HttpLimits, EndlessHeadersAndHeaderBombsEndAtTheLimit) {
  Scene scene;
  std::string endless = "HTTP/1.1 200 OK\r\n";
  while (endless.size() < 4 * kMaxHttpHead) endless += "X: y\r\n";
  for (const std::string& answer :
       {endless, "HTTP/1.1 200 OK\r\nX: " + std::string(4 * kMaxHttpHead, 'y'),
        "HTTP/" + std::string(4 * kMaxHttpHead, '1')}) {
    scene.answer = answer;
    for (const Cuts& cuts : {Cuts::Whole(), Cuts::Random(5)}) {
      const PortObservation seen = scene.See(cuts);
      EXPECT_EQ(seen.outcome, Outcome::kOk);
      EXPECT_EQ(seen.detail, "http: the head is beyond our limit");
      ASSERT_TRUE(seen.http);
      EXPECT_TRUE(seen.http->truncated);
      EXPECT_LE(seen.http->status_line.size() + seen.http->headers.size(), kMaxHttpHead);
    }
  }
}

TEST(HttpHead, OfExactlyTheLimitIsWholeAndOneByteMoreIsNot) {
  const std::string frame = "HTTP/1.1 200 OK\r\nX: \r\n\r\n";
  for (size_t extra : {0, 1}) {
    std::string answer = frame;
    answer.insert(20, std::string(kMaxHttpHead - frame.size() + extra, 'y'));
    HttpHead head;
    head.Feed(answer);
    EXPECT_EQ(head.state(), extra == 0 ? HttpHead::State::kWhole : HttpHead::State::kTooLong);
  }
}

TEST(HttpHead, MayEndAfterAnyByte) {
  const std::string answer = "HTTP/1.0 200 OK\nA: b\n\n";
  for (size_t size = 0; size <= answer.size(); ++size) {
    HttpHead head;
    head.Feed(std::string_view(answer).substr(0, size));
    EXPECT_EQ(head.state() == HttpHead::State::kWhole, size == answer.size());
    EXPECT_EQ(head.TakeFacts().truncated, size < answer.size());
  }
}

}  // namespace
}  // namespace hark
