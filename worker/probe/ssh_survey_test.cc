#include "worker/probe/ssh_survey.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "base/bytes.h"
#include "keys/ssh_key.h"
#include "worker/probe/limits.h"
#include "worker/probe/testing/fake_ssh_server.h"

namespace hark {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class SshSurveys : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    keys_ = new std::vector<FakeHostKey>;
    keys_->push_back(NewEd25519HostKey());
    keys_->push_back(NewRsaHostKey());
  }
  static void TearDownTestSuite() { delete keys_; }

  // The observation of a host whose n-th connection behaves like the n-th, the last ones alike.
  PortObservation See(const std::vector<FakeSshBehaviour>& behaviours, const Cuts& cuts = {},
                      const ProbeOptions& options = TestOptions()) {
    const auto survey = SurveyFactory(options).Make(22);
    size_t dialled = 0;
    return Play(
        *survey,
        [&] {
          const size_t n = std::min(dialled++, behaviours.size() - 1);
          return std::make_unique<FakeSshServer>(*keys_, behaviours[n]);
        },
        cuts);
  }

  static const FakeHostKey& ed25519() { return keys_->at(0); }
  static const FakeHostKey& rsa() { return keys_->at(1); }

  static std::vector<FakeHostKey>* keys_;
};
std::vector<FakeHostKey>* SshSurveys::keys_ = nullptr;

TEST_F(SshSurveys, LearnOneProvenKeyInOneConnection) {
  const PortObservation seen = See({{}});
  EXPECT_EQ(seen.outcome, Outcome::kOk) << seen.detail;
  EXPECT_EQ(seen.stage, Stage::kDone);
  EXPECT_EQ(seen.connections, 1u);
  ASSERT_TRUE(seen.ssh);
  ASSERT_EQ(seen.ssh->keys.size(), 1u);
  EXPECT_EQ(seen.ssh->keys[0].blob, ed25519().blob);
  EXPECT_EQ(seen.ssh->keys[0].algorithm, "ssh-ed25519");
  EXPECT_EQ(seen.ssh->keys[0].proof, Proof::kVerified);
}

TEST_F(SshSurveys, LearnEveryFurtherKeyInAConnectionOfItsOwn) {
  FakeSshBehaviour host;
  host.host_key_algorithms = "rsa-sha2-256,ssh-ed25519";
  const PortObservation seen = See({host});
  EXPECT_EQ(seen.outcome, Outcome::kOk) << seen.detail;
  EXPECT_EQ(seen.connections, 2u);
  ASSERT_EQ(seen.ssh->keys.size(), 2u);
  EXPECT_EQ(seen.ssh->keys[1].blob, rsa().blob);
  EXPECT_EQ(seen.ssh->keys[1].proof, Proof::kVerified);
}

TEST_F(SshSurveys, TellWhatTheFirstConnectionAgreedOnAndTheServersFingerprints) {
  FakeSshBehaviour host;
  host.kex_algorithms = "x-unknown,curve25519-sha256,kex-strict-s-v00@openssh.com";
  host.host_key_algorithms = "rsa-sha2-256,ssh-ed25519";
  const PortObservation seen = See({host});
  ASSERT_TRUE(seen.ssh && seen.ssh->agreed);
  EXPECT_EQ(*seen.ssh->agreed,
            (SshAgreed{"curve25519-sha256", "ssh-ed25519", "aes128-ctr", "aes128-ctr",
                       "hmac-sha2-256", "hmac-sha2-256", "none", "none"}));
  // md5sum of "<the list>;aes128-ctr;hmac-sha2-256;none".
  EXPECT_EQ(seen.ssh->hassh_server, "b2091140b5ae1d82168a4334f31cab28");
  EXPECT_EQ(seen.ssh->passive_ssh_hassh, "1d98231f3e027a2abf0d0f0a68eed8cf");
}

