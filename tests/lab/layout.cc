#include "tests/lab/layout.h"

#include <algorithm>

#include "base/random.h"
#include "base/strings.h"
#include "tests/lab/generators.h"

namespace hark::lab {
namespace {

constexpr uint32_t kFirst = 0x7f100000;  // 127.16.0.0
constexpr uint32_t kLast = 0x7fffffff;
constexpr uint32_t kLowest = 0x7f010000;  // 127.0.0.0/16 is not ours
constexpr uint64_t kMostAddresses = 16'000'000;
// Blocks up to a /13 each get a /13 of their own: 30 of them fit above kFirst.
constexpr uint64_t kStride = uint64_t{1} << 19;

}  // namespace

Result<std::vector<Range>> LayOut(uint64_t n) {
  if (n == 0 || n > kMostAddresses) {
    return InvalidInput(StrCat(n, " addresses do not fit 127.1.0.0-127.255.255.255: from 1 to ",
                               kMostAddresses, " do"));
  }
  const bool apart = n <= kStride;
  std::vector<Range> out;
  uint64_t cursor = apart ? kFirst : uint64_t{kLast} + 1;
  for (uint64_t block = uint64_t{1} << 23; block != 0; block >>= 1) {
    if ((n & block) == 0) continue;
    // Sizes only fall, so going down from the top every block is aligned by itself.
    if (!apart) cursor -= block;
    out.push_back({static_cast<uint32_t>(cursor), static_cast<uint32_t>(cursor + block - 1)});
    if (apart) cursor += kStride;
  }
  if (!apart && cursor < kLowest) return InvalidInput(StrCat(n, " addresses do not fit"));
  std::sort(out.begin(), out.end(),
            [](const Range& a, const Range& b) { return a.first < b.first; });
  return out;
}

AddressDealer::AddressDealer(const Scenario& scenario, uint64_t seed)
    : space_(Targets(scenario)), order_(space_.size(), Mix64(seed ^ 0x6c6162)) {}

uint32_t AddressDealer::Next() {
  return space_.At(order_.At(dealt_++));
}

Result<Scenario> EmptyCountry(std::string run, std::string country, uint64_t n) {
  HARK_ASSIGN_OR_RETURN(const std::vector<Range> ranges, LayOut(n));
  Scenario scenario;
  scenario.run = std::move(run);
  scenario.country = std::move(country);
  for (const Range& range : ranges) scenario.prefixes.push_back({range, 1, scenario.country, true});
  return scenario;
}

Service TlsService(uint16_t port, std::string key) {
  Service service;
  service.port = port;
  service.protocol = ProtocolOfPort(port);
  service.keys.push_back(std::move(key));
  return service;
}

Service SshService(std::string key) {
  Service service;
  service.port = 22;
  service.protocol = Protocol::kSsh;
  service.keys.push_back(std::move(key));
  return service;
}

Service PlainSmtp() {
  Service service;
  service.port = 25;
  service.protocol = Protocol::kSmtp;
  return service;
}

}  // namespace hark::lab
