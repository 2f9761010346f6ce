#pragma once

// The paper's links across borders rebuilt: ten runs of one country each whose links give every
// cell of Table XVII, and the members of the super-clusters of Tables XVIII to XX.

#include <array>
#include <memory>
#include <string>
#include <vector>

#include "analysis/comparison_fixture.h"
#include "base/strings.h"

namespace hark {

// What a table of the paper says of one member, as far as keys alone tell.
struct PaperMember {
  std::string country;
  uint64_t ips, ases, ssh_ports, ssh_keys, tls_ports, tls_keys, most;
};

inline const std::vector<PaperMember> kTableXviii = {
    // SCNA14
    {"EE", 4, 2, 0, 0, 4, 1, 4},  {"NA", 8, 3, 0, 0, 16, 4, 11},  {"IE", 4, 3, 1, 1, 8, 1, 8},
    {"FI", 5, 4, 0, 0, 6, 1, 6},  {"SG", 22, 8, 3, 3, 46, 2, 45}, {"SI", 3, 1, 0, 0, 7, 4, 3},
    {"UY", 7, 3, 0, 0, 14, 5, 8}, {"LU", 4, 4, 0, 0, 5, 1, 5},    {"PT", 17, 4, 1, 1, 41, 10, 24},
    {"NZ", 6, 6, 0, 0, 10, 4, 7},
};
inline const std::vector<PaperMember> kTableXix = {
    // SCSG867
    {"LU", 2, 1, 2, 1, 7, 4, 4},
    {"SG", 3, 2, 2, 2, 7, 2, 4},
};
inline const std::vector<PaperMember> kTableXx = {
    // SCPT151
    {"PT", 8, 2, 4, 1, 45, 4, 42},
    {"EE", 2, 2, 2, 1, 2, 1, 2},
    {"IE", 11, 2, 11, 1, 31, 14, 11},
};

inline constexpr std::array kCrossCountries = {"NA", "NZ", "UY", "PT", "IE",
                                               "EE", "SI", "SG", "LU", "FI"};
// Table XVII above its diagonal.
inline const std::vector<std::vector<uint64_t>> kTableXvii = {
    {1, 1, 1, 1, 1, 1, 1, 1, 1},
    {4, 13, 14, 13, 12, 28, 9, 7},
    {6, 6, 4, 6, 7, 4, 6},
    {15, 17, 16, 26, 10, 15},
    {12, 18, 45, 6, 25},
    {11, 25, 10, 6},
    {21, 7, 9},
    {15, 22},
    {7},
};
inline constexpr uint64_t kOneLinkComponents = 57;
inline constexpr uint64_t kSuperClusterHosts = 7469;

class CrossRuns {
 public:
  FakeRunReader& Of(const std::string& country) {
    for (const auto& run : runs) {
      if (run->run().country() == country) return *run;
    }
    const auto id = static_cast<uint32_t>(runs.size() + 1);
    return *runs.emplace_back(RunNamed(country + "-2018", country, id));
  }

  // A cluster of n new hosts joined by the key.
  void AddCluster(const std::string& country, uint32_t n, const std::string& key) {
    ShowKey(Of(country), New(n), key);
  }

  // A member whose hosts all show tls_link, on as many TLS ports as the row says.
  void AddMember(const PaperMember& row, const std::string& tls_link) {
    const std::vector<uint32_t> hosts = AddHosts(row);
    FakeRunReader& run = Of(row.country);
    for (uint32_t i = 0; i < row.most; ++i) ShowOnNextPort(run, hosts[i % hosts.size()], tls_link);
    for (uint64_t i = row.most; i < row.tls_ports; ++i) {  // what is left, over the other keys
      const uint64_t key = row.tls_keys > 1 ? i % (row.tls_keys - 1) : 0;
      ShowOnNextPort(run, hosts[i % hosts.size()], StrCat(row.country, " other ", key));
    }
    for (uint64_t i = 0; i < row.ssh_ports; ++i) {
      ShowKey(run, {hosts[i]}, StrCat(row.country, " ssh ", i % row.ssh_keys), 22);
    }
    Renumber(run, hosts, row);
  }