TEST_F(SshSurveys, TellWhatIsNotCommonByAnEmptyName) {
  FakeSshBehaviour host;
  host.kex_algorithms = "something-else";
  const PortObservation seen = See({host});
  EXPECT_EQ(seen.outcome, Outcome::kNoCommonAlgorithm);
  ASSERT_TRUE(seen.ssh && seen.ssh->agreed);
  EXPECT_EQ(seen.ssh->agreed->kex, "");
  EXPECT_EQ(seen.ssh->agreed->host_key, "ssh-ed25519");
  EXPECT_EQ(seen.ssh->hassh_server.size(), 32u);
}

TEST_F(SshSurveys, AskForNothingMoreIfToldSo) {
  ProbeOptions options = TestOptions();
  options.all_ssh_keys = false;
  FakeSshBehaviour host;
  host.host_key_algorithms = "rsa-sha2-256,ssh-ed25519";
  EXPECT_EQ(See({host}, {}, options).connections, 1u);
}

TEST_F(SshSurveys, SeeTheSameHoweverTheNetworkCutsIt) {
  FakeSshBehaviour host;
  host.greeting = "first line\r\nSSH-2.0-Fake_1.0 comment\r\n";
  host.host_key_algorithms = "rsa-sha2-256,ssh-ed25519";
  host.guess_follows = true;
  host.kex_algorithms = "some-method,curve25519-sha256";
  host.before_reply = {std::string("\x02\0\0\0\0", 5), std::string("\x04\0\0\0\0\0\0\0\0\0", 10),
                       std::string("\x07\0\0\0\0", 5)};
  const std::string whole = Describe(See({host}, Cuts::Whole()));
  EXPECT_THAT(whole, HasSubstr("ok at done"));
  EXPECT_THAT(whole, HasSubstr("key rsa-sha2-256 verified"));
  for (const Cuts& cuts : AllCuts()) EXPECT_EQ(Describe(See({host}, cuts)), whole);
}

TEST_F(SshSurveys, TellAKeyThatIsOnlyShownFromOneThatIsHeld) {
  FakeSshBehaviour host;
  host.bad_signature = true;
  const PortObservation seen = See({host});
  EXPECT_EQ(seen.outcome, Outcome::kOk);
  EXPECT_EQ(seen.ssh->keys.at(0).proof, Proof::kBad);
  EXPECT_THAT(seen.detail, HasSubstr("does not verify"));
}

TEST_F(SshSurveys, KeepTheKeyOfAnUnacceptableExchange) {
  for (const std::string& value : {std::string(32, '\0'), std::string("short"),
                                   std::string(1, '\1') + std::string(31, '\0')}) {
    FakeSshBehaviour host;
    host.public_value = value;  // of small order, of no length
    const PortObservation seen = See({host});
    EXPECT_EQ(seen.outcome, Outcome::kProtocolError);
    EXPECT_EQ(seen.stage, Stage::kCertificate);
    ASSERT_EQ(seen.ssh->keys.size(), 1u);
    EXPECT_EQ(seen.ssh->keys[0].blob, ed25519().blob);
    EXPECT_EQ(seen.ssh->keys[0].proof, Proof::kUnverified);
  }
}

TEST_F(SshSurveys, KeepTheKeyOfAReplyThatIsCut) {
  FakeSshBehaviour host;
  host.change_reply = [](const std::string& payload) {
    return payload.substr(0, payload.size() - 1);
  };
  const PortObservation seen = See({host});
  EXPECT_EQ(seen.outcome, Outcome::kProtocolError);
  EXPECT_EQ(seen.ssh->keys.at(0).blob, ed25519().blob);
}

TEST_F(SshSurveys, DoNotReadAnEmptyOrGiantHostKey) {
  for (uint32_t size : {0u, static_cast<uint32_t>(kMaxSshKeyBlob + 1), 0xffffffffu}) {
    FakeSshBehaviour host;
    host.change_reply = [size](const std::string& payload) {
      ByteWriter out;
      out.U8(31);
      out.U32(size);
      out.Bytes(payload.substr(5));
      return out.Take();
    };
    const PortObservation seen = See({host});
    EXPECT_EQ(seen.outcome, Outcome::kProtocolError);
    EXPECT_TRUE(seen.ssh->keys.empty());
  }
}

