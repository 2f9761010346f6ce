#include "storage/timeline.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <set>

namespace hark {
namespace {

Fact Key(char c) {
  return {FactKind::kKey, std::string(kFactRefSize, c)};
}

Fact Outcome(char c) {
  return {FactKind::kOutcome, std::string(1, c) + '\0'};
}

Timeline Decoded(const std::string& bytes) {
  Result<Timeline> timeline = Timeline::Decode(bytes);
  EXPECT_TRUE(timeline.ok());
  return timeline.ok() ? std::move(timeline).value() : Timeline();
}

TEST(Timeline, AnIntervalEndsWhereTheFactWasMissed) {
  Timeline timeline;
  timeline.Add(300, {Key('a')});
  timeline.Add(100, {Key('a'), Key('b')});
  timeline.Add(200, {Key('b')});
  timeline.Add(400, {Key('a')});
  const std::vector<FactInterval> intervals = timeline.Intervals();
  ASSERT_EQ(intervals.size(), 3u);
  EXPECT_EQ(intervals[0].fact, Key('a'));
  EXPECT_EQ(intervals[0].first_unix_s, 100);
  EXPECT_EQ(intervals[0].last_unix_s, 100);
  EXPECT_EQ(intervals[1].first_unix_s, 300);
  EXPECT_EQ(intervals[1].last_unix_s, 400);
  EXPECT_EQ(intervals[1].sightings, 2u);
  EXPECT_EQ(intervals[2].fact, Key('b'));
  EXPECT_EQ(intervals[2].sightings, 2u);
}

TEST(Timeline, ASpanGoesFromTheFirstToTheLastSighting) {
  Timeline timeline;
  timeline.Add(400, {Key('a')});
  timeline.Add(100, {Key('a')});
  timeline.Add(200, {Key('b')});
  const auto span = timeline.Span(Key('a'));
  ASSERT_TRUE(span);
  EXPECT_EQ(span->first_unix_s, 100);
  EXPECT_EQ(span->last_unix_s, 400);
  EXPECT_EQ(span->sightings, 2u);
  EXPECT_FALSE(timeline.Span(Key('c')));
}

TEST(Timeline, ASecondThatIsThereGetsTheFactsAdded) {
  Timeline timeline;
  timeline.Add(100, {Key('a')});
  timeline.Add(100, {Key('b')});
  EXPECT_EQ(timeline.visit_count(), 1u);
  EXPECT_EQ(timeline.facts().size(), 2u);
}

TEST(Timeline, AReferenceOfAnotherSizeIsNone) {
  Timeline timeline;
  timeline.Add(100, {{FactKind::kBanner, "short"}, Key('a')});
  EXPECT_EQ(timeline.facts().size(), 1u);
  EXPECT_EQ(Decoded(timeline.Encode()), timeline);
}

TEST(Timeline, AnUnchangedVisitCostsAFewBytes) {
  Timeline timeline;
  timeline.Add(1'700'000'000, {Key('a'), Key('b'), Key('c'), Outcome('\0')});
  const size_t once = timeline.Encode().size();
  for (int i = 1; i <= 10; ++i) {
    timeline.Add(1'700'000'000 + i * 2'592'000, timeline.facts());
  }
  EXPECT_LE(timeline.Encode().size(), once + 10 * 4);
}

TEST(Timeline, AMonthlyVisitTakesThreeBytesAndAnySecondsComeBack) {
  Timeline monthly;
  monthly.Add(1'700'000'000, {});
  monthly.Add(1'700'000'000 + 30 * 86'400, {});
  const size_t before = monthly.Encode().size();
  for (int64_t i = 2; i < 12; ++i) {
    monthly.Add(1'700'000'000 + i * 30 * 86'400 + (i * 7919) % 86'400, {});
  }
  EXPECT_LE(monthly.Encode().size(), before + 10 * 3);
  EXPECT_EQ(Decoded(monthly.Encode()), monthly);
  Timeline extreme;
  for (const int64_t second : {INT64_MIN, int64_t{-1}, int64_t{0}, int64_t{5}, INT64_MAX}) {
    extreme.Add(second, {});
  }
  EXPECT_EQ(Decoded(extreme.Encode()), extreme);
}

TEST(Timeline, WhatWasDroppedIsGoneWithItsFacts) {
  Timeline timeline;
  timeline.Add(100, {Key('a')});
  timeline.Add(200, {Key('b')});
  EXPECT_EQ(timeline.DropBefore(200), 1u);
  EXPECT_FALSE(timeline.Has(Key('a')));
  EXPECT_TRUE(timeline.Has(Key('b')));
  EXPECT_EQ(timeline.DropBefore(1000), 1u);
  EXPECT_TRUE(timeline.empty());
  EXPECT_EQ(Decoded(timeline.Encode()), timeline);
}

class RandomTimelines : public ::testing::TestWithParam<uint32_t> {
 protected:
  using Content = std::map<int64_t, std::set<Fact>>;

  Content MakeContent() {
    Content content;
    const int visits = Below(12);
    for (int i = 0; i < visits; ++i) {
      std::set<Fact>& facts = content[Below(20) * 1000 - 3000];
      for (int n = Below(4); n > 0; --n) {
        facts.insert(Below(2) == 0 ? Key(static_cast<char>('a' + Below(5)))
                                   : Outcome(static_cast<char>(Below(3))));
      }
    }
    return content;
  }

  Timeline InAnyOrder(const Content& content) {
    std::vector<std::pair<int64_t, std::vector<Fact>>> visits;
    for (const auto& [when, facts] : content) {
      visits.emplace_back(when, std::vector<Fact>(facts.begin(), facts.end()));
      if (Below(4) == 0) visits.push_back(visits.back());
    }
    std::shuffle(visits.begin(), visits.end(), random_);
    Timeline timeline;
    for (const auto& [when, facts] : visits) timeline.Add(when, facts);
    return timeline;
  }

  static Content ContentOf(const Timeline& timeline) {
    Content content;
    for (const Timeline::Visit& visit : timeline.Visits()) {
      std::set<Fact>& facts = content[visit.unix_s];
      for (const uint32_t fact : visit.facts) facts.insert(timeline.facts()[fact]);
    }
    return content;
  }

  int Below(int end) { return static_cast<int>(random_() % static_cast<uint32_t>(end)); }

  std::mt19937 random_{GetParam()};
};

TEST_P(RandomTimelines, HoldWhatWasSeenWhateverTheOrder) {
  for (int round = 0; round < 200; ++round) {
    const Content content = MakeContent();
    const Timeline timeline = InAnyOrder(content);
    EXPECT_EQ(ContentOf(timeline), content);
    EXPECT_EQ(InAnyOrder(content).Encode(), timeline.Encode());
    EXPECT_EQ(Decoded(timeline.Encode()), timeline);
  }
}

TEST_P(RandomTimelines, MergeAsSetsDo) {
  for (int round = 0; round < 200; ++round) {
    const Content a = MakeContent(), b = MakeContent();
    Content both = a;
    for (const auto& [when, facts] : b) both[when].insert(facts.begin(), facts.end());
    Timeline merged = InAnyOrder(a);
    merged.Merge(InAnyOrder(b));
    EXPECT_EQ(ContentOf(merged), both);
    Timeline again = InAnyOrder(b);
    again.Merge(InAnyOrder(a));
    again.Merge(merged);
    EXPECT_EQ(again.Encode(), merged.Encode());
  }
}

TEST_P(RandomTimelines, CutIntervalsAsTheVisitsDo) {
  for (int round = 0; round < 200; ++round) {
    const Content content = MakeContent();
    uint64_t sightings = 0, seen = 0;
    for (const auto& [when, facts] : content) seen += facts.size();
    const Timeline timeline = InAnyOrder(content);
    for (const FactInterval& interval : timeline.Intervals()) {
      uint64_t inside = 0;
      for (const auto& [when, facts] : content) {
        if (when < interval.first_unix_s || when > interval.last_unix_s) continue;
        EXPECT_TRUE(facts.contains(interval.fact));
        ++inside;
      }
      EXPECT_EQ(inside, interval.sightings);
      sightings += inside;
    }
    EXPECT_EQ(sightings, seen);
  }
}

TEST_P(RandomTimelines, BytesThatAreNoneAreRefusedOrReadable) {
  for (int round = 0; round < 2000; ++round) {
    std::string bytes = InAnyOrder(MakeContent()).Encode();
    for (int n = 1 + Below(3); n > 0 && !bytes.empty(); --n) {
      const auto at = static_cast<size_t>(Below(static_cast<int>(bytes.size())));
      if (Below(3) == 0) {
        bytes.resize(at);
      } else {
        bytes[at] = static_cast<char>(random_());
      }
    }
    const Result<Timeline> timeline = Timeline::Decode(bytes);
    if (!timeline.ok()) continue;
    Timeline merged;
    merged.Add(5, {Key('z')});
    merged.Merge(*timeline);
    EXPECT_EQ(ContentOf(Decoded(merged.Encode())), ContentOf(merged));
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, RandomTimelines, ::testing::Range(1u, 6u));

}  // namespace
}  // namespace hark
