#include "coordinator/rate_shares.h"

#include <gtest/gtest.h>

#include <cmath>
#include <deque>
#include <memory>

#include "base/random.h"
#include "base/strings.h"

namespace hark {
namespace {

using std::chrono::seconds;

constexpr MonoTime kStart{std::chrono::hours(1)};

class RateSharesTest : public testing::Test {
 protected:
  // Divides and tells everybody, who obeys at once, until nothing changes any more.
  void Settle(RateShares& shares) {
    for (int round = 0; round < 20; ++round) {
      const std::vector<std::string> changed = shares.Divide(now_);
      if (changed.empty()) return;
      for (const std::string& worker : changed) {
        shares.Told(worker, ++version_);
        shares.Obeyed(worker, version_);
      }
    }
    ADD_FAILURE() << "shares do not settle";
  }
  static double Pps(const RateShares& shares, const std::string& worker, uint32_t run = 1) {
    const auto& granted = shares.Granted(worker);
    const auto it = granted.find(run);
    return it == granted.end() ? 0 : it->second.pps;
  }

  MonoTime now_ = kStart;
  uint64_t version_ = 0;
};

TEST_F(RateSharesTest, AreEvenAndGrowOnlyAfterTheOthersObey) {
  RateShares shares(100, 1);
  shares.SetRun(1, {});
  shares.Join("a", {kUnlimited, {1}}, {});
  Settle(shares);
  EXPECT_EQ(Pps(shares, "a"), 100);
  shares.Join("b", {kUnlimited, {1}}, {});
  EXPECT_EQ(shares.Divide(now_), std::vector<std::string>{"a"});
  EXPECT_EQ(Pps(shares, "a"), 50);
  EXPECT_EQ(Pps(shares, "b"), 0);
  shares.Told("a", ++version_);
  EXPECT_FALSE(shares.Due(now_));
  shares.Obeyed("a", version_);
  EXPECT_TRUE(shares.Due(now_));
  EXPECT_EQ(shares.Divide(now_), std::vector<std::string>{"b"});
  EXPECT_EQ(Pps(shares, "b"), 50);
}

// One without orders hears of a new rate at its next heartbeat only; the other must not wait for an
// answer that nobody was asked for.
TEST_F(RateSharesTest, WhatWasGrantedAndTakenBackBeforeItWasToldIsFreeAtOnce) {
  RateShares shares(100, 2);
  shares.SetRun(1, {});
  shares.Join("a", {kUnlimited, {1}}, {});
  shares.Join("b", {kUnlimited, {1}}, {});
  Settle(shares);
  shares.SetTerms("b", {kUnlimited, {}});
  EXPECT_EQ(shares.Divide(now_), std::vector<std::string>{"b"});
  shares.Told("b", ++version_);
  shares.Obeyed("b", version_);
  EXPECT_EQ(shares.Divide(now_), std::vector<std::string>{"a"});
  EXPECT_EQ(Pps(shares, "a"), 100);
  EXPECT_FALSE(shares.Settled("a")) << "it is to be told";
  shares.SetTerms("b", {kUnlimited, {1}});
  EXPECT_EQ(shares.Divide(now_), std::vector<std::string>{"a"}) << "which had not heard of 100";
  EXPECT_TRUE(shares.Settled("a"));
  ASSERT_TRUE(shares.Due(now_));
  EXPECT_EQ(shares.Divide(now_), std::vector<std::string>{"b"});
  EXPECT_EQ(Pps(shares, "b"), 50);
  EXPECT_FALSE(shares.Due(now_));
}

TEST_F(RateSharesTest, AnAnswerToAnOlderTellingFreesNothingThatWasToldSince) {
  RateShares shares(100, 1);
  shares.SetRun(1, {});
  shares.SetRun(2, {.open = false});
  shares.Join("a", {kUnlimited, {1}}, {});
  Settle(shares);
  const uint64_t high = version_;
  shares.SetRun(1, {.pps = 30});
  shares.Divide(now_);
  shares.Told("a", high + 1);
  shares.SetRun(1, {.pps = 90});
  shares.Divide(now_);
  shares.Told("a", high + 2);
  shares.SetRun(1, {.pps = 30});
  shares.Divide(now_);
  shares.Told("a", high + 3);
  shares.Obeyed("a", high + 1);
  EXPECT_EQ(shares.Taken("a").at(1).pps, 90) << "90 is still on its way to it";
  shares.Obeyed("a", high + 9);
  EXPECT_EQ(shares.Taken("a").at(1).pps, 90) << "of a version nobody told it";
  shares.Obeyed("a", high + 3);
  EXPECT_EQ(shares.Taken("a").at(1).pps, 30);
}

TEST_F(RateSharesTest, OfTheVanishedStayTakenUntilTheirLeasesMustHaveEnded) {
  RateShares shares(100, 2);
  shares.SetRun(1, {});
  for (const char* worker : {"a", "b"}) shares.Join(worker, {kUnlimited, {1}}, {});
  Settle(shares);
  shares.Leave("a", now_ + seconds(60), now_);
  shares.Join("c", {kUnlimited, {1}}, {});
  Settle(shares);
  EXPECT_EQ(Pps(shares, "c"), 0);
  EXPECT_FALSE(shares.Due(now_ + seconds(59)));
  now_ += seconds(60);
  EXPECT_TRUE(shares.Due(now_));
  Settle(shares);
  EXPECT_EQ(Pps(shares, "c"), 50);
  shares.Leave("b", now_, now_);
  shares.Join("d", {kUnlimited, {1}}, {});
  Settle(shares);
  EXPECT_EQ(Pps(shares, "d"), 50) << "who said good-bye takes nothing";
}

TEST_F(RateSharesTest, OfBeforeARestartAreReservedUntilAllHaveSaidWhatTheyApply) {
  RateShares shares(100, 1);
  shares.SetRun(1, {});
  shares.Reserve({"a", "b"}, now_ + seconds(90));
  shares.Join("new", {kUnlimited, {1}}, {});
  Settle(shares);
  EXPECT_EQ(Pps(shares, "new"), 0);
  shares.Join("a", {kUnlimited, {1}}, {{1, {70, kUnlimited, kUnlimited}}});
  EXPECT_EQ(shares.reserved(), 100);
  Settle(shares);
  EXPECT_EQ(Pps(shares, "a"), 50) << "it goes on, at its part";
  EXPECT_EQ(Pps(shares, "new"), 0) << "b may have more than a left of the ceiling";
  now_ += seconds(90);
  Settle(shares);
  EXPECT_EQ(Pps(shares, "new"), 50) << "b's leases must have ended";
}

TEST_F(RateSharesTest, OfOneForWhomNothingWasKeptAreGivenOfWhatIsLeft) {
  RateShares shares(100, 1);
  shares.SetRun(1, {});
  shares.Reserve({"a"}, now_ + seconds(90));
  shares.Join("a", {kUnlimited, {1}}, {{1, {30, kUnlimited, kUnlimited}}});
  shares.Divide(now_);
  EXPECT_EQ(Pps(shares, "a"), 100) << "nobody else held a lease";
  shares.Told("a", ++version_);
  shares.Join("b", {kUnlimited, {1}}, {{1, {30, kUnlimited, kUnlimited}}}, /*lent=*/false);
  shares.Divide(now_);
  EXPECT_EQ(Pps(shares, "b"), 0) << "whatever it says";
  shares.Told("b", ++version_);
  shares.Obeyed("b", version_);
  Settle(shares);
  EXPECT_EQ(Pps(shares, "b"), 0) << "a has not answered";
  shares.Told("a", ++version_);
  shares.Obeyed("a", version_);
  Settle(shares);
  EXPECT_EQ(Pps(shares, "a"), 50);
  EXPECT_EQ(Pps(shares, "b"), 50);
}

TEST_F(RateSharesTest, AreReservedOfARunsOwnCeilingsToo) {
  RateShares shares(100, 1);
  shares.SetRun(1, {.pps = 10, .per_prefix = 4});
  shares.Reserve({"a", "b"}, now_ + seconds(90));
  shares.Join("a", {kUnlimited, {1}}, {{1, {2, 1, kUnlimited}}});
  Settle(shares);
  EXPECT_EQ(Pps(shares, "a"), 2);
  shares.Join("b", {kUnlimited, {1}}, {{1, {8, 3, kUnlimited}}});
  Settle(shares);
  EXPECT_EQ(Pps(shares, "a"), 5);
  EXPECT_EQ(Pps(shares, "b"), 5);
}

TEST_F(RateSharesTest, FollowTheWeightsOfRunsAndTheirOwnCeilings) {
  RateShares shares(100, 1);
  shares.SetRun(1, {.weight = 1});
  shares.SetRun(2, {.weight = 3});
  shares.Join("a", {kUnlimited, {1, 2}}, {});
  Settle(shares);
  EXPECT_DOUBLE_EQ(Pps(shares, "a", 1), 25);
  EXPECT_DOUBLE_EQ(Pps(shares, "a", 2), 75);
  shares.SetRun(2, {.weight = 3, .pps = 10});
  Settle(shares);
  EXPECT_DOUBLE_EQ(Pps(shares, "a", 1), 90) << "what one may not have the other gets";
  EXPECT_DOUBLE_EQ(Pps(shares, "a", 2), 10);
  shares.SetRun(1, {.open = false});
  Settle(shares);
  EXPECT_EQ(Pps(shares, "a", 1), 0);
  shares.DropRun(2);
  Settle(shares);
  EXPECT_TRUE(shares.Granted("a").empty());
}

TEST_F(RateSharesTest, OfARunNobodyMayWorkOnGoToTheOthers) {
  RateShares shares(100, 1);
  shares.SetRun(1, {});
  shares.SetRun(2, {});
  shares.Join("a", {kUnlimited, {1}}, {});
  Settle(shares);
  EXPECT_EQ(Pps(shares, "a"), 100);
}

TEST_F(RateSharesTest, OfAWorkerThatCanDoLessGoToTheOthers) {
  RateShares shares(100, 1);
  shares.SetRun(1, {});
  shares.SetRun(2, {});
  shares.Join("a", {10, {1, 2}}, {});
  shares.Join("b", {kUnlimited, {1, 2}}, {});
  shares.Join("c", {30, {2}}, {});
  Settle(shares);
  EXPECT_NEAR(Pps(shares, "a", 1) + Pps(shares, "a", 2), 10, 1e-6);
  double sum = 0;
  for (const char* worker : {"a", "b", "c"}) {
    sum += Pps(shares, worker, 1) + Pps(shares, worker, 2);
  }
  EXPECT_NEAR(sum, 100, 1e-3);
  EXPECT_LE(Pps(shares, "c", 2), 30);
}

TEST_F(RateSharesTest, CeilingsPerNetworkAreDividedAsTheRateIs) {
  RateShares shares(100, 1);
  shares.SetRun(1, {.per_prefix = 8, .per_as = 20});
  shares.Join("a", {25, {1}}, {});
  shares.Join("b", {kUnlimited, {1}}, {});
  Settle(shares);
  const RateShare a = shares.Granted("a").at(1), b = shares.Granted("b").at(1);
  EXPECT_NEAR(a.per_prefix, 2, 1e-6);
  EXPECT_NEAR(a.per_as, 5, 1e-6);
  EXPECT_NEAR(b.per_prefix, 6, 1e-6);
  EXPECT_NEAR(b.per_as, 15, 1e-6);
}

TEST_F(RateSharesTest, ACeilingPerNetworkThatComesLaterIsKeptBeforeAnybodyElseMaySend) {
  RateShares shares(100, 1);
  shares.SetRun(1, {});
  shares.Join("a", {kUnlimited, {1}}, {});
  Settle(shares);
  EXPECT_EQ(shares.Granted("a").at(1).per_prefix, kUnlimited);
  shares.SetRun(1, {.per_prefix = 8});
  shares.Join("b", {kUnlimited, {1}}, {});
  shares.Divide(now_);
  EXPECT_EQ(shares.Granted("a").at(1).per_prefix, 4);
  shares.Told("a", 100);
  shares.Divide(now_);
  EXPECT_TRUE(shares.Granted("b").empty()) << "a still knows of no ceiling";
  shares.Obeyed("a", 100);
  shares.Divide(now_);
  EXPECT_EQ(shares.Granted("b").at(1).per_prefix, 4);
}

TEST_F(RateSharesTest, WhatIsExpectedOfWorkersToComeIsLeftForThem) {
  RateShares shares(100, 4);
  shares.SetRun(1, {});
  shares.Join("a", {kUnlimited, {1}}, {});
  Settle(shares);
  EXPECT_EQ(Pps(shares, "a"), 25);
}

TEST_F(RateSharesTest, AThousandJoinInTwoRoundsOfMessages) {
  RateShares shares(1000, 1);
  shares.SetRun(1, {});
  for (int i = 0; i < 500; ++i) shares.Join(StrCat("old", i), {kUnlimited, {1}}, {});
  Settle(shares);
  for (int i = 0; i < 500; ++i) shares.Join(StrCat("new", i), {kUnlimited, {1}}, {});
  const auto lowered = shares.Divide(now_);
  EXPECT_EQ(lowered.size(), 500U);
  for (const std::string& worker : lowered) {
    shares.Told(worker, 7'000'000);
    shares.Obeyed(worker, 7'000'000);
  }
  EXPECT_EQ(shares.Divide(now_).size(), 500U);
  EXPECT_NEAR(Pps(shares, "new7"), 1, 1e-6);
}

// Workers and their connections as they are, however messages and deaths interleave: what all of
// them really obey never exceeds a ceiling.
class World {
 public:
  explicit World(uint64_t seed) : random_(seed) {
    for (int i = 0; i < 5; ++i) workers_[StrCat("w", i)];
    Restart();
  }