TEST_F(SshSurveys, StayOkAndNameTheTypeThatFailed) {
  FakeSshBehaviour host;
  host.host_key_algorithms = "ssh-ed25519,ssh-dss,rsa-sha2-256";  // it has no DSA key after all
  const PortObservation seen = See({host});
  EXPECT_EQ(seen.outcome, Outcome::kOk);
  EXPECT_EQ(seen.connections, 3u);
  EXPECT_EQ(seen.ssh->keys.size(), 2u);
  EXPECT_THAT(seen.detail, HasSubstr("dsa: no-common-algorithm"));
}

// Says this much and hangs up.
class HangsUp final : public FakePeer {
 public:
  explicit HangsUp(std::string words = "") : words_(std::move(words)) {}
  std::string OnConnect() override { return words_; }
  std::string OnBytes(std::string_view /*bytes*/) override { return {}; }
  bool hangs_up() const override { return true; }

 private:
  std::string words_;
};

TEST_F(SshSurveys, TakeEveryWayToTurnUsAwayForBeingThrottled) {
  for (const char* words :
       {"", "Exceeded MaxStartups\r\n", "Not allowed at this time\r\n", "Not allowed at this time",
        "welcome\r\nto this host\r\nExceeded MaxStartups\r\n"}) {
    for (const Cuts& cuts : AllCuts()) {
      const auto survey = SurveyFactory(TestOptions()).Make(22);
      int dialled = 0;
      const PortObservation seen = Play(
          *survey,
          [&] {
            ++dialled;
            return std::make_unique<HangsUp>(words);
          },
          cuts);
      EXPECT_EQ(seen.outcome, Outcome::kThrottled) << words;
      EXPECT_EQ(seen.stage, Stage::kGreeting);
      EXPECT_EQ(dialled, 1);
    }
  }
}

TEST_F(SshSurveys, KeepAllTheyLearntWhenThrottledAndAskForNothingMore) {
  FakeSshBehaviour host;
  host.host_key_algorithms = "ssh-ed25519,ssh-dss,rsa-sha2-256";
  for (const char* words : {"", "Not allowed at this time\r\n", "some words\r\n"}) {
    const auto survey = SurveyFactory(TestOptions()).Make(22);
    int dialled = 0;
    const PortObservation seen = Play(*survey, [&]() -> std::unique_ptr<FakePeer> {
      if (dialled++ == 0) return std::make_unique<FakeSshServer>(*keys_, host);
      return std::make_unique<HangsUp>(words);
    });
    EXPECT_EQ(dialled, 2);
    EXPECT_EQ(seen.outcome, Outcome::kThrottled);
    EXPECT_EQ(seen.stage, Stage::kGreeting);
    EXPECT_EQ(seen.ssh->keys.size(), 1u);
    EXPECT_TRUE(seen.ssh->kex_init);
    EXPECT_THAT(seen.detail, HasSubstr("rsa: throttled at greeting"));
  }
}

TEST_F(SshSurveys, TakeARefusalAfterSpeakingSshForBeingThrottled) {
  FakeSshBehaviour host;
  host.host_key_algorithms = "ssh-ed25519,rsa-sha2-256";
  const auto survey = SurveyFactory(TestOptions()).Make(22);
  int dialled = 0;
  const PortObservation seen = Play(*survey, [&]() -> std::unique_ptr<FakePeer> {
    if (dialled++ > 0) return nullptr;
    return std::make_unique<FakeSshServer>(*keys_, host);
  });
  EXPECT_EQ(seen.outcome, Outcome::kThrottled);
  EXPECT_EQ(seen.stage, Stage::kConnect);
  EXPECT_EQ(seen.connections, 1u);
  EXPECT_EQ(seen.ssh->keys.size(), 1u);
  EXPECT_THAT(seen.detail, HasSubstr("rsa: throttled at connect, refused"));
}

