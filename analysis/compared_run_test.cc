#include "analysis/compared_run.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "analysis/comparison_fixture.h"
#include "analysis/pair_counter.h"
#include "base/strings.h"

namespace hark {
namespace {

// Gives an error in the middle of its key index.
class BrokenReader final : public FakeRunReader {
 public:
  Status ForEachKeyUse(const std::function<Status(const KeyUse&)>& visit) const override {
    int n = 0;
    return FakeRunReader::ForEachKeyUse([&](const KeyUse& use) -> Status {
      if (broken && ++n > 5) return Corruption("the store holds an unreadable index key");
      return visit(use);
    });
  }

  bool broken = false;
};

TEST(MergeKeysTest, GivesEveryKeyOnceInOrderWithItsUsesInEachRun) {
  const auto one = RunNamed("one", ""), two = RunNamed("two", "");
  ShowKey(*one, {1, 2}, "both");
  ShowKey(*one, {1}, "both", 22);
  ShowKey(*two, {2, 7}, "both");
  ShowKey(*one, {3}, "first only");
  ShowKey(*two, {3}, "second only");
  const ComparedRun a = Compared(*one), b = Compared(*two);
  const ComparedRun* const runs[] = {&a, &b};
  std::map<KeyId, std::vector<std::vector<KeyPlace>>> seen;
  std::vector<KeyId> order;
  const Status merged =
      MergeKeys(runs, [&](const KeyId& key, std::span<const std::vector<KeyPlace>> by_run) {
        order.push_back(key);
        seen[key].assign(by_run.begin(), by_run.end());
        return Status::Ok();
      });
  ASSERT_TRUE(merged.ok()) << merged.message();
  EXPECT_EQ(order.size(), 3U);
  EXPECT_TRUE(std::is_sorted(order.begin(), order.end()));
  const auto& both = seen[KeyNamed("both")];
  EXPECT_EQ(both[0], (std::vector<KeyPlace>{{0, 22}, {0, 443}, {1, 443}}));
  EXPECT_EQ(both[1], (std::vector<KeyPlace>{{0, 443}, {2, 443}}));
  EXPECT_TRUE(seen[KeyNamed("first only")][1].empty());
  EXPECT_TRUE(seen[KeyNamed("second only")][0].empty());
}

TEST(MergeKeysTest, RunsOfManyBatchesComeWhole) {
  const auto one = RunNamed("one", ""), two = RunNamed("two", "");
  std::vector<uint32_t> hosts(9000);  // more than two batches of one key
  for (uint32_t i = 0; i < hosts.size(); ++i) hosts[i] = i;
  ShowKey(*one, hosts, "a");
  ShowKey(*two, {1, 2}, "a");
  for (uint32_t i = 0; i < 5000; ++i) ShowKey(*two, {i}, StrCat("own ", i), 25);
  const ComparedRun a = Compared(*one), b = Compared(*two);
  const ComparedRun* const runs[] = {&a, &b};
  size_t keys = 0, uses[2] = {0, 0};
  ASSERT_TRUE(MergeKeys(runs, [&](const KeyId&, std::span<const std::vector<KeyPlace>> by_run) {
                ++keys;
                for (int i = 0; i < 2; ++i) uses[i] += by_run[i].size();
                return Status::Ok();
              }).ok());
  EXPECT_EQ(keys, 5001U);
  EXPECT_EQ(uses[0], 9000U);
  EXPECT_EQ(uses[1], 5002U);
}

TEST(MergeKeysTest, EndsWithTheErrorOfTheVisitorWhileReadersHaveMuchLeft) {
  const auto one = RunNamed("one", "");
  for (uint32_t i = 0; i < 20000; ++i) ShowKey(*one, {i}, StrCat("own ", i));
  const ComparedRun a = Compared(*one);
  const ComparedRun* const runs[] = {&a};
  const Status merged = MergeKeys(runs, [](const KeyId&, std::span<const std::vector<KeyPlace>>) {
    return InvalidInput("enough");
  });
  EXPECT_EQ(merged.message(), "enough");
}

TEST(MergeKeysTest, EndsWithTheErrorOfAReaderAndNamesTheRun) {
  BrokenReader reader;
  reader.mutable_run().set_name("IE-2018");
  for (uint32_t i = 0; i < 10; ++i) ShowKey(reader, {i}, StrCat("own ", i));
  const ComparedRun a = Compared(reader);
  reader.broken = true;
  const ComparedRun* const runs[] = {&a};
  const Status merged = MergeKeys(
      runs, [](const KeyId&, std::span<const std::vector<KeyPlace>>) { return Status::Ok(); });
  EXPECT_EQ(merged.code(), StatusCode::kCorruption);
  EXPECT_EQ(merged.message(), "run IE-2018: the store holds an unreadable index key");
}

TEST(PairCounterTest, CountsPairsInOrderWhateverTheOrderTheyCameIn) {
  PairCounter counter;
  for (uint32_t i = 0; i < 2'500'000; ++i) counter.Add(i * 7919U % 1000, i % 3);
  counter.Add(5000, 0);
  const std::vector<PairCount> counts = std::move(counter).Finish();
  uint64_t sum = 0;
  for (size_t i = 0; i < counts.size(); ++i) {
    sum += counts[i].count;
    if (i > 0) {
      EXPECT_LT(std::pair(counts[i - 1].a, counts[i - 1].b), std::pair(counts[i].a, counts[i].b));
    }
  }
  EXPECT_EQ(sum, 2'500'001U);
  EXPECT_EQ(counts.size(), 3001U);
  EXPECT_EQ(counts.back().a, 5000U);
  EXPECT_EQ(counts.back().count, 1U);
}

}  // namespace
}  // namespace hark
