#include "worker/engine/engine_pool.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>

#include <atomic>
#include <deque>
#include <map>
#include <mutex>
#include <set>
#include <thread>

#include "worker/engine/engine_test_util.h"

namespace hark {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr Duration kPatience = seconds(20);

Address Host(uint32_t i) {
  return Address::V4(0x7f000201 + i);
}

// Answers "ok" to whoever connects, in a thread of its own.
class ChattyHosts {
 public:
  explicit ChattyHosts(uint32_t count) {
    for (uint32_t i = 0; i < count; ++i) servers_.emplace_back(64, Host(i).v4());
    thread_ = std::thread([this] { Serve(); });
  }
  ~ChattyHosts() {
    stop_ = true;
    thread_.join();
  }
  uint16_t port(uint32_t i) const { return servers_[i].port(); }

 private:
  void Serve() {
    while (!stop_) {
      std::vector<pollfd> wanted;
      for (const LoopbackServer& server : servers_) wanted.push_back({server.fd(), POLLIN, 0});
      for (const auto& [fd, host] : open_) wanted.push_back({fd, POLLIN, 0});
      poll(wanted.data(), wanted.size(), 1);
      HangUp();
      for (size_t i = 0; i < servers_.size(); ++i) Welcome(i);
    }
  }
  void HangUp() {
    for (auto it = open_.begin(); it != open_.end();) {
      char buffer[256];
      const ssize_t n = recv(it->first, buffer, sizeof buffer, 0);
      if (n == 0 || (n < 0 && errno != EAGAIN)) {
        close(it->first);
        it = open_.erase(it);
      } else {
        ++it;
      }
    }
  }
  void Welcome(size_t i) {
    UniqueFd peer = servers_[i].Accept();
    if (!peer.valid()) return;
    Say(peer, "ok\n");
    open_.emplace(peer.Release(), i);
  }

  std::deque<LoopbackServer> servers_;
  std::map<int, size_t> open_;
  std::atomic<bool> stop_{false};
  std::thread thread_;
};

// How many conversations there are at once, over all threads.
struct Gauge {
  std::atomic<int> open{0};
  std::atomic<int> most{0};

  void Up() {
    const int now = ++open;
    for (int seen = most; now > seen && !most.compare_exchange_weak(seen, now);) {
    }
  }
};

// One conversation that counts from its connect to its first news.
class GaugedSurvey final : public PortSurvey, private Probe {
 public:
  explicit GaugedSurvey(Gauge& gauge) : gauge_(gauge) {}

  Probe* Next() override { return std::exchange(asked_, true) ? nullptr : this; }
  void OnConnectFailed(Outcome, MonoTime) override {}
  void OnProbeDone(MonoTime) override {}
  PortObservation Finish() override { return {}; }

 private:
  void OnConnected(MonoTime) override { gauge_.Up(); }
  void OnBytes(std::string_view, MonoTime) override { Over(); }
  void OnEof(MonoTime) override { Over(); }
  void OnReset(MonoTime) override { Over(); }
  void OnDeadline(MonoTime) override { Over(); }
  std::string TakeOutput() override { return {}; }
  MonoTime deadline() const override { return kNever; }
  bool done() const override { return done_; }
  void Over() {
    if (!std::exchange(done_, true)) --gauge_.open;
  }

  Gauge& gauge_;
  bool asked_ = false;
  bool done_ = false;
};

class EnginePoolTest : public ::testing::Test {
 protected:
  void Make(EngineOptions options, size_t threads) {
    options.goodbye_wait = {};
    pool_ = *EnginePool::Create(options, threads, clock_);
    policy_ = std::make_shared<ContactPolicy>();
    policy_->make_survey = [this](uint16_t port, const Address&) {
      const std::lock_guard lock(mutex_);
      makers_.insert(std::this_thread::get_id());
      return std::make_unique<ScriptedSurvey>(port, script_, &heard_[std::this_thread::get_id()]);
    };
  }
  void VisitAt(const Address& address, uint16_t port) {
    pool_->Visit(policy_, address, {port}, [this](VisitResult r) {
      EXPECT_EQ(std::this_thread::get_id(), home_);
      visits_.push_back(std::move(r));
    });
  }
  void KnockAt(const Address& address, uint16_t port) {
    pool_->Knock(policy_, address, port, [this](KnockResult r) {
      EXPECT_EQ(std::this_thread::get_id(), home_);
      knocks_.push_back(r);
      knocked_.push_back(clock_.Now());
    });
  }
  template <typename Condition>
  void RunUntil(Condition condition) {
    const MonoTime give_up = clock_.Now() + kPatience;
    while (!condition()) {
      ASSERT_LT(clock_.Now(), give_up);
      pool_->RunOnce(milliseconds(5));
    }
  }