TEST_F(SshSurveys, DoNotBlameTheHostForOurOwnFailures) {
  FakeSshBehaviour host;
  host.host_key_algorithms = "ssh-ed25519,rsa-sha2-256";
  const auto survey = SurveyFactory(TestOptions()).Make(22);
  const MonoTime now{std::chrono::hours(1)};
  Probe* first = survey->Next();
  FakeSshServer server(*keys_, host);
  first->OnConnected(now);
  first->OnBytes(server.OnConnect(), now);
  while (!first->done()) first->OnBytes(server.OnBytes(first->TakeOutput()), now);
  survey->OnProbeDone(now);
  ASSERT_NE(survey->Next(), nullptr);
  survey->OnConnectFailed(Outcome::kLocalError, now);
  EXPECT_EQ(survey->Next(), nullptr);
  const PortObservation seen = survey->Finish();
  EXPECT_EQ(seen.outcome, Outcome::kOk);
  EXPECT_THAT(seen.detail, HasSubstr("rsa: local-error at connect"));
}

TEST_F(SshSurveys, PauseBetweenConnectionsButNotBeforeTheFirst) {
  FakeSshBehaviour host;
  host.host_key_algorithms = "ssh-ed25519,rsa-sha2-256";
  std::set<Duration> pauses;
  ProbeOptions options = TestOptions();
  for (options.seed = 1; options.seed <= 20; ++options.seed) {
    const auto survey = SurveyFactory(options).Make(22);
    std::vector<Duration> before;
    Play(*survey, [&]() -> std::unique_ptr<FakePeer> {
      before.push_back(survey->PauseBeforeNext());
      return std::make_unique<FakeSshServer>(*keys_, host);
    });
    ASSERT_EQ(before.size(), 2u);
    EXPECT_EQ(before[0], Duration(0));
    EXPECT_GE(before[1], options.pause_min);
    EXPECT_LE(before[1], options.pause_max);
    pauses.insert(before[1]);
  }
  EXPECT_GT(pauses.size(), 10u) << "the pause must not be one a peer can recognise";
}

TEST_F(SshSurveys, LeaveWithADisconnectMessage) {
  const ProbeOptions options = TestOptions();
  SshProbe polite(options, "ssh-ed25519");
  FakeSshServer server(*keys_, {});
  const MonoTime now{std::chrono::hours(1)};
  polite.OnConnected(now);
  std::string to_hear = server.OnConnect();
  while (!polite.done()) {
    polite.OnBytes(to_hear, now);
    to_hear = server.OnBytes(polite.TakeOutput());
  }
  server.OnBytes(polite.TakeOutput());
  EXPECT_THAT(server.heard(), ElementsAre(20, 30, 1));
}

TEST(SshKeyFamilies, AreThoseTheServerListsKnownOnesFirst) {
  std::vector<std::string> names;
  for (const SshKeyFamily& family :
       OfferedSshKeyFamilies("x-new,rsa-sha2-512,ssh-rsa,rsa-sha2-256,ssh-ed25519,x-new,,ssh-dss-"
                             "cert-v01@openssh.com")) {
    names.push_back(family.name);
  }
  EXPECT_THAT(names, ElementsAre("ed25519", "rsa", "dsa-cert", "x-new"));
}

TEST(SshKeyFamilies, AreBoundedWhateverTheServerLists) {
  std::string list;
  for (int i = 0; i < 1000; ++i) list += "type" + std::to_string(i) + ",";
  EXPECT_EQ(OfferedSshKeyFamilies(list).size(), kMaxSshConnections);
}

TEST(NameLists, HoldWholeNamesOnly) {
  EXPECT_TRUE(NameListHas("a,bc,d", "bc"));
  EXPECT_FALSE(NameListHas("a,bcd,d", "bc"));
  EXPECT_FALSE(NameListHas("abc", "bc"));
  EXPECT_TRUE(NameListHas("abc,bc", "bc"));
  EXPECT_EQ(NegotiateSsh("x,y,z", "z,y"), "y");
  EXPECT_EQ(NegotiateSsh("x", "xx"), std::nullopt);
}

}  // namespace
}  // namespace hark
