// What target sets and their order cost, and how evenly the order spreads: the tables of
// docs/formats/permutation.md and docs/targets.md. Nothing of it is timed by ctest.

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <functional>
#include <unordered_map>

#include "base/permutation.h"
#include "base/permutation_fixture.h"
#include "base/random.h"
#include "base/range_set.h"
#include "base/strings.h"
#include "coordinator/targets.h"

namespace hark {
namespace {

using Order = std::function<uint64_t(uint64_t)>;

double Seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

uint64_t PeakKb() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("VmHWM:")) return std::stoull(line.substr(6));
  }
  return 0;
}

void MeasurePrefixes() {
  constexpr int kPrefixes = 1'000'000;
  std::string text;
  for (int i = 0; i < kPrefixes; ++i) {  // every other /23: nothing merges
    const uint32_t first = static_cast<uint32_t>(i) * 1024 + 0x01000000;
    text += StrCat(Address::V4(first).ToString(), "/23\n");
  }
  const uint64_t before = PeakKb();
  double at = Seconds();
  const RangeSet set = ParseTargetWords(text, "bench")->v4;
  std::printf("prefixes %zu: read in %.2f s, %.0f MB at most beside the text\n",
              set.ranges().size(), Seconds() - at, static_cast<double>(PeakKb() - before) / 1024);
  Random random(1);
  uint64_t sum = 0;
  at = Seconds();
  for (int i = 0; i < 10'000'000; ++i) sum += set.At(random.Below(set.size()));
  const double at_ns = (Seconds() - at) * 100;
  at = Seconds();
  for (int i = 0; i < 10'000'000; ++i)
    sum += set.Rank(static_cast<uint32_t>(random.Next())).value_or(0);
  std::printf("n-th address %.0f ns, its inverse %.0f ns (sum %llu)\n", at_ns,
              (Seconds() - at) * 100, static_cast<unsigned long long>(sum));
}

// A country of whole prefixes, /14 to /24.
RangeSet Country(uint64_t addresses, uint64_t seed) {
  Random random(seed);
  std::vector<Range> ranges;
  uint64_t sum = 0;
  while (sum < addresses) {
    const uint32_t size = uint32_t{1} << (8 + random.Below(addresses > 5'000'000 ? 11 : 8));
    const uint32_t first = static_cast<uint32_t>(random.Below((uint64_t{1} << 31) / size)) * size;
    ranges.push_back({first + 0x10000000, first + 0x10000000 + size - 1});
    sum += size;
  }
  return RangeSet(std::move(ranges));
}

struct Busy {
  double mean = 0;
  uint64_t worst = 0;
};

Busy Busiest(const RangeSet& set, int shift, const Order& order) {
  constexpr uint64_t kWindow = 10'000;
  const uint64_t windows = std::min<uint64_t>(200, set.size() / kWindow);
  Busy busy;
  for (uint64_t w = 0; w < windows; ++w) {
    std::unordered_map<uint32_t, uint64_t> counts;
    uint64_t most = 0;
    for (uint64_t i = 0; i < kWindow; ++i) {
      most = std::max(most, ++counts[set.At(order(w * kWindow + i)) >> shift]);
    }
    busy.mean += static_cast<double>(most) / static_cast<double>(windows);
    busy.worst = std::max(busy.worst, most);
  }
  return busy;
}

void MeasureOrder(const char* country, const RangeSet& set, const char* name, const Order& order) {
  const uint64_t steps = std::min<uint64_t>(set.size(), 2'000'000);
  const double at = Seconds();
  uint64_t sum = 0;
  for (uint64_t i = 0; i < steps; ++i) sum += order(i);
  const double ns = (Seconds() - at) * 1e9 / static_cast<double>(steps);
  const Busy b24 = Busiest(set, 8, order), b16 = Busiest(set, 16, order);
  std::printf("| %s | %s | %.0f | %.1f (%llu) | %.0f (%llu) |\n", country, name, ns, b24.mean,
              static_cast<unsigned long long>(b24.worst), b16.mean,
              static_cast<unsigned long long>(b16.worst));
  if (sum == 1) std::printf("\n");  // the loop must not be optimised away
}

void MeasureOrders(const char* country, const RangeSet& set) {
  const uint64_t n = set.size();
  uint64_t a = 1;
  while (a * a < n) ++a;
  const Permutation permutation(n, 42);
  Random random(3);
  MeasureOrder(country, set, "sequential", [](uint64_t i) { return i; });
  for (const int rounds : {2, 3, 6}) {
    MeasureOrder(country, set, StrCat("radix Feistel, ", rounds, " rounds").c_str(),
                 [=](uint64_t i) { return RadixFeistel(n, a, rounds, i); });
  }
  MeasureOrder(country, set, "**ours, 4 rounds**", [&](uint64_t i) { return permutation.At(i); });
  MeasureOrder(country, set, "by chance", [&](uint64_t) { return random.Below(n); });
}

int Main() {
  MeasurePrefixes();
  const RangeSet large = Country(18'000'000, 1), small = Country(480'000, 2);
  std::printf("large: %s addresses, small: %s\n", WithThousands(large.size()).c_str(),
              WithThousands(small.size()).c_str());
  MeasureOrders("large", large);
  MeasureOrders("small", small);
  return 0;
}

}  // namespace
}  // namespace hark

int main() {
  return hark::Main();
}
