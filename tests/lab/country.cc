#include <array>

#include "base/random.h"
#include "base/strings.h"
#include "tests/lab/generators.h"
#include "tests/lab/layout.h"

namespace hark::lab {
namespace {

// RSA and DSA keys cost tens of milliseconds each to make, so only the shared ones and this many
// others are of those types; a first start stays within seconds.
constexpr uint64_t kSlowKeys = 60;
constexpr uint64_t kMostHosts = 1'000'000;

struct Share {
  uint16_t port;
  int per_mille;
};
constexpr std::array<Share, 6> kTlsPorts = {
    {{25, 550}, {110, 200}, {143, 220}, {443, 450}, {587, 220}, {993, 200}}};

constexpr std::array<Behaviour, 7> kOddAnywhere = {
    Behaviour::kAcceptThenSilent, Behaviour::kCloseAfterAccept, Behaviour::kResetAfterAccept,
    Behaviour::kGarbage,          Behaviour::kTarpit,           Behaviour::kThrottled,
    Behaviour::kCloseInHello};

class CountryBuilder {
 public:
  CountryBuilder(Scenario empty, const CountryOptions& options)
      : scenario_(std::move(empty)),
        dealer_(scenario_, options.seed),
        random_(Mix64(options.seed)),
        groups_(options.hosts / 8 + 1) {}

  Scenario Build(uint64_t hosts) {
    for (uint64_t i = 0; i < hosts; ++i) AddHost();
    Complete(scenario_);
    return std::move(scenario_);
  }

 private:
  bool Chance(int per_mille) { return random_.Below(1000) < static_cast<uint64_t>(per_mille); }

  void AddHost() {
    Host host;
    host.address = Address::V4(dealer_.Next());
    host.asn = 1 + static_cast<uint32_t>(random_.Below(random_.Below(40) + 1));
    host.country = Chance(10) ? "ZZ" : scenario_.country;
    const bool crypto = Chance(700);
    group_ = random_.Below(random_.Below(groups_) + 1);
    for (const Share& share : kTlsPorts) {
      if (crypto && Chance(share.per_mille)) host.services.push_back(RandomTls(share.port, host));
    }
    // The gate port: without it no survey looks further, which a few hosts are there to show.
    const bool has_mail = !host.services.empty() && host.services[0].port == 25;
    if (!has_mail && !Chance(30)) host.services.insert(host.services.begin(), PlainSmtp());
    if (crypto && Chance(350)) host.services.push_back(RandomSsh());
    for (Service& service : host.services) MaybeOdd(service);
    scenario_.hosts.push_back(std::move(host));
  }

  // One key in three on the same host again, one in four from the pool, else new.
  std::string RandomKey(const Host& host) {
    if (!host.services.empty() && !host.services[0].keys.empty() && Chance(330)) {
      return host.services[0].keys[0];
    }
    if (Chance(250)) return SharedKey();
    return NewKey(Chance(30) ? KeyType::kEcdsaP384 : KeyType::kEcdsaP256);
  }

  // A host mostly shares with its own group (one operator, one appliance), now and then with
  // another: drawn freely, the keys would join a fifth of the country into one cluster. Low numbers
  // are much more common than high ones, as with real appliances' default keys.
  std::string SharedKey() {
    const uint64_t i = Chance(20) ? random_.Below(groups_) : group_;
    std::string name = StrCat(scenario_.run, "/s", i);
    if (i % 10 == 0 && i / 10 < kSlowKeys) {
      scenario_.key_types.emplace(name, i % 20 == 0 ? KeyType::kRsa2048 : KeyType::kRsa1024);
    }
    return name;
  }

  std::string NewKey(KeyType type) {
    std::string name = StrCat(scenario_.run, "/k", keys_++);
    scenario_.key_types.emplace(name, type);
    return name;
  }

  Service RandomTls(uint16_t port, const Host& host) {
    Service service = TlsService(port, RandomKey(host));
    const uint64_t die = random_.Below(100);
    service.tls_max = die < 10 ? kTls10 : die < 12 ? kTls10 + 1 : die < 60 ? kTls10 + 2 : kTls13;
    return service;
  }

  Service RandomSsh() {
    Service service = SshService(Chance(250) ? SharedKey() : NewKey(KeyType::kEd25519));
    if (Chance(500)) AddSshKey(service, KeyType::kEcdsaP256);
    if (Chance(300)) AddSshKey(service, SlowType());
    if (Chance(40)) service.ssh_version = "1.99";
    return service;
  }

  KeyType SlowType() {
    if (++slow_keys_ > kSlowKeys) return KeyType::kEcdsaP256;
    if (slow_keys_ % 8 == 0) return KeyType::kDsa1024;
    return slow_keys_ % 8 == 1 ? KeyType::kEcdsaP521 : KeyType::kRsa2048;
  }

  // A server has one key of each kind, so a pool key's own kind is not added again.
  void AddSshKey(Service& service, KeyType type) {
    for (const std::string& name : service.keys) {
      const auto it = scenario_.key_types.find(name);
      const KeyType have = it == scenario_.key_types.end() ? KeyType::kEcdsaP256 : it->second;
      const bool both_rsa = have == KeyType::kRsa1024 && type == KeyType::kRsa2048;
      if (have == type || both_rsa) return;
    }
    service.keys.push_back(NewKey(type));
  }

  void MaybeOdd(Service& service) {
    const bool mail = service.protocol == Protocol::kSmtp || service.protocol == Protocol::kPop3 ||
                      service.protocol == Protocol::kImap;
    if (!service.keys.empty() && mail && Chance(25)) {
      service.behaviour = Chance(500) ? Behaviour::kNoStartTls : Behaviour::kStartTlsRefused;
    } else if (Chance(25)) {
      service.behaviour = kOddAnywhere[random_.Below(kOddAnywhere.size())];
    } else if (Chance(5)) {
      service.behaviour = Behaviour::kSilent;
    }
  }

  Scenario scenario_;
  AddressDealer dealer_;
  Random random_;
  uint64_t groups_;     // of hosts that share a key
  uint64_t group_ = 0;  // of the host at hand
  uint64_t keys_ = 0;
  uint64_t slow_keys_ = 0;
};

}  // namespace

Result<Scenario> CountryScenario(const CountryOptions& options) {
  if (options.hosts == 0 || options.hosts > kMostHosts) {
    return InvalidInput(StrCat("--hosts=", options.hosts, " is not from 1 to ", kMostHosts));
  }
  const uint64_t targets = options.targets == 0 ? 4 * options.hosts : options.targets;
  if (targets < options.hosts) {
    return InvalidInput(StrCat("--addresses=", targets, " is fewer than the hosts"));
  }
  HARK_ASSIGN_OR_RETURN(
      Scenario empty,
      EmptyCountry(StrCat(options.country, "-random-", options.seed), options.country, targets));
  return CountryBuilder(std::move(empty), options).Build(options.hosts);
}

}  // namespace hark::lab
