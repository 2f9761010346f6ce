#include <numeric>

#include "base/strings.h"
#include "tests/lab/generators.h"
#include "tests/lab/layout.h"

namespace hark::lab {
namespace {

constexpr uint64_t kMostHosts = 1'000'000;  // the largest paper run has 73,608

Result<std::vector<uint64_t>> ParseSizes(std::string_view text) {
  std::vector<uint64_t> sizes;
  uint64_t hosts = 0;
  for (std::string_view word : Split(text, ' ')) {
    if (Trim(word).empty()) continue;
    const auto parts = Split(Trim(word), '*');
    const auto size = ParseUint(parts[0]);
    const auto count = parts.size() > 1 ? ParseUint(parts[1]) : uint64_t{1};
    if (parts.size() > 2 || !size.has_value() || !count.has_value() || *size < 2 || *count < 1 ||
        *size > kMostHosts || *count > kMostHosts || (hosts += *size * *count) > kMostHosts) {
      return InvalidInput(StrCat("--sizes: \"", word, "\" is not size*count with a size from 2"));
    }
    sizes.insert(sizes.end(), *count, *size);
  }
  return sizes;
}

// Three ways to be one cluster of the same size.
enum class Bond { kOneKey, kChain, kAcrossPorts };

class SizesBuilder {
 public:
  SizesBuilder(Scenario empty, uint64_t seed)
      : scenario_(std::move(empty)), dealer_(scenario_, seed) {}

  void Cluster(uint64_t size, Bond bond) {
    const std::string name = StrCat(scenario_.run, "/c", ++clusters_);
    for (uint64_t i = 0; i < size; ++i) {
      Host& host = NewHost();
      switch (bond) {
        case Bond::kOneKey:
          host.services[0] = TlsService(25, name);
          break;
        case Bond::kChain:  // 0-0, 0-1, 1-1, 1-2, ...: each key joins a host to the next only
          host.services[0] = TlsService(25, StrCat(name, "m", i / 2));
          host.services.push_back(TlsService(443, StrCat(name, "w", (i + 1) / 2)));
          break;
        case Bond::kAcrossPorts:
          if (i % 2 == 0) {
            host.services[0] = TlsService(25, name);
          } else {
            host.services.push_back(TlsService(443, name));
          }
          break;
      }
    }
  }

  void LocalOnly(uint64_t n) {
    for (uint64_t i = 0; i < n; ++i) {
      Host& host = NewHost();
      const std::string name = StrCat(scenario_.run, "/l", i);
      host.services[0] = TlsService(25, name);
      if (i % 2 == 0) host.services.push_back(TlsService(443, name));
      if (i % 4 == 0) host.services.push_back(SshService(name + "s"));
    }
  }

  void NoCrypto(uint64_t n) {
    for (uint64_t i = 0; i < n; ++i) NewHost();
  }

  Scenario Finish() {
    Complete(scenario_);
    return std::move(scenario_);
  }

 private:
  Host& NewHost() {
    Host host;
    host.address = Address::V4(dealer_.Next());
    host.asn = 1;
    host.country = scenario_.country;
    host.services.push_back(PlainSmtp());
    return scenario_.hosts.emplace_back(std::move(host));
  }

  Scenario scenario_;
  AddressDealer dealer_;
  int clusters_ = 0;
};

}  // namespace

Result<Scenario> SizesScenario(const SizesOptions& options) {
  HARK_ASSIGN_OR_RETURN(const std::vector<uint64_t> sizes, ParseSizes(options.sizes));
  const uint64_t clustered = std::accumulate(sizes.begin(), sizes.end(), uint64_t{0});
  const uint64_t hosts = clustered + options.local_only + options.no_crypto;
  if (hosts == 0) return InvalidInput("--sizes: no hosts at all");
  const uint64_t targets = options.targets == 0 ? 4 * hosts : options.targets;
  if (targets < hosts) {
    return InvalidInput(StrCat("--addresses=", targets, " is fewer than the ", hosts, " hosts"));
  }
  HARK_ASSIGN_OR_RETURN(Scenario empty,
                        EmptyCountry(options.country + "-sizes", options.country, targets));
  SizesBuilder builder(std::move(empty), options.seed);
  for (size_t i = 0; i < sizes.size(); ++i) builder.Cluster(sizes[i], static_cast<Bond>(i % 3));
  builder.LocalOnly(options.local_only);
  builder.NoCrypto(options.no_crypto);
  return builder.Finish();
}

}  // namespace hark::lab