  std::vector<uint32_t> New(uint64_t n) {
    std::vector<uint32_t> hosts;
    for (uint64_t i = 0; i < n; ++i) hosts.push_back(++hosts_);
    return hosts;
  }

  // The host shows the key on the first TLS port it has free.
  static void ShowOnNextPort(FakeRunReader& run, uint32_t host, const std::string& key) {
    static constexpr uint16_t kTlsPorts[] = {25, 110, 143, 443, 587, 993};
    for (const uint16_t port : kTlsPorts) {
      if (run.AddPort(HostNumber(host), port, {}).keys_size() > 0) continue;
      run.AddPort(HostNumber(host), port, {key});
      return;
    }
    ADD_FAILURE() << "no port is free";
  }

  // The member's AS numbers, its own and no other country's.
  void Renumber(FakeRunReader& run, const std::vector<uint32_t>& hosts, const PaperMember& row) {
    for (uint32_t i = 0; i < hosts.size(); ++i) {
      run.AddHost(HostNumber(hosts[i]), static_cast<uint32_t>(first_as_ + i % row.ases));
    }
    first_as_ += 100;
  }

  std::vector<uint32_t> AddHosts(const PaperMember& row) {
    std::vector<uint32_t> hosts = New(row.ips);
    for (const uint32_t host : hosts) Of(row.country).AddHost(HostNumber(host));
    return hosts;
  }

  std::vector<std::unique_ptr<FakeRunReader>> runs;

 private:
  uint32_t hosts_ = 0;
  uint64_t first_as_ = 64500;
};

// Ten runs linked as Table XVII counts them: SCNA14's key in all of them, 57 lone pairs, and for
// each run a star that holds what is left of its row. Sizes bring the hosts to 7,469.
inline CrossRuns TableXviiRuns() {
  CrossRuns out;
  for (const PaperMember& row : kTableXviii) out.Of(row.country);  // any order but the table's
  for (const PaperMember& row : kTableXviii) {
    out.AddCluster(row.country, static_cast<uint32_t>(row.ips), "SCNA14");
  }
  uint64_t hosts = 80;
  uint64_t pairs = 0;
  std::vector<std::vector<uint64_t>> left = kTableXvii;
  for (auto& row : left) {
    for (uint64_t& cell : row) --cell;
  }
  for (int round = 0; round < 2; ++round) {
    for (size_t i = 1; i < left.size(); ++i) {
      for (size_t j = 0; j < left[i].size() && pairs < kOneLinkComponents; ++j, ++pairs) {
        out.AddCluster(kCrossCountries[i], 2, StrCat("pair ", pairs));
        out.AddCluster(kCrossCountries[i + j + 1], 2, StrCat("pair ", pairs));
        hosts += 4;
        --left[i][j];
      }
    }
  }
  for (size_t i = 1; i < left.size(); ++i) {
    const std::vector<uint32_t> hub = out.New(2);
    for (const uint32_t host : hub) {
      ShowKey(out.Of(kCrossCountries[i]), {host}, StrCat("hub ", i), 25);
    }
    hosts += 2;
    for (size_t j = 0; j < left[i].size(); ++j) {
      for (uint64_t n = 0; n < left[i][j]; ++n) {
        const std::string key = StrCat("star ", i, " ", j, " ", n);
        ShowKey(out.Of(kCrossCountries[i]), {hub[0]}, key,
                static_cast<uint16_t>(30000 + j * 100 + n));
        const bool last = i + 1 == left.size() && n + 1 == left[i][j];
        const uint64_t size = last ? kSuperClusterHosts - hosts : 2;
        out.AddCluster(kCrossCountries[i + j + 1], static_cast<uint32_t>(size), key);
        hosts += size;
      }
    }
  }
  return out;
}

}  // namespace hark
