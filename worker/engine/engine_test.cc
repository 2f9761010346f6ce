#include "worker/engine/engine.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>

#include "worker/engine/engine_test_util.h"

namespace hark {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::ElementsAre;

const Address kHome = Address::V4(0x7f000001);
// How long a test waits for the kernel before it gives up; none waits so long when it passes.
constexpr Duration kPatience = seconds(20);

class EngineTest : public ::testing::Test {
 protected:
  EngineTest() { Make({.max_in_flight = 64, .probes_per_second = 1e6}); }

  void Make(EngineOptions options) {
    options.goodbye_wait = goodbye_wait_;  // the servers of these tests rarely hang up
    engine_ = *Engine::Create(options, clock_);
    policy_ = std::make_shared<ContactPolicy>();
    policy_->make_survey = [this](uint16_t port, const Address&) {
      return std::make_unique<ScriptedSurvey>(port, script_, &heard_);
    };
  }

  void KnockAt(const Address& address, uint16_t port) {
    engine_->Knock(policy_, address, port, [this](KnockResult r) { knocks_.push_back(r); });
  }
  void VisitPorts(std::vector<uint16_t> ports) { VisitAt(kHome, std::move(ports)); }
  void VisitAt(const Address& address, std::vector<uint16_t> ports) {
    engine_->Visit(policy_, address, std::move(ports),
                   [this](VisitResult r) { visits_.push_back(std::move(r)); });
  }
  template <typename Condition>
  void RunUntil(
      Condition condition, const std::function<void()>& serve = [] {}) {
    const MonoTime give_up = clock_.Now() + kPatience;
    while (!condition()) {
      ASSERT_LT(clock_.Now(), give_up);
      engine_->RunOnce(milliseconds(5));
      serve();
    }
  }

