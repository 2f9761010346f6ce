// The order of targets: its published vectors, that it is a bijection, and how evenly it spreads.

#include "base/permutation.h"

#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <sstream>
#include <vector>

#include "base/file.h"
#include "base/permutation_fixture.h"
#include "base/random.h"
#include "base/range_set.h"
#include "base/strings.h"

namespace hark {
namespace {

constexpr char kVectors[] = "docs/formats/permutation.md";

// Lines "| n | key | index | value |" of numbers.
struct Vector {
  uint64_t n, key, index, value;
};

std::vector<Vector> PublishedVectors() {
  std::vector<Vector> out;
  const Result<std::string> text = ReadFile(kVectors);
  EXPECT_TRUE(text.ok()) << text.status().message();
  if (!text.ok()) return out;
  for (const std::string_view line : Split(*text, '\n')) {
    const std::vector<std::string_view> cells = Split(line, '|');
    if (cells.size() != 6 || !ParseUint(Trim(cells[1]))) continue;
    const auto number = [&](size_t i) { return ParseUint(Trim(cells[i])).value(); };
    out.push_back({number(1), number(2), number(3), number(4)});
  }
  return out;
}

TEST(PermutationTest, IsTheOneOfThePublishedVectors) {
  const std::vector<Vector> vectors = PublishedVectors();
  ASSERT_GE(vectors.size(), 30U);
  for (const Vector& v : vectors) {
    const Permutation permutation(v.n, v.key);
    EXPECT_EQ(permutation.At(v.index), v.value) << v.n << " " << v.key << " " << v.index;
    EXPECT_EQ(permutation.IndexOf(v.value), v.index);
  }
}

bool VisitsEachIndexOnce(const Permutation& permutation, uint64_t n) {
  std::vector<bool> seen(n);
  for (uint64_t i = 0; i < n; ++i) {
    const uint64_t value = permutation.At(i);
    if (value >= n || seen[value] || permutation.IndexOf(value) != i) return false;
    seen[value] = true;
  }
  return true;
}

TEST(PermutationTest, VisitsEveryIndexOnceForSmallSizes) {
  for (uint64_t n = 1; n <= 600; ++n) {
    ASSERT_TRUE(VisitsEachIndexOnce(Permutation(n, n * 31), n)) << n;
  }
}

// Sizes around squares and products, where a and b of the construction change.
TEST(PermutationTest, VisitsEachIndexOnceAroundTheEdgesOfItsConstruction) {
  std::vector<uint64_t> sizes;
  for (const uint64_t root : {40U, 64U, 255U, 256U, 300U}) {
    for (uint64_t n = root * root - 2; n <= root * root + 2; ++n) sizes.push_back(n);
    for (uint64_t n = root * (root - 1) - 1; n <= root * (root - 1) + 1; ++n) sizes.push_back(n);
  }
  for (const uint64_t n : sizes) {
    ASSERT_TRUE(VisitsEachIndexOnce(Permutation(n, Mix64(n)), n)) << n;
  }
}

TEST(PermutationTest, InvertsAtTheSizeOfTheInternet) {
  for (const uint64_t n : {uint64_t{482835}, uint64_t{1} << 32, (uint64_t{1} << 32) - 1}) {
    const Permutation permutation(n, 42);
    Random random(n);
    for (int i = 0; i < 2000; ++i) {
      const uint64_t index = random.Below(n);
      const uint64_t value = permutation.At(index);
      ASSERT_LT(value, n);
      ASSERT_EQ(permutation.IndexOf(value), index);
    }
  }
}

// Published vectors of version 1: a stored run must mean the same order for ever.
TEST(PermutationTest, KeepsItsPublishedVectors) {
  const Permutation permutation(1000, 7);
  std::vector<uint64_t> first;
  for (uint64_t i = 0; i < 8; ++i) first.push_back(permutation.At(i));
  EXPECT_EQ(first, (std::vector<uint64_t>{98, 818, 725, 528, 817, 641, 272, 981}));
}

// A function with an inverse on a finite set is a bijection; sampled where it cannot be listed.
TEST(PermutationTest, HasAnInverseAtEverySizeUpToTheInternets) {
  Random random(20261122);
  for (int bit = 10; bit <= 32; ++bit) {
    for (const int64_t off : {-1, 0, 1}) {
      const uint64_t n = (uint64_t{1} << bit) + static_cast<uint64_t>(off);
      const Permutation permutation(n, random.Next());
      for (int i = 0; i < 300; ++i) {
        const uint64_t at = random.Below(n);
        ASSERT_EQ(permutation.IndexOf(permutation.At(at)), at) << n;
        ASSERT_EQ(permutation.At(permutation.IndexOf(at)), at) << n;
      }
    }
  }
}

// A small country of whole prefixes, some 480,000 addresses in some ten /16s.
RangeSet Country() {
  Random random(7);
  std::vector<Range> ranges;
  RangeSet set;
  while (set.size() < 480'000) {
    const uint32_t block = 0x29c60000 + static_cast<uint32_t>(random.Below(12)) * 0x10000;
    const uint32_t size = uint32_t{1} << (8 + random.Below(7));
    const uint32_t first = block + static_cast<uint32_t>(random.Below(0x10000 / size)) * size;
    ranges.push_back({first, first + size - 1});
    set = RangeSet(ranges);
  }
  return set;
}

// Most knocks at one block of 2^shift addresses in windows of 10,000, averaged over 40 windows.
double Busiest(const RangeSet& set, int shift, const std::function<uint64_t(uint64_t)>& order) {
  constexpr uint64_t kWindow = 10'000, kWindows = 40;
  double sum = 0;
  for (uint64_t w = 0; w < kWindows; ++w) {
    std::map<uint32_t, uint64_t> counts;
    uint64_t most = 0;
    for (uint64_t i = 0; i < kWindow; ++i) {
      most = std::max(most, ++counts[set.At(order(w * kWindow + i)) >> shift]);
    }
    sum += static_cast<double>(most);
  }
  return sum / kWindows;
}

TEST(PermutationTest, IsAsEvenOverNetworksAsRandomAndThreeRoundsWouldNotBe) {
  const RangeSet set = Country();
  const uint64_t n = set.size();
  Random random(1);
  const auto by_chance = [&](uint64_t) { return random.Below(n); };
  for (const uint64_t key : {1U, 2U, 3U}) {
    const Permutation permutation(n, key);
    const auto order = [&](uint64_t i) { return permutation.At(i); };
    const double chance16 = Busiest(set, 16, by_chance), chance24 = Busiest(set, 8, by_chance);
    EXPECT_NEAR(Busiest(set, 16, order) / chance16, 1, 0.03) << key;
    EXPECT_NEAR(Busiest(set, 8, order) / chance24, 1, 0.10) << key;
  }
  const auto sequential = [](uint64_t i) { return i; };
  EXPECT_EQ(Busiest(set, 8, sequential), 256);
  // The bound above tells an uneven order from an even one.
  uint64_t root = 1;
  while (root * root < n) ++root;
  const auto two_rounds = [&](uint64_t i) { return RadixFeistel(n, root, 2, i); };
  EXPECT_GT(Busiest(set, 16, two_rounds) / Busiest(set, 16, by_chance), 1.03);
}

}  // namespace
}  // namespace hark