  void Step() {
    now_ += seconds(random_.Below(3));
    for (auto& [key, worker] : workers_) {
      if (worker.quiet_at <= now_) worker.obeys.clear();
    }
    auto worker = workers_.begin();
    std::advance(worker, static_cast<long>(random_.Below(workers_.size())));
    Happen(worker->first, worker->second);
    if (random_.Below(40) == 0) ChangeRun();
    if (random_.Below(200) == 0) Restart();
    if (random_.Below(2) == 0) Divide();
    Check();
  }

  // Nothing happens any more; everybody comes, and everything arrives.
  void Calm() {
    now_ += kLease * 2;
    for (auto& [key, worker] : workers_) {
      worker.quiet_at = kNever;
      if (!worker.connected) Connect(key, worker);
    }
    for (int i = 0; i < 30; ++i) {
      Divide();
      for (auto& [key, worker] : workers_) {
        while (!worker.to_it.empty()) Hear(worker);
        while (!worker.from_it.empty()) Answer(key, worker);
      }
      Check();
    }
    double sum = 0, possible = 0;
    for (const auto& [key, worker] : workers_) {
      for (const auto& [run, share] : worker.obeys) sum += share.pps;
    }
    for (const auto& [id, run] : runs_) possible += run.open ? run.pps : 0;
    EXPECT_NEAR(sum, std::min(possible, kCeiling), 1e-3 * kCeiling) << "the ceiling is used up";
  }

