#include "worker/syn_sweep.h"

#include <gtest/gtest.h>
#include <zstd.h>

#include "base/random.h"
#include "worker/syn_fixture.h"

namespace hark {

void SynWorld::Add(const proto::Batch& batch, SweptRange* range) {
  std::string raw = batch.payload();
  if (batch.codec() == proto::Batch::ZSTD) {
    raw.assign(batch.raw_bytes(), '\0');
    HARK_CHECK(ZSTD_decompress(raw.data(), raw.size(), batch.payload().data(),
                               batch.payload().size()) == raw.size());
  }
  proto::BatchPayload payload;
  HARK_CHECK(payload.ParseFromString(raw));
  const proto::SweepResult& sweep = payload.sweep();
  HARK_CHECK(batch.from_index() == range->to);
  HARK_CHECK(!range->final);
  range->to = batch.to_index();
  range->final = batch.final();
  range->silent += sweep.silent();
  range->refused += sweep.refused();
  range->unreachable += sweep.unreachable();
  range->excluded += sweep.excluded();
  range->local_error += sweep.local_error();
  range->rechecked += sweep.rechecked();
  range->found_again += sweep.found_again();
  for (const proto::SweepHit& hit : sweep.hits()) {
    HARK_CHECK(range->hits.emplace(hit.index(), hit.address()).second);
  }
}

namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

bool Listens(uint32_t address) {
  return Mix64(address) % 10 == 0;
}

TEST(SynSweepTest, KnocksOnEveryTargetOnceAndTellsWhatCameBack) {
  SynWorld world;
  world.channel.on_syn = [&](const SynTarget& target) {
    EXPECT_EQ(target.port, 25);
    if (target.address % 7 == 1) {
      world.channel.Answer(target, milliseconds(50));
    } else if (target.address % 7 == 2) {
      world.channel.Answer(target, milliseconds(50), SynReply::Kind::kRefused);
    } else if (target.address % 7 == 3) {
      world.channel.Answer(target, milliseconds(50), SynReply::Kind::kUnreachable);
    }
  };
  const auto job = world.Begin(0, world.targets().size());
  SweptRange range;
  world.RunToTheEnd(*job, &range);
  EXPECT_EQ(range.to, world.targets().size());
  EXPECT_EQ(range.sum(), world.targets().size());
  const auto syns = world.channel.SynsByAddress();
  EXPECT_EQ(syns.size(), world.targets().size());
  EXPECT_EQ(world.channel.sent.size(), world.targets().size());
  uint64_t listeners = 0, refused = 0, unreachable = 0;
  for (const auto& [address, times] : syns) {
    listeners += address % 7 == 1 ? 1 : 0;
    refused += address % 7 == 2 ? 1 : 0;
    unreachable += address % 7 == 3 ? 1 : 0;
  }
  EXPECT_EQ(range.hits.size(), listeners);
  EXPECT_EQ(range.refused, refused);
  EXPECT_EQ(range.unreachable, unreachable);
  const Permutation order(world.targets().size(), 77);
  for (const auto& [index, bytes] : range.hits) {
    const uint32_t address = world.targets().At(order.At(index));
    EXPECT_EQ(bytes, Address::V4(address).bytes());
    EXPECT_EQ(address % 7, 1U);
  }
  EXPECT_EQ(world.desk.stats().answered, listeners);
  EXPECT_EQ(world.desk.stats().late, 0U);
}

TEST(SynSweepTest, DuplicatesCountOnceAndTheBetterAnswerIsKept) {
  SynWorld world;
  world.channel.on_syn = [&](const SynTarget& target) {
    world.channel.Answer(target, milliseconds(10), SynReply::Kind::kUnreachable);
    world.channel.Answer(target, milliseconds(30), SynReply::Kind::kAnswered);
    world.channel.Answer(target, milliseconds(40), SynReply::Kind::kAnswered);
    world.channel.Answer(target, milliseconds(50), SynReply::Kind::kRefused);
  };
  const auto job = world.Begin(0, 100);
  SweptRange range;
  world.RunToTheEnd(*job, &range);
  EXPECT_EQ(range.hits.size(), 100U);
  EXPECT_EQ(range.sum(), 100U);
}

TEST(SynSweepTest, RepeatsGoToTheSilentOnlyAndAreSpacedInTime) {
  SynWorld world;
  world.terms.probes = 3;
  std::map<uint32_t, int> times;
  // Every listener loses its first SYN.
  world.channel.on_syn = [&](const SynTarget& target) {
    if (++times[target.address] >= 2 && Listens(target.address)) {
      world.channel.Answer(target, milliseconds(20));
    }
  };
  const auto job = world.Begin(0, 5000);
  SweptRange range;
  world.RunToTheEnd(*job, &range);
  uint64_t listeners = 0;
  std::map<uint32_t, MonoTime> last;
  for (const auto& syn : world.channel.sent) {
    if (last.contains(syn.address)) {
      EXPECT_GE(syn.at - last[syn.address], world.terms.spacing);
    }
    last[syn.address] = syn.at;
  }
  for (const auto& [address, n] : times) {
    EXPECT_EQ(n, Listens(address) ? 2 : 3);
    listeners += Listens(address) ? 1 : 0;
  }
  EXPECT_EQ(range.hits.size(), listeners);
}

TEST(SynSweepTest, AReplyCountsUntilTheCooldownIsOverAndIsLateAfterwards) {
  SynWorld world;
  world.channel.on_syn = [&](const SynTarget& target) {
    world.channel.Answer(target, target.address % 2 == 0 ? milliseconds(3900) : milliseconds(6000));
  };
  const auto job = world.Begin(0, 1000);
  SweptRange range;
  world.RunToTheEnd(*job, &range);
  EXPECT_GT(range.hits.size(), 0U);
  for (const auto& [index, bytes] : range.hits) EXPECT_EQ(bytes.back() % 2, 0);
  EXPECT_EQ(range.hits.size() + range.silent, 1000U);
  world.Run(seconds(10));
  EXPECT_EQ(world.desk.stats().late, range.silent);
}

TEST(SynSweepTest, RepliesOfNobodyAreCountedAndChangeNothing) {
  SynWorld world;
  const auto job = world.Begin(0, 100);
  world.channel.Answer({0x7f000001, 25}, milliseconds(100));             // no target
  world.channel.Answer({world.targets().At(5), 26}, milliseconds(100));  // no such port
  const Permutation order(world.targets().size(), 77);
  world.channel.Answer({world.targets().At(order.At(4000)), 25}, milliseconds(100));  // not begun
  SweptRange range;
  world.RunToTheEnd(*job, &range);
  EXPECT_EQ(range.silent, 100U);
  EXPECT_EQ(world.desk.stats().late, 3U);
}

TEST(SynSweepTest, WhatFoundNoRoomIsSentAgainAndNothingTwice) {
  SynWorld world;
  world.channel.room = 3;
  const auto job = world.Begin(0, 1000);
  SweptRange range;
  world.RunToTheEnd(*job, &range);
  EXPECT_EQ(range.silent, 1000U);
  const auto syns = world.channel.SynsByAddress();
  EXPECT_EQ(syns.size(), 1000U);
  EXPECT_EQ(world.channel.sent.size(), 1000U);
}

TEST(SynSweepTest, NothingLeavesForExcludedAddressesAndTheyAreTold) {
  SynWorld world;
  world.exclusions = SynWorld::Excluding({{0x0a000100, 0x0a0001ff}, {0x0a001000, 0x0a001fff}});
  const auto job = world.Begin(0, world.targets().size());
  SweptRange range;
  world.RunToTheEnd(*job, &range);
  EXPECT_EQ(range.excluded, 256U + 4096U);
  EXPECT_EQ(range.sum(), world.targets().size());
  for (const auto& syn : world.channel.sent) EXPECT_FALSE(world.exclusions.ContainsV4(syn.address));
}

TEST(SynSweepTest, AnOptOutInTheMiddleHoldsForNewTargetsRepeatsAndAnswers) {
  SynWorld world(2000);
  world.terms.probes = 2;
  world.channel.room = 5;  // so that some wait for the way out
  world.channel.on_syn = [&](const SynTarget& target) {
    world.channel.Answer(target, milliseconds(3000));
  };
  const auto job = world.Begin(0, 8000);
  world.Run(milliseconds(1500));
  const auto filter =
      std::make_shared<const ExclusionFilter>(SynWorld::Excluding({{0x0a000000, 0x0a0007ff}}));
  world.opt_outs->Set(filter);
  world.desk.Barrier();
  const size_t before = world.channel.sent.size();
  ASSERT_GT(before, 500U);
  SweptRange range;
  world.RunToTheEnd(*job, &range);
  for (size_t i = before; i < world.channel.sent.size(); ++i) {
    EXPECT_FALSE(filter->ContainsV4(world.channel.sent[i].address));
  }
  for (const auto& [index, bytes] : range.hits) {
    EXPECT_FALSE(filter->Contains(*Address::FromBytes(bytes)));
  }
  EXPECT_EQ(range.sum(), 8000U);
  EXPECT_GT(range.excluded, 0U);
}

TEST(SynSweepTest, AHeldJobSendsNothingHearsOnAndGoesOnWhereItWas) {
  SynWorld world(1000);
  world.terms.probes = 2;
  world.channel.on_syn = [&](const SynTarget& target) {
    if (Listens(target.address)) world.channel.Answer(target, milliseconds(300));
  };
  const auto job = world.Begin(0, 3000);
  world.Run(seconds(1));
  job->policy()->permission = Permission::kStop;
  job->PermissionChanged();
  const size_t before = world.channel.sent.size();
  EXPECT_GT(before, 800U);
  world.Run(seconds(20));
  EXPECT_EQ(world.channel.sent.size(), before);
  job->policy()->permission = Permission::kGo;
  job->PermissionChanged();
  SweptRange range;
  world.RunToTheEnd(*job, &range);
  EXPECT_EQ(range.sum(), 3000U);
  for (const auto& [address, times] : world.channel.SynsByAddress()) {
    EXPECT_EQ(times, Listens(address) ? 1 : 2);
  }
}

TEST(SynSweepTest, ADrainBeginsNothingAndFinishesWhatIsBegun) {
  SynWorld world(1000);
  world.terms.probes = 2;
  const auto job = world.Begin(0, 100000 % world.targets().size());
  world.Run(milliseconds(700));
  job->policy()->permission = Permission::kFinishStarted;
  job->PermissionChanged();
  const auto begun = world.channel.SynsByAddress();
  EXPECT_TRUE(job->HasWork());
  EXPECT_EQ(job->open_targets(), begun.size());
  world.Run(seconds(10));
  SweptRange range;
  world.Collect(*job, &range, true);
  EXPECT_EQ(range.to, begun.size());
  EXPECT_FALSE(range.final);
  EXPECT_EQ(job->open_targets(), 0U);
  EXPECT_EQ(world.channel.sent.size(), 2 * begun.size());
}

TEST(SynSweepTest, ATrimKeepsWhatIsBegunAndTheLastBatchIsFinal) {
  SynWorld world(1000);
  const auto job = world.Begin(0, 10000);
  world.Run(milliseconds(500));
  const size_t begun = world.channel.sent.size();
  EXPECT_EQ(job->Trim(5000), 5000U);
  EXPECT_EQ(job->Trim(10), begun);
  EXPECT_FALSE(job->HasWork());
  SweptRange range;
  world.RunToTheEnd(*job, &range);
  EXPECT_EQ(range.to, begun);
  EXPECT_EQ(range.silent, begun);
}

TEST(SynSweepTest, TheCursorMovesOverClosedStretchesOnlySoThatACrashLosesNothing) {
  SynWorld world(20000);
  world.channel.on_syn = [&](const SynTarget& target) {
    if (Listens(target.address)) world.channel.Answer(target, milliseconds(1500));
  };
  SweptRange range;
  auto job = world.Begin(0, world.targets().size());
  // Killed again and again: the next one begins where the batches end.
  for (int life = 0; life < 5 && !range.final; ++life) {
    world.Run(milliseconds(4300 + 400 * life));
    world.Collect(*job, &range, true);
    if (range.final) break;
    job = nullptr;
    job = world.Begin(range.to, world.targets().size());
  }
  if (!range.final) world.RunToTheEnd(*job, &range);
  uint64_t listeners = 0;
  for (uint64_t i = 0; i < world.targets().size(); ++i) {
    listeners += Listens(world.targets().At(i)) ? 1 : 0;
  }
  EXPECT_EQ(range.hits.size(), listeners);
  EXPECT_EQ(range.sum(), world.targets().size());
}

TEST(SynSweepTest, ADroppedJobSendsNoMore) {
  SynWorld world(1000);
  auto first = world.Begin(0, 10000, 1);
  const auto second = world.Begin(10000, 16384, 2);
  world.Run(milliseconds(200));
  first = nullptr;
  const size_t before = world.channel.sent.size();
  world.Run(milliseconds(500));
  const Permutation order(world.targets().size(), 77);
  ASSERT_GT(world.channel.sent.size(), before);
  for (size_t i = before; i < world.channel.sent.size(); ++i) {
    const auto rank = world.targets().Rank(world.channel.sent[i].address);
    EXPECT_GE(order.IndexOf(*rank), 10000U);
  }
}

TEST(SynSweepTest, ASampleOfTheSilentIsAskedAgainAndTellsWhatWasLost) {
  SynWorld world;
  world.terms.recheck = 0.25;
  std::map<uint32_t, int> times;
  Random loss(5);
  // Half of all SYNs to listeners get lost.
  world.channel.on_syn = [&](const SynTarget& target) {
    ++times[target.address];
    if (Listens(target.address) && loss.Below(2) == 0) {
      world.channel.Answer(target, milliseconds(20));
    }
  };
  const auto job = world.Begin(0, world.targets().size());
  SweptRange range;
  world.RunToTheEnd(*job, &range);
  uint64_t again = 0;
  for (const auto& [address, n] : times) again += n == 2 ? 1 : 0;
  EXPECT_EQ(range.rechecked, again);
  const double silent_at_first =
      static_cast<double>(range.silent) + static_cast<double>(range.found_again);
  EXPECT_NEAR(static_cast<double>(again), silent_at_first / 4, silent_at_first / 50);
  // 1638 listeners, 819 lost, 205 of them in the sample, half of those lost again.
  EXPECT_NEAR(static_cast<double>(range.found_again), 102, 40);
  EXPECT_EQ(range.sum(), world.targets().size());
  EXPECT_EQ(world.desk.stats().found_again, range.found_again);
}

TEST(SynSweepTest, WhatIsAskedAgainHoldsUpTheLastIndicesOnly) {
  SynWorld world(4000);
  world.terms.recheck = 0.01;
  const auto job = world.Begin(0, 16000);
  SweptRange range;
  // Four seconds of sending, and as long a cooldown.
  world.Run(milliseconds(8100));
  world.Collect(*job, &range, true);
  EXPECT_EQ(range.to, 16000U - 160U);
  EXPECT_EQ(world.channel.sent.size(), 16000U);
  world.RunToTheEnd(*job, &range);
  EXPECT_EQ(range.rechecked, 160U);
  const Permutation order(world.targets().size(), 77);
  for (size_t i = 16000; i < world.channel.sent.size(); ++i) {
    const auto rank = world.targets().Rank(world.channel.sent[i].address);
    EXPECT_GE(order.IndexOf(*rank), 16000U - 160U);
  }
}

TEST(SynSweepTest, TheSampleOfATrimmedJobIsTheEndOfWhatItKeeps) {
  SynWorld world(1000);
  world.terms.recheck = 0.1;
  const auto job = world.Begin(0, 10000);
  world.Run(milliseconds(500));
  ASSERT_EQ(job->Trim(4000), 4000U);
  SweptRange range;
  world.RunToTheEnd(*job, &range);
  EXPECT_EQ(range.to, 4000U);
  EXPECT_EQ(range.rechecked, 400U);
}

TEST(SynSweepTest, OpenIsWhatWasSentInTheCooldownAndHalfASecond) {
  for (const double rate : {300.0, 20'000.0}) {
    SynWorld world(rate, RangeSet({{0x0a000000, 0x0a03ffff}}));
    world.terms.recheck = 0.01;
    const auto job = world.Begin(0, world.targets().size());
    SweptRange range;
    for (int i = 0; i < 600; ++i) {
      world.Run(milliseconds(20));  // as often as a worker looks
      world.Collect(*job, &range);
      const auto open = static_cast<double>(world.channel.sent.size() - range.to);
      EXPECT_LE(open, rate * 4.6 + 1);
    }
    EXPECT_GT(range.to, 0U);
  }
}

TEST(SynSweepTest, NobodyIsSilentWhoseAnswerHasNotBeenReadYet) {
  SynWorld world;
  world.channel.on_syn = [&](const SynTarget& target) {
    world.channel.Answer(target, milliseconds(100));
  };
  const auto job = world.Begin(0, 3000);
  SweptRange range;
  world.Run(milliseconds(50));
  world.channel.deaf = true;  // the machine was late, and there is more than one look can read
  world.channel.now += seconds(6);
  for (int turn = 0; turn < 100; ++turn) {
    world.desk.Turn(world.channel.now);
    world.channel.now += milliseconds(10);
    world.Collect(*job, &range, true);
  }
  EXPECT_EQ(range.to, 0U);
  world.channel.deaf = false;
  world.RunToTheEnd(*job, &range);
  EXPECT_EQ(range.hits.size(), 3000U);
}

TEST(SynSweepTest, AFloodThatDoesNotEndDoesNotKeepStretchesOpen) {
  SynWorld world;
  world.channel.deaf = true;
  const auto job = world.Begin(0, 3000);
  SweptRange range;
  world.RunToTheEnd(*job, &range, seconds(20));
  EXPECT_EQ(range.silent, 3000U);
}

// ---- rates

TEST(SynSweepTest, RechecksAreATenthAtAnyRate) {
  for (const double rate : {20.0, 400.0, 5'000.0}) {
    SynWorld world(rate);
    world.terms.recheck = 1;
    const auto targets = static_cast<uint64_t>(rate * 4);
    const auto job = world.Begin(0, targets);
    SweptRange range;
    world.RunToTheEnd(*job, &range);
    ASSERT_EQ(world.channel.sent.size(), 2 * targets);
    const Duration took = world.channel.sent.back().at - world.channel.sent[targets].at;
    EXPECT_NEAR(static_cast<double>(took.count()) * 1e-9, 40, 6);
  }
}

// The most that left in any window of that length.
size_t MostIn(const std::vector<FakeSynChannel::Leaving>& sent, Duration window) {
  size_t most = 0;
  for (size_t first = 0, last = 0; last < sent.size(); ++last) {
    while (sent[last].at - sent[first].at >= window) ++first;
    most = std::max(most, last - first + 1);
  }
  return most;
}

TEST(SynSweepTest, NoCeilingIsExceededInAnyHundredMilliseconds) {
  Random random(11);
  for (int round = 0; round < 20; ++round) {
    const double rate = 100 + static_cast<double>(random.Below(50'000));
    const double share = 100 + static_cast<double>(random.Below(50'000));
    const double per_prefix = 1 + static_cast<double>(random.Below(200));
    SynWorld world(rate);
    world.terms.probes = 1 + static_cast<int>(random.Below(3));
    world.terms.recheck = random.Below(2) == 0 ? 0 : 0.2;
    world.channel.room = random.Below(2) == 0 ? SIZE_MAX : 1 + random.Below(40);
    world.pacer->SetLimits({share, per_prefix, 0}, world.channel.now);
    const auto one = world.Begin(0, 9000, 1);
    const auto two = world.Begin(9000, 16384, 2);
    world.Run(seconds(4));
    const double least = std::min(rate, share);
    const auto bound = [](double ceiling) { return ceiling * 0.1 + std::max(1.0, ceiling * 0.01); };
    EXPECT_LE(static_cast<double>(MostIn(world.channel.sent, milliseconds(100))), bound(least) + 1);
    std::map<uint32_t, std::vector<FakeSynChannel::Leaving>> prefixes;
    for (const auto& syn : world.channel.sent) prefixes[syn.address >> 8].push_back(syn);
    for (const auto& [prefix, sent] : prefixes) {
      EXPECT_LE(static_cast<double>(MostIn(sent, milliseconds(100))), bound(per_prefix) + 1);
    }
  }
}

TEST(SynSweepTest, TheRateIsKeptWithoutSpinning) {
  SynWorld world(10'000, RangeSet({{0x0a000000, 0x0a03ffff}}));
  const auto job = world.Begin(0, world.targets().size());
  world.Run(seconds(10));
  EXPECT_NEAR(static_cast<double>(world.channel.sent.size()), 100'000, 2'000);
  // One turn for every 2 ms worth of tokens.
  EXPECT_LT(world.turns, 10'000U);
}

TEST(SynSweepTest, BandwidthIsACeilingOfItsOwn) {
  SynWorld world(1e6, RangeSet({{0x0a000000, 0x0a03ffff}}));
  world.budget->SetBandwidth(1e6);  // 1275 SYNs a second
  const auto job = world.Begin(0, world.targets().size());
  world.Run(seconds(10));
  const double each = 1e6 / 8 / kSynWireBytes;
  EXPECT_NEAR(static_cast<double>(world.channel.sent.size()), 10 * each, 0.2 * each);
  EXPECT_LE(static_cast<double>(MostIn(world.channel.sent, milliseconds(100))), each * 0.11 + 2);
}

TEST(SynSweepTest, VisitsThatWaitInLineHaveTheTokensFirst) {
  SynWorld world(1000);
  world.pacer->SetLimits({1000, 0, 0}, world.channel.now);
  const auto job = world.Begin(0, 10000);
  world.pacer->line.visits = 1000;
  world.Run(seconds(2));
  EXPECT_EQ(world.channel.sent.size(), 0U);
  EXPECT_LT(world.turns, 3000U);
  world.pacer->line.visits = 3;
  world.Run(seconds(2));
  EXPECT_GT(world.channel.sent.size(), 0U);
  // Three stay in the bucket for them at any time.
  EXPECT_EQ(world.budget->TakeTokens(100, 0, world.channel.now), 3U);
}

TEST(SynSweepTest, APlaceThatHadEnoughHoldsUpItsOwnTargetsOnly) {
  SynWorld world(5000);
  std::vector<AsSpan> spans{{0x0a000000, 0x0a000fff, 1}, {0x0a001000, 0x0a003fff, 2}};
  world.pacer->SetAsTable(std::make_shared<const AsTable>(*AsTable::Make(std::move(spans))));
  world.pacer->SetLimits({5000, 0, 1500}, world.channel.now);
  const auto job = world.Begin(0, world.targets().size());
  SweptRange range;
  world.RunToTheEnd(*job, &range);
  std::map<uint32_t, std::vector<FakeSynChannel::Leaving>> by_as;
  for (const auto& syn : world.channel.sent) by_as[syn.address >= 0x0a001000].push_back(syn);
  for (const auto& [as, sent] : by_as) EXPECT_LE(MostIn(sent, milliseconds(100)), 166U);
  EXPECT_EQ(range.silent, world.targets().size());
  EXPECT_EQ(world.channel.sent.size(), world.targets().size());
}

TEST(SynSweepTest, RunsOfOneWorkerEachHaveTheirShare) {
  SynWorld world(1e6);
  world.pacer->SetLimits({1000, 0, 0}, world.channel.now);
  const auto slow = world.Begin(0, 8000, 1);
  const PacerPtr first = world.pacer;
  world.pacer = std::make_shared<RunPacer>(world.channel.now);
  world.pacer->SetLimits({4000, 0, 0}, world.channel.now);
  const auto fast = world.Begin(8000, 16384, 2);
  world.Run(seconds(1));
  EXPECT_NEAR(static_cast<double>(world.channel.sent.size()), 5000, 100);
}

}  // namespace
}  // namespace hark