  const std::thread::id home_ = std::this_thread::get_id();
  SystemClock clock_;
  SurveyScript script_;
  std::mutex mutex_;
  std::set<std::thread::id> makers_;                           // under mutex_
  std::map<std::thread::id, std::vector<std::string>> heard_;  // under mutex_; each its own value
  PolicyPtr policy_;
  std::vector<KnockResult> knocks_;
  std::vector<MonoTime> knocked_;
  std::vector<VisitResult> visits_;
  std::unique_ptr<EnginePool> pool_;  // first to go: its threads use the rest
};

TEST_F(EnginePoolTest, HostsAreVisitedInSeveralThreadsAndTheCallerIsToldInItsOwn) {
  ChattyHosts hosts(40);
  Make({.max_in_flight = 64, .probes_per_second = 1e6}, 3);
  for (uint32_t i = 0; i < 40; ++i) VisitAt(Host(i), hosts.port(i));
  RunUntil([&] { return visits_.size() == 40; });
  for (const VisitResult& visit : visits_) {
    EXPECT_EQ(visit.end, VisitResult::End::kVisited);
    ASSERT_EQ(visit.ports.size(), 1U);
    EXPECT_EQ(visit.ports[0].outcome, Outcome::kOk);
  }
  const EngineStats stats = pool_->stats();
  EXPECT_EQ(stats.hosts_visited, 40U);
  EXPECT_EQ(stats.visits, 0U);
  EXPECT_EQ(stats.in_flight, 0U);
  const std::lock_guard lock(mutex_);
  EXPECT_EQ(makers_.size(), 3U);
  EXPECT_EQ(makers_.count(home_), 0U);
}

TEST_F(EnginePoolTest, ThreadsShareOneRateOverAnyWindow) {
  Make({.max_in_flight = 64, .probes_per_second = 0}, 4);
  const uint16_t closed = LoopbackServer::ClosedPort();
  std::mutex sent_mutex;
  std::vector<MonoTime> sent;
  // Asked directly before each connect, in whichever thread.
  policy_->may_contact = [&](const Address&) {
    const std::lock_guard lock(sent_mutex);
    sent.push_back(clock_.Now());
    return true;
  };
  for (uint32_t i = 0; i < 400; ++i) KnockAt(Host(i), closed);
  pool_->SetRate(2000);
  const MonoTime start = clock_.Now();
  RunUntil([&] { return knocks_.size() == 400; });
  EXPECT_GE(clock_.Now() - start, milliseconds(185));
  std::sort(sent.begin(), sent.end());
  // rate * w + burst (20) over any window: 60 more take at least 20 ms. A thread may be stopped
  // between taking its token and the clock's being read, so windows are summed up over long ones.
  ASSERT_EQ(sent.size(), 400U);
  for (size_t i = 0; i + 200 < sent.size(); ++i) {
    EXPECT_GE(sent[i + 200] - sent[i], milliseconds(70)) << i;
  }
}

TEST_F(EnginePoolTest, ThreadsShareTheSlots) {
  ChattyHosts hosts(30);
  Gauge gauge;
  Make({.max_in_flight = 3, .probes_per_second = 1e6}, 4);
  policy_->make_survey = [&](uint16_t, const Address&) {
    return std::make_unique<GaugedSurvey>(gauge);
  };
  for (uint32_t i = 0; i < 30; ++i) VisitAt(Host(i), hosts.port(i));
  RunUntil([&] { return visits_.size() == 30; });
  EXPECT_LE(gauge.most, 3);
  EXPECT_GT(gauge.most, 0);
  EXPECT_EQ(pool_->max_in_flight(), 3U);
}

TEST_F(EnginePoolTest, WithdrawnPermissionGivesBackWhatWasNotSentBeforeItReturns) {
  Make({.max_in_flight = 64, .probes_per_second = 0}, 3);
  const uint16_t closed = LoopbackServer::ClosedPort();
  for (int round = 0; round < 50; ++round) {
    knocks_.clear();
    visits_.clear();
    pool_->SetPermission(policy_, Permission::kGo);
    for (uint32_t i = 0; i < 10; ++i) KnockAt(Host(i), closed);
    for (uint32_t i = 0; i < 10; ++i) VisitAt(Host(i), closed);
    // With and without a turn of the engines in between.
    if (round % 2 == 0) pool_->RunOnce(Duration(0));
    pool_->SetPermission(policy_, round % 3 == 0 ? Permission::kStop : Permission::kFinishStarted);
    ASSERT_EQ(knocks_.size(), 10U);
    ASSERT_EQ(visits_.size(), 10U);
    EXPECT_THAT(knocks_, ::testing::Each(KnockResult::kNotSent));
    for (const VisitResult& visit : visits_) EXPECT_EQ(visit.end, VisitResult::End::kNotSent);
  }
  EXPECT_EQ(pool_->stats().probes_sent, 0U);
}

TEST_F(EnginePoolTest, AfterAStopNothingConnectsAnyMore) {
  Make({.max_in_flight = 64, .probes_per_second = 1e5}, 2);
  const uint16_t closed = LoopbackServer::ClosedPort();
  std::atomic<int> contacts{0};
  policy_->may_contact = [&](const Address&) { return ++contacts > 0; };
  for (uint32_t i = 0; i < 2000; ++i) KnockAt(Host(i), closed);
  pool_->SetPermission(policy_, Permission::kStop);
  const int then = contacts;
  EXPECT_EQ(knocks_.size(), 2000U);
  pool_->RunOnce(milliseconds(20));
  EXPECT_EQ(contacts, then);
}

TEST_F(EnginePoolTest, RoomCountsWhatWasGivenButNotYetTaken) {
  Make({.max_in_flight = 2, .probes_per_second = 0}, 2);
  EXPECT_EQ(pool_->VisitRoom(), 8U);  // four hosts a slot
  const size_t knocks = pool_->KnockRoom();
  EXPECT_GT(knocks, 0U);
  for (uint32_t i = 0; i < 5; ++i) VisitAt(Host(i), 1);
  KnockAt(Host(0), 1);
  EXPECT_EQ(pool_->VisitRoom(), 3U);
  EXPECT_EQ(pool_->KnockRoom(), knocks - 1);
  pool_->SetPermission(policy_, Permission::kStop);
  EXPECT_EQ(pool_->VisitRoom(), 8U);
  EXPECT_EQ(pool_->KnockRoom(), knocks);
}

TEST_F(EnginePoolTest, APoolThatGoesAwayLeavesItsConversations) {
  LoopbackServer silent(64, Host(0).v4());
  Make({.max_in_flight = 8, .probes_per_second = 1e6}, 2);
  VisitAt(Host(0), silent.port());
  RunUntil([&] { return pool_->stats().in_flight == 1; });
  pool_.reset();
  EXPECT_TRUE(visits_.empty());
}

TEST_F(EnginePoolTest, OneThreadIsTheEngineItself) {
  auto loop = MakeEngineLoop({.max_in_flight = 8, .probes_per_second = 1e6}, 1, clock_);
  ASSERT_TRUE(loop.ok());
  EXPECT_NE(dynamic_cast<Engine*>(loop->get()), nullptr);
  auto pool = MakeEngineLoop({.max_in_flight = 8, .probes_per_second = 1e6}, 2, clock_);
  ASSERT_TRUE(pool.ok());
  EXPECT_NE(dynamic_cast<EnginePool*>(pool->get()), nullptr);
}

}  // namespace
}  // namespace hark