 private:
  struct Sent {
    uint64_t version;
    RateShares::Shares shares;
  };
  struct Worker {
    bool connected = false;
    RateShares::Shares obeys;
    std::deque<Sent> to_it;
    std::deque<uint64_t> from_it;
    MonoTime quiet_at = kNever;  // nobody renews its leases
  };
  static constexpr double kCeiling = 100;
  static constexpr Duration kLease = seconds(60);

  void Restart() {
    shares_ = std::make_unique<RateShares>(kCeiling, 1);
    for (const auto& [id, run] : runs_) shares_->SetRun(id, run);
    std::set<std::string> holders;
    for (auto& [key, worker] : workers_) {
      if (!worker.obeys.empty()) holders.insert(key);
      if (worker.connected) Lose(worker);
    }
    shares_->Reserve(holders, now_ + kLease);
  }
  void Lose(Worker& worker) {
    worker.connected = false;
    worker.to_it.clear();
    worker.from_it.clear();
    worker.quiet_at = now_ + kLease * 4 / 5;
  }
  void Connect(const std::string& key, Worker& worker) {
    worker.connected = true;
    worker.quiet_at = kNever;
    shares_->Join(key, {kUnlimited, {1, 2}}, worker.obeys);
    if (random_.Below(2) == 0) Divide();
    Tell(key);
  }
  void Tell(const std::string& key) {
    shares_->Told(key, ++version_);
    workers_.at(key).to_it.push_back({version_, shares_->Granted(key)});
  }
  void Hear(Worker& worker) {
    worker.obeys = worker.to_it.front().shares;
    worker.from_it.push_back(worker.to_it.front().version);
    worker.to_it.pop_front();
  }
  void Answer(const std::string& key, Worker& worker) {
    shares_->Obeyed(key, worker.from_it.front());
    worker.from_it.pop_front();
  }
  void Happen(const std::string& key, Worker& worker) {
    if (!worker.connected) {
      if (random_.Below(3) == 0) Connect(key, worker);
      return;
    }
    const uint64_t dice = random_.Below(20);
    if (dice == 0) {
      Lose(worker);
      shares_->Leave(key, now_ + kLease, now_);
    } else if (dice == 1) {  // it stops by itself and says so
      worker.obeys.clear();
      Lose(worker);
      shares_->Leave(key, now_, now_);
    } else if (dice < 11 && !worker.to_it.empty()) {
      Hear(worker);
    } else if (!worker.from_it.empty()) {
      Answer(key, worker);
    }
  }
  // Ceilings rise and windows open and close; a ceiling that falls is above until all have heard.
  void ChangeRun() {
    RateShares::Run& run = runs_[1 + random_.Below(2)];
    run.open = random_.Below(3) != 0;
    run.weight = 1 + static_cast<double>(random_.Below(4));
    shares_->SetRun(run.pps > 50 ? 1 : 2, run);
  }
  void Divide() {
    if (!shares_->Due(now_)) return;
    for (const std::string& key : shares_->Divide(now_)) Tell(key);
  }
  void Check() {
    double all = 0;
    std::map<uint32_t, RateShare> of_run;
    for (const auto& [key, worker] : workers_) {
      for (const auto& [run, share] : worker.obeys) {
        all += share.pps;
        of_run[run].pps += share.pps;
        of_run[run].per_prefix += share.per_prefix;
        ASSERT_GT(share.per_prefix, 0) << "0 would be no ceiling";
      }
    }
    ASSERT_LE(all, kCeiling * (1 + 1e-9));
    for (const auto& [id, share] : of_run) {
      ASSERT_LE(share.pps, runs_.at(id).pps * (1 + 1e-9)) << id;
      ASSERT_LE(share.per_prefix, runs_.at(id).per_prefix * (1 + 1e-9)) << id;
    }
  }

  Random random_;
  MonoTime now_ = kStart;
  std::map<uint32_t, RateShares::Run> runs_{{1, {.pps = 80, .per_prefix = 6}},
                                            {2, {.pps = 40, .per_prefix = 3}}};
  std::unique_ptr<RateShares> shares_;
  std::map<std::string, Worker> workers_;
  uint64_t version_ = 0;
};

TEST_F(RateSharesTest, NeverSumToMoreThanACeilingWhateverInterleaves) {
  for (uint64_t seed = 1; seed <= 300; ++seed) {
    World world(seed);
    for (int step = 0; step < 600; ++step) {
      world.Step();
      ASSERT_FALSE(HasFailure()) << "seed " << seed << ", step " << step;
    }
    world.Calm();
    ASSERT_FALSE(HasFailure()) << "seed " << seed << " in the end";
  }
}

}  // namespace
}  // namespace hark
