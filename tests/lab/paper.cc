// Run NA-20180430 of "Clusters of Re-used Keys", host by host. Its published tables leave exactly
// one distribution of cluster sizes (18 of 2, 9 of 3, one each of 4, 5 and 8); the assignment of
// keys to ports below is one that gives every cell of the tables at once:
//
//   hosts                   | p25      | p22           | p443          | ASes
//   8                       | K1       |               | K1 3, K2 2, K3 2, K4 1 | 4 3 1
//   5; 4; five 3s; seven 2s | shared   |               |               | first host in a second
//   three 3s; six 2s        | shared   |               |               | one
//   three 2s ("mixed")      | shared   | first host    |               | one
//   one 2 ("multikey")      | shared   | different     |               | one
//   3; 2 ("possible MH")    | no TLS   | shared        | shared        | one
//   299 with local keys     | see LocalHost()
//   172 without crypto      | no TLS
//
// Every host answers on port 25, since that was the survey's gate.

#include <array>
#include <map>

#include "base/strings.h"
#include "tests/lab/generators.h"
#include "tests/lab/layout.h"

namespace hark::lab {
namespace {

constexpr std::string_view kRun = "NA-20180430";
constexpr uint64_t kAddresses = 482'835;
constexpr int kLocalHosts = 299;
constexpr int kNoCryptoHosts = 172;
constexpr int kSsh199 = 6;  // of 139; the rest says 2.0

struct PortVersions {
  uint16_t port;
  int ssl3;
  int tls10;  // the others: TLS 1.2
};
constexpr std::array<PortVersions, 6> kVersions = {
    {{25, 0, 61}, {110, 0, 21}, {143, 2, 19}, {443, 0, 52}, {587, 0, 7}, {993, 3, 11}}};

class Namibia {
 public:
  explicit Namibia(Scenario empty) : scenario_(std::move(empty)), dealer_(scenario_, 20180430) {}

  Scenario Build() {
    ClusterOfEight();
    SharedOnMail(5, true);
    SharedOnMail(4, true);
    for (int i = 0; i < 5; ++i) SharedOnMail(3, true);
    for (int i = 0; i < 7; ++i) SharedOnMail(2, true);
    for (int i = 0; i < 3; ++i) SharedOnMail(3, false);
    for (int i = 0; i < 6; ++i) SharedOnMail(2, false);
    for (int i = 0; i < 3; ++i) Mixed();
    MultiKey();
    PossiblyMultiHomed(3);
    PossiblyMultiHomed(2);
    for (int h = 1; h <= kLocalHosts; ++h) LocalHost(h);
    for (int h = 0; h < kNoCryptoHosts; ++h) NewHost(1);
    AssignVersions();
    Complete(scenario_);
    return std::move(scenario_);
  }

 private:
  // The reference stays good until the next NewHost.
  Host& NewHost(uint32_t asn) {
    Host host;
    host.address = Address::V4(dealer_.Next());
    host.asn = asn;
    host.country = scenario_.country;
    host.services.push_back(PlainSmtp());
    return scenario_.hosts.emplace_back(std::move(host));
  }

  std::string NewKey() { return StrCat(kRun, "/k", ++keys_); }

  static void MailKey(Host& host, const std::string& key) {
    host.services[0] = TlsService(25, key);
  }

  void ClusterOfEight() {
    const std::array<std::string, 4> k = {NewKey(), NewKey(), NewKey(), NewKey()};
    constexpr std::array<int, 8> kWeb = {0, 0, 0, 1, 1, 2, 2, 3};
    constexpr std::array<uint32_t, 8> kAsn = {1, 1, 1, 1, 2, 2, 2, 3};
    for (size_t i = 0; i < kWeb.size(); ++i) {
      Host& host = NewHost(kAsn[i]);
      MailKey(host, k[0]);
      host.services.push_back(TlsService(443, k[static_cast<size_t>(kWeb[i])]));
    }
  }

  void SharedOnMail(int size, bool two_ases) {
    const std::string key = NewKey();
    for (int i = 0; i < size; ++i) MailKey(NewHost(two_ases && i == 0 ? 2 : 1), key);
  }

  void Mixed() {
    const std::string key = NewKey();
    Host& first = NewHost(1);
    MailKey(first, key);
    first.services.push_back(SshService(NewKey()));
    MailKey(NewHost(1), key);
  }

  void MultiKey() {
    const std::string key = NewKey();
    for (int i = 0; i < 2; ++i) {
      Host& host = NewHost(1);
      MailKey(host, key);
      host.services.push_back(SshService(NewKey()));
    }
  }

  void PossiblyMultiHomed(int size) {
    const std::string ssh = NewKey();
    const std::string web = NewKey();
    for (int i = 0; i < size; ++i) {
      Host& host = NewHost(1);
      host.services.push_back(SshService(ssh));
      host.services.push_back(TlsService(443, web));
    }
  }

  void LocalHost(int h) {
    Host& host = NewHost(1);
    const std::string web = h <= 159 ? NewKey() : "";
    if (h <= 159) host.services.push_back(TlsService(443, web));
    if (h <= 105) host.services.push_back(TlsService(143, h <= 68 ? NewKey() : web));
    if (h <= 78) host.services.push_back(TlsService(110, web));
    if (h <= 78) host.services.push_back(TlsService(587, web));
    if (h <= 65) host.services.push_back(TlsService(993, web));
    if (h >= 160 && h <= 267) MailKey(host, NewKey());
    if (h >= 171) host.services.push_back(SshService(NewKey()));
  }

  // SSLv3 is served by hand, which wants an RSA key, on every port that has the same.
  void SetVersion(const PortVersions& versions, int rank, Service& service) {
    service.tls_max = rank < versions.ssl3 + versions.tls10 ? kTls10 : kTls10 + 2;
    if (rank >= versions.ssl3) return;
    service.raw = RawTls::kSsl3;
    service.tls_min = service.tls_max = kSsl30;
    scenario_.key_types[service.keys.front()] = KeyType::kRsa2048;
  }

  void AssignVersions() {
    std::map<uint16_t, int> rank;
    for (Host& host : scenario_.hosts) {
      for (Service& service : host.services) {
        if (service.keys.empty()) continue;
        const int n = rank[service.port]++;
        if (service.protocol == Protocol::kSsh && n < kSsh199) service.ssh_version = "1.99";
        for (const PortVersions& versions : kVersions) {
          if (versions.port == service.port) SetVersion(versions, n, service);
        }
      }
    }
  }

  Scenario scenario_;
  AddressDealer dealer_;
  int keys_ = 0;
};

}  // namespace

Result<Scenario> PaperScenario(std::string_view run) {
  if (run != kRun) {
    return InvalidInput(StrCat("--paper=", run, ": only ", kRun,
                               " is known host by host; --sizes= rebuilds the others"));
  }
  HARK_ASSIGN_OR_RETURN(Scenario empty, EmptyCountry(std::string(kRun), "NA", kAddresses));
  return Namibia(std::move(empty)).Build();
}

}  // namespace hark::lab