  SystemClock clock_;
  Duration goodbye_wait_ = milliseconds(10);
  std::unique_ptr<Engine> engine_;
  PolicyPtr policy_;
  SurveyScript script_;
  std::vector<std::string> heard_;
  std::vector<KnockResult> knocks_;
  std::vector<VisitResult> visits_;
};

TEST_F(EngineTest, AKnockFindsAListenerAndHangsUpAtOnce) {
  LoopbackServer server;
  KnockAt(kHome, server.port());
  EXPECT_TRUE(knocks_.empty());  // never from inside Knock
  RunUntil([&] { return knocks_.size() == 1; });
  EXPECT_EQ(knocks_[0], KnockResult::kAnswered);
  const UniqueFd peer = server.Accept();
  ASSERT_TRUE(peer.valid());
  char byte;
  EXPECT_EQ(recv(peer.get(), &byte, 1, 0), 0);  // an orderly end, no reset
  EXPECT_EQ(engine_->stats().in_flight, 0U);
}

TEST_F(EngineTest, AKnockTellsRefusedFromUnreachable) {
  KnockAt(kHome, LoopbackServer::ClosedPort());
  RunUntil([&] { return knocks_.size() == 1; });
  EXPECT_EQ(knocks_[0], KnockResult::kRefused);
  EXPECT_EQ(engine_->stats().outcomes[static_cast<size_t>(Outcome::kRefused)], 1U);
  EXPECT_EQ(ConnectFailure(EHOSTUNREACH).outcome, Outcome::kUnreachable);
  EXPECT_EQ(ConnectFailure(ETIMEDOUT).outcome, Outcome::kSilent);
}

TEST_F(EngineTest, OurOwnShortageIsNeverAVerdictOnThePeer) {
  for (int error : {EADDRNOTAVAIL, EMFILE, ENFILE, ENOBUFS, ENOMEM, EAGAIN}) {
    EXPECT_EQ(ConnectFailure(error).state, ConnectState::kNoRoom) << error;
    EXPECT_EQ(ConnectFailure(error).outcome, Outcome::kLocalError) << error;
  }
  // A source address that is not ours: bind fails with EADDRNOTAVAIL every time.
  Make({.probes_per_second = 1e6,
        .local_attempts = 3,
        .local_retry_wait = milliseconds(1),
        .source = {.v4 = Address::V4(0x08080808)}});
  LoopbackServer server;
  KnockAt(kHome, server.port());
  VisitPorts({server.port()});
  RunUntil([&] { return knocks_.size() == 1 && visits_.size() == 1; });
  EXPECT_EQ(knocks_[0], KnockResult::kLocalError);
  EXPECT_EQ(visits_[0].ports[0].outcome, Outcome::kLocalError);
  EXPECT_EQ(engine_->stats().probes_sent, 6U);
}

TEST_F(EngineTest, ASilentPeerIsGivenUpAtTheConnectTimeout) {
  LoopbackServer full(/*backlog=*/0);
  policy_->connect_timeout = milliseconds(50);
  // Linux holds backlog + 1 connections nobody accepts, then ignores SYNs.
  for (int i = 0; i < 4; ++i) KnockAt(kHome, full.port());
  RunUntil([&] { return knocks_.size() == 4; });
  EXPECT_THAT(knocks_, ::testing::Contains(KnockResult::kSilent));
  EXPECT_TRUE(engine_->idle());
}

TEST_F(EngineTest, TheFilterIsAskedDirectlyBeforeEveryConnect) {
  LoopbackServer server;
  int asked = 0;
  script_.patience = milliseconds(1);
  policy_->may_contact = [&](const Address&) { return ++asked == 1; };
  KnockAt(kHome, server.port());
  KnockAt(kHome, server.port());
  VisitPorts({server.port()});
  EXPECT_EQ(asked, 0);
  RunUntil([&] { return knocks_.size() == 2 && visits_.size() == 1; });
  // The visit goes first and has the one permission, for its only connection.
  EXPECT_THAT(knocks_, ElementsAre(KnockResult::kExcluded, KnockResult::kExcluded));
  EXPECT_EQ(asked, 3);
  EXPECT_EQ(engine_->stats().excluded, 2U);
}

TEST_F(EngineTest, AVisitTalksToAllPortsOneAfterTheOther) {
  LoopbackServer first;
  LoopbackServer second;
  const uint16_t closed = LoopbackServer::ClosedPort();
  script_.conversations = 2;
  VisitPorts({first.port(), closed, second.port()});
  std::vector<UniqueFd> peers;
  size_t most_open = 0;
  RunUntil([&] { return visits_.size() == 1; },
           [&] {
             most_open = std::max(most_open, engine_->stats().in_flight);
             for (LoopbackServer* server : {&first, &second}) {
               UniqueFd peer = server->Accept();
               if (peer.valid()) peers.push_back(std::move(peer));
             }
             for (const UniqueFd& peer : peers) {
               if (Hear(peer) == "hello\n") Say(peer, "ok\n");
             }
           });
  EXPECT_EQ(most_open, 1U);
  EXPECT_EQ(first.accepted(), 2);
  EXPECT_EQ(second.accepted(), 2);
  ASSERT_EQ(visits_[0].ports.size(), 3U);
  EXPECT_EQ(visits_[0].end, VisitResult::End::kVisited);
  EXPECT_EQ(visits_[0].ports[0].connections, 2U);
  EXPECT_EQ(visits_[0].ports[1].outcome, Outcome::kRefused);
  EXPECT_EQ(visits_[0].ports[1].port, closed);
  EXPECT_EQ(visits_[0].ports[2].connections, 2U);
  EXPECT_GT(visits_[0].started_unix_ms, 0);
}

TEST_F(EngineTest, TheLastWordsAreSentBeforeTheSocketIsClosed) {
  LoopbackServer server;
  VisitPorts({server.port()});
  UniqueFd peer;
  std::string all;
  RunUntil([&] { return visits_.size() == 1; },
           [&] {
             if (!peer.valid()) peer = server.Accept();
             if (!peer.valid()) return;
             const std::string heard = Hear(peer);
             all += heard;
             if (heard == "hello\n") Say(peer, "ok\n");
           });
  all += Hear(peer);
  EXPECT_EQ(all, "hello\nbye\n");
  EXPECT_THAT(heard_, ElementsAre("connected", "ok\n"));
}

TEST_F(EngineTest, AnOrderlyEndAResetAndADeadlineAreToldApart) {
  LoopbackServer polite;
  LoopbackServer rude;
  LoopbackServer mute;
  script_.patience = milliseconds(60);
  VisitPorts({polite.port(), rude.port(), mute.port()});
  std::vector<UniqueFd> kept;
  RunUntil([&] { return visits_.size() == 1; },
           [&] {
             UniqueFd peer = polite.Accept();
             while (peer.valid() && Hear(peer).empty()) engine_->RunOnce(milliseconds(1));
             peer.Reset();
             peer = rude.Accept();
             if (peer.valid()) Slam(std::move(peer));
             peer = mute.Accept();
             if (peer.valid()) kept.push_back(std::move(peer));
           });
  EXPECT_THAT(heard_,
              ElementsAre("connected", "eof", "connected", "reset", "connected", "deadline"));
}

TEST_F(EngineTest, WhatCameWhileTheProcessStoodStillIsHeardBeforeDeadlinesRing) {
  ManualClock clock;
  clock.Advance(seconds(1));
  engine_ = *Engine::Create({.max_in_flight = 64, .probes_per_second = 1e6}, clock);
  LoopbackServer server;
  VisitPorts({server.port()});
  UniqueFd peer;
  RunUntil([&] { return peer.valid() && Hear(peer) == "hello\n"; },
           [&] {
             if (!peer.valid()) peer = server.Accept();
             clock.Advance(milliseconds(1));
           });
  Say(peer, "ok\n");
  clock.Advance(script_.patience + seconds(60));  // a SIGSTOP, a machine that was suspended
  engine_->RunOnce(Duration(0));
  EXPECT_THAT(heard_, ElementsAre("connected", "ok\n"));
}

TEST_F(EngineTest, APausedHostHoldsNoSocket) {
  LoopbackServer server;
  script_.conversations = 2;
  script_.pause = milliseconds(80);
  VisitPorts({server.port()});
  MonoTime hung_up;
  MonoTime came_back;
  std::vector<UniqueFd> peers;
  RunUntil([&] { return visits_.size() == 1; },
           [&] {
             UniqueFd peer = server.Accept();
             if (peer.valid()) {
               if (server.accepted() == 2) came_back = clock_.Now();
               Say(peer, "ok\n");
               peers.push_back(std::move(peer));
             }
             const EngineStats stats = engine_->stats();
             if (hung_up == MonoTime() && server.accepted() == 1 && stats.in_flight == 0) {
               EXPECT_EQ(stats.visits, 1U);
               hung_up = clock_.Now();
             }
           });
  EXPECT_NE(hung_up, MonoTime());
  EXPECT_GE(came_back - hung_up, milliseconds(60));
  EXPECT_EQ(visits_[0].ports[0].connections, 2U);
}

TEST_F(EngineTest, AHostThatTakesTooLongKeepsWhatItGaveAndEndsInTime) {
  LoopbackServer server;
  policy_->host_time_limit = milliseconds(80);
  script_.patience = seconds(60);
  VisitPorts({server.port(), 1});
  UniqueFd peer;
  RunUntil([&] { return visits_.size() == 1; },
           [&] {
             if (!peer.valid()) peer = server.Accept();
           });
  ASSERT_EQ(visits_[0].ports.size(), 2U);
  EXPECT_EQ(visits_[0].ports[0].outcome, Outcome::kTooSlow);
  EXPECT_EQ(visits_[0].ports[0].connections, 1U);
  EXPECT_EQ(visits_[0].ports[1].outcome, Outcome::kTooSlow);
  EXPECT_EQ(visits_[0].ports[1].port, 1);
  EXPECT_TRUE(engine_->idle());
}

TEST_F(EngineTest, NoWindowSeesMoreConnectionsThanTheRateAllows) {
  Make({.max_in_flight = 64, .probes_per_second = 0});
  const uint16_t closed = LoopbackServer::ClosedPort();
  std::vector<MonoTime> sent;
  for (int i = 0; i < 400; ++i) {
    engine_->Knock(policy_, kHome, closed, [&](KnockResult) { sent.push_back(clock_.Now()); });
  }
  engine_->RunOnce(Duration(0));
  EXPECT_TRUE(sent.empty());  // rate 0 sends nothing
  engine_->SetRate(2000);
  const MonoTime start = clock_.Now();
  RunUntil([&] { return sent.size() == 400; });
  EXPECT_GE(clock_.Now() - start, milliseconds(185));
  // rate * w + burst over any window; 2 ms of slack for the clock being read after the connect.
  for (size_t i = 0; i + 60 < sent.size(); ++i) {
    EXPECT_GE(sent[i + 60] - sent[i], milliseconds(18)) << i;
  }
}

TEST_F(EngineTest, BelowTheRateTheLoopSleeps) {
  Make({.max_in_flight = 64, .probes_per_second = 50});
  const uint16_t closed = LoopbackServer::ClosedPort();
  for (int i = 0; i < 5; ++i) KnockAt(kHome, closed);
  int turns = 0;
  while (knocks_.size() < 5) {
    engine_->RunOnce(milliseconds(100));
    ASSERT_LT(++turns, 60);
  }
}

TEST_F(EngineTest, NeverMoreSocketsThanSlots) {
  LoopbackServer full(/*backlog=*/0);
  Make({.max_in_flight = 3, .probes_per_second = 1e6});
  policy_->connect_timeout = milliseconds(30);
  for (int i = 0; i < 12; ++i) KnockAt(kHome, full.port());
  size_t most = 0;
  RunUntil([&] { return knocks_.size() == 12; },
           [&] { most = std::max(most, engine_->stats().in_flight); });
  EXPECT_LE(most, 3U);
}

TEST_F(EngineTest, WithdrawnPermissionGivesBackWhatWasNotSent) {
  Make({.max_in_flight = 64, .probes_per_second = 0});
  LoopbackServer server;
  for (int i = 0; i < 3; ++i) KnockAt(kHome, server.port());
  VisitPorts({server.port()});
  engine_->SetPermission(policy_, Permission::kFinishStarted);
  EXPECT_THAT(knocks_,
              ElementsAre(KnockResult::kNotSent, KnockResult::kNotSent, KnockResult::kNotSent));
  ASSERT_EQ(visits_.size(), 1U);
  EXPECT_EQ(visits_[0].end, VisitResult::End::kNotSent);
  EXPECT_TRUE(engine_->idle());
  EXPECT_EQ(engine_->stats().probes_sent, 0U);
}

TEST_F(EngineTest, AStartedVisitIsFinishedOrStoppedAsThePermissionSays) {
  for (Permission permission : {Permission::kFinishStarted, Permission::kStop}) {
    Make({.max_in_flight = 64, .probes_per_second = 1e6});
    visits_.clear();
    LoopbackServer server;
    script_.conversations = 3;
    VisitPorts({server.port()});
    std::vector<UniqueFd> peers;
    RunUntil([&] { return visits_.size() == 1; },
             [&] {
               UniqueFd peer = server.Accept();
               if (!peer.valid()) return;
               engine_->SetPermission(policy_, permission);
               Say(peer, "ok\n");
               peers.push_back(std::move(peer));
             });
    const bool finish = permission == Permission::kFinishStarted;
    EXPECT_EQ(server.accepted(), finish ? 3 : 1);
    EXPECT_EQ(visits_[0].end, finish ? VisitResult::End::kVisited : VisitResult::End::kNotSent);
  }
}

TEST_F(EngineTest, AForeignDescriptorWakesTheLoop) {
  int pipe_fds[2];
  ASSERT_EQ(pipe2(pipe_fds, O_NONBLOCK | O_CLOEXEC), 0);
  const UniqueFd reader(pipe_fds[0]);
  const UniqueFd writer(pipe_fds[1]);
  int woken = 0;
  ASSERT_TRUE(engine_->Watch(reader.get(), [&] { ++woken; }).ok());
  ASSERT_EQ(write(writer.get(), "x", 1), 1);
  engine_->RunOnce(kPatience);
  EXPECT_EQ(woken, 1);
  engine_->Unwatch(reader.get());
  ASSERT_EQ(write(writer.get(), "x", 1), 1);
  engine_->RunOnce(Duration(0));
  EXPECT_EQ(woken, 1);
}

TEST_F(EngineTest, ManyHostsAreVisitedAtOnce) {
  std::deque<LoopbackServer> servers;
  for (uint32_t i = 0; i < 60; ++i) {
    servers.emplace_back(64, 0x7f000101 + i);
    VisitAt(Address::V4(0x7f000101 + i), {servers.back().port()});
  }
  std::vector<UniqueFd> peers;
  RunUntil([&] { return peers.size() == 60; },
           [&] {
             for (LoopbackServer& server : servers) {
               UniqueFd peer = server.Accept();
               if (peer.valid()) peers.push_back(std::move(peer));
             }
           });
  EXPECT_EQ(engine_->stats().in_flight, 60U);  // all at the same time
  for (const UniqueFd& peer : peers) Say(peer, "ok\n");
  RunUntil([&] { return visits_.size() == 60; });
  EXPECT_EQ(engine_->stats().hosts_visited, 60U);
  EXPECT_TRUE(engine_->idle());
}

TEST_F(EngineTest, ASecondVisitToAHostWaitsForTheFirst) {
  LoopbackServer server;
  for (int i = 0; i < 3; ++i) VisitPorts({server.port()});
  size_t most_open = 0;
  std::vector<UniqueFd> peers;
  RunUntil([&] { return visits_.size() == 3; },
           [&] {
             most_open = std::max(most_open, engine_->stats().in_flight);
             UniqueFd peer = server.Accept();
             if (!peer.valid()) return;
             Say(peer, "ok\n");
             peers.push_back(std::move(peer));
           });
  EXPECT_EQ(server.accepted(), 3);
  EXPECT_EQ(most_open, 1U);
  EXPECT_TRUE(engine_->idle());
}

TEST_F(EngineTest, AVisitThatWaitsForItsHostCanBeRecalledAndFreesNobody) {
  LoopbackServer server;
  VisitPorts({server.port()});
  const PolicyPtr other = std::make_shared<ContactPolicy>();
  bool told = false;
  engine_->Visit(other, kHome, {server.port()}, [&](VisitResult r) {
    told = true;
    EXPECT_EQ(r.end, VisitResult::End::kNotSent);
  });
  VisitPorts({server.port()});
  engine_->SetPermission(other, Permission::kStop);
  EXPECT_TRUE(told);
  std::vector<UniqueFd> peers;
  RunUntil([&] { return visits_.size() == 2; },
           [&] {
             UniqueFd peer = server.Accept();
             if (!peer.valid()) return;
             Say(peer, "ok\n");
             peers.push_back(std::move(peer));
           });
  EXPECT_EQ(server.accepted(), 2);
}

TEST_F(EngineTest, IPv6HostsAreKnockedAtAndVisited) {
  const Address home6 = *Address::Parse("::1");
  LoopbackServer server(home6, 64);
  KnockAt(home6, server.port());
  RunUntil([&] { return knocks_.size() == 1; });
  EXPECT_EQ(knocks_[0], KnockResult::kAnswered);
  EXPECT_TRUE(server.Accept().valid());
  VisitAt(home6, {server.port()});
  std::vector<UniqueFd> peers;
  RunUntil([&] { return visits_.size() == 1; },
           [&] {
             UniqueFd peer = server.Accept();
             if (!peer.valid()) return;
             Say(peer, "ok\n");
             peers.push_back(std::move(peer));
           });
  EXPECT_EQ(visits_[0].ports[0].outcome, Outcome::kOk);
  EXPECT_THAT(heard_, ElementsAre("connected", "ok\n"));
}

TEST_F(EngineTest, AfterTheGoodbyeThePeerClosesFirst) {
  goodbye_wait_ = kPatience;
  Make({.max_in_flight = 64, .probes_per_second = 1e6});
  LoopbackServer server;
  VisitPorts({server.port()});
  UniqueFd peer;
  RunUntil([&] { return visits_.size() == 1; },
           [&] {
             if (!peer.valid()) peer = server.Accept();
             if (!peer.valid()) return;
             const std::string heard = Hear(peer);
             if (heard == "hello\n") Say(peer, "ok\n");
             if (heard != "bye\n") return;
             EXPECT_EQ(engine_->stats().in_flight, 1U);  // it is still there
             Say(peer, "so long\n");                     // nobody answers, nobody resets
             EXPECT_EQ(shutdown(peer.get(), SHUT_WR), 0);
           });
  char byte;
  EXPECT_EQ(recv(peer.get(), &byte, 1, 0), 0);
  EXPECT_THAT(heard_, ElementsAre("connected", "ok\n", "afterword so long\n"));
}

TEST_F(EngineTest, APeerThatDoesNotHangUpIsLeftInTime) {
  LoopbackServer server;
  VisitPorts({server.port()});
  UniqueFd peer;
  RunUntil([&] { return visits_.size() == 1; },
           [&] {
             if (!peer.valid()) peer = server.Accept();
             if (!peer.valid()) return;
             if (Hear(peer) == "hello\n") Say(peer, "ok\n");
           });
  EXPECT_TRUE(engine_->idle());
}

TEST_F(EngineTest, WhoeverTalksOnAfterTheGoodbyeIsLeftBeforeItsTime) {
  goodbye_wait_ = kPatience * 2;
  Make({.max_in_flight = 64, .probes_per_second = 1e6});
  LoopbackServer server;
  VisitPorts({server.port()});
  UniqueFd peer;
  RunUntil([&] { return visits_.size() == 1; },
           [&] {
             if (!peer.valid()) peer = server.Accept();
             if (!peer.valid()) return;
             const std::string much = std::string(4096, 'x') + "\n";
             send(peer.get(), much.data(), much.size(), MSG_NOSIGNAL);
           });
  EXPECT_TRUE(engine_->idle());
}

}  // namespace
}  // namespace hark
