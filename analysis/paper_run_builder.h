#pragma once

// A whole run of the paper rebuilt from its published row as a FakeRunReader: cluster sizes, hosts
// that share nothing, hosts without crypto and abroad, keys on each port, distinct keys, TLS and
// SSH versions, multi-homed signs and what the sweep found. Namibia has a fixture of its own, which
// is the only one the numbers allow; for the others this is one of many.
//
// Every host shows a key on a TLS port: ports are dealt round the hosts, port after port, and there
// are more TLS ports than hosts in every run. A cluster shows one key everywhere, a host alone one
// key everywhere, until keys are missing; then second ports get keys of their own.

#include <algorithm>
#include <array>
#include <memory>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include "analysis/fake_run_reader.h"
#include "analysis/paper_runs_fixture.h"
#include "base/strings.h"

namespace hark {

inline constexpr std::array<uint16_t, 7> kPaperPorts = {22, 25, 110, 143, 443, 587, 993};

// The published numbers of a run, Tables III to XII; what contradicts another cell is 0.
struct PaperRow {
  std::string_view name;
  uint64_t records, abroad, no_crypto, crypto, crypto_pct, host_ports, keys, keys_pct, local, hark;
  uint64_t probed, responders;                 // Table V
  std::array<uint64_t, 7> ports;               // Table VI; all 0 in 2017
  std::array<std::array<uint64_t, 4>, 6> tls;  // Table VII: SSLv3, 1.0, 1.1, 1.2 by TLS port
  std::array<uint64_t, 2> ssh;                 // Table X: 1.99, 2.0
  uint64_t mixed, several_as, multikey;        // Table XII
  uint64_t not_multihomed, possible, no_info;
};

inline const std::vector<PaperRow>& PaperRows() {
  static const auto* const kRows = new std::vector<PaperRow>{
      {"IE-20171130",
       23616,
       0,
       12959,
       10657,
       45,
       25935,
       12889,
       49,
       5651,
       46,
       0,
       0,
       {{0, 0, 0, 0, 0, 0, 0}},
       {{{0, 0, 0, 0}, {0, 0, 0, 0}, {0, 0, 0, 0}, {0, 0, 0, 0}, {0, 0, 0, 0}, {0, 0, 0, 0}}},
       {{0, 0}},
       75,
       68,
       134,
       240,
       190,
       393},
      {"IE-20180316",
       24774,
       1233,
       5273,
       18268,
       77,
       54447,
       20053,
       36,
       8570,
       53,
       11583062,
       24774,
       {{6902, 9901, 6008, 6547, 12861, 5370, 6858}},
       {{{0, 1729, 0, 8172},
         {0, 1176, 0, 4832},
         {0, 1134, 1, 5412},
         {3, 2037, 2, 10819},
         {0, 320, 1, 5049},
         {4, 927, 2, 5925}}},
       {{10, 6892}},
       97,
       133,
       202,
       385,
       317,
       735},
      {"EE-20171130",
       12775,
       0,
       796,
       11979,
       93,
       45067,
       15502,
       34,
       3176,
       73,
       0,
       0,
       {{0, 0, 0, 0, 0, 0, 0}},
       {{{0, 0, 0, 0}, {0, 0, 0, 0}, {0, 0, 0, 0}, {0, 0, 0, 0}, {0, 0, 0, 0}, {0, 0, 0, 0}}},
       {{0, 0}},
       85,
       39,
       124,
       192,
       191,
       138},
      {"EE-20180324",
       17827,
       1334,
       1519,
       14974,
       90,
       0,
       20014,
       0,
       3303,
       77,
       1521127,
       17827,
       {{9578, 10616, 11134, 11288, 10022, 9570, 11775}},
       {{{0, 1249, 0, 9367},
         {1, 946, 1, 10186},
         {1, 940, 0, 10347},
         {1, 1146, 9, 8866},
         {0, 353, 0, 9217},
         {7, 1038, 0, 10730}}},
       {{15, 9563}},
       81,
       46,
       127,
       204,
       242,
       193},
      {"FI-20180326",
       37012,
       506,
       26106,
       10400,
       28,
       34263,
       11686,
       34,
       4675,
       55,
       13595744,
       37030,
       {{4880, 6284, 3396, 4050, 6928, 4077, 4648}},
       {{{2, 1213, 2, 5067},
         {0, 638, 0, 2758},
         {2, 817, 0, 3231},
         {8, 1347, 1, 5572},
         {1, 579, 1, 3496},
         {3, 968, 0, 3677}}},
       {{269, 4611}},
       70,
       105,
       105,
       225,
       300,
       504},
      {"PT-20180403",
       19782,
       63,
       4169,
       15550,
       78,
       63907,
       12202,
       19,
       4143,
       73,
       6654749,
       19782,
       {{5587, 8833, 9559, 9808, 10415, 9569, 10136}},
       {{{1, 1290, 4, 7538},
         {0, 920, 0, 8639},
         {0, 942, 1, 8865},
         {6, 1702, 7, 8700},
         {0, 460, 6, 9103},
         {14, 855, 1, 9266}}},
       {{13, 5574}},
       66,
       153,
       50,
       208,
       502,
       802},
      {"LU-20180423",
       6800,
       4,
       686,
       6110,
       89,
       21284,
       5622,
       26,
       1966,
       67,
       1432136,
       6800,
       {{1213, 2839, 3075, 3185, 4194, 3503, 3275}},
       {{{0, 347, 0, 2492},
         {0, 139, 1, 2935},
         {0, 134, 0, 3051},
         {1, 477, 0, 3716},
         {0, 64, 0, 3439},
         {1, 117, 0, 3157}}},
       {{1, 1212}},
       34,
       44,
       20,
       78,
       90,
       278},
      {"UY-20180424",
       1878,
       0,
       336,
       1542,
       82,
       4806,
       1355,
       28,
       720,
       53,
       2456088,
       1878,
       {{227, 572, 826, 830, 918, 631, 802}},
       {{{0, 184, 2, 386},
         {0, 163, 0, 663},
         {0, 113, 0, 717},
         {0, 189, 1, 728},
         {0, 44, 0, 587},
         {1, 78, 0, 723}}},
       {{4, 223}},
       8,
       31,
       3,
       38,
       23,
       119},
      {"NZ-20180425",
       23333,
       3,
       11872,
       11458,
       49,
       33424,
       10657,
       31,
       5814,
       49,
       7214376,
       23333,
       {{3191, 4912, 4644, 4805, 6018, 4566, 5288}},
       {{{2, 1904, 1, 3007},
         {0, 871, 0, 3773},
         {3, 850, 0, 3952},
         {1, 1414, 1, 4602},
         {0, 439, 0, 4127},
         {12, 899, 0, 4377}}},
       {{10, 3181}},
       62,
       98,
       39,
       165,
       235,
       411},
      {"NA-20180430",
       551,
       0,
       172,
       379,
       68,
       820,
       504,
       61,
       299,
       21,
       482835,
       551,
       {{139, 183, 78, 105, 172, 78, 65}},
       {{{0, 61, 0, 122},
         {0, 21, 0, 57},
         {2, 19, 0, 84},
         {0, 52, 0, 120},
         {0, 7, 0, 71},
         {3, 11, 0, 51}}},
       {{6, 133}},
       3,
       15,
       1,
       19,
       2,
       9},
      {"SG-20180430",
       73608,
       14,
       21871,
       51723,
       70,
       0,
       0,
       0,
       22644,
       56,
       8990690,
       73608,
       {{26966, 21922, 33525, 33930, 20841, 32340, 35001}},
       {{{1, 1096, 4, 20821},
         {1, 2116, 2, 31406},
         {3, 2012, 3, 31912},
         {3, 1179, 2, 19657},
         {0, 1091, 2, 31247},
         {8, 1825, 2, 33166}}},
       {{68, 26898}},
       157,
       178,
       287,
       484,
       1053,
       1513},
      {"SI-20180514",
       9759,
       0,
       1882,
       7877,
       80,
       26330,
       7421,
       28,
       3529,
       55,
       2641942,
       9759,
       {{1328, 5614, 3275, 3415, 5255, 3593, 3850}},
       {{{3, 1237, 0, 4374},
         {0, 796, 0, 2479},
         {3, 790, 1, 2621},
         {10, 1601, 0, 3644},
         {0, 569, 0, 3024},
         {9, 934, 1, 2906}}},
       {{7, 1321}},
       34,
       96,
       25,
       127,
       95,
       390},
  };
  return *kRows;
}

inline void PrintTo(const PaperRow& row, std::ostream* out) {
  *out << row.name;
}

class PaperRunBuilder {
 public:
  static std::unique_ptr<FakeRunReader> Build(const PaperRow& row) {
    PaperRunBuilder builder(row);
    builder.LayOut();
    builder.DealTlsPorts();
    builder.DealSsh();
    builder.AddKeys();
    builder.Store();
    return std::move(builder.reader_);
  }

 private:
  struct Host {
    uint32_t cluster = UINT32_MAX;
    uint32_t asn = 1;
    std::array<std::string, 7> keys;  // by kPaperPorts, "" = none
  };
  struct Group {
    size_t first = 0, size = 0;
    bool mixed = false, several_as = false, multikey = false, possible = false;
    bool ssh() const { return mixed || multikey || possible; }
  };

  explicit PaperRunBuilder(const PaperRow& row) : row_(row), ports_(row.ports) {
    if (ports_[0] + ports_[1] == 0) MakeUpPorts();
  }

  // 2017 has no Table VI: a fifth of the host/ports on SSH, but what the hosts without can take.
  void MakeUpPorts() {
    uint64_t left = row_.host_ports;
    ports_[0] = row_.host_ports / 5;
    left -= ports_[0];
    for (size_t p = 1; p < 7; ++p) {
      ports_[p] = left / (7 - p);
      left -= ports_[p];
    }
  }

  void LayOut() {
    std::vector<uint64_t> sizes;
    for (const PaperRun& run : kPaperRuns) {
      if (run.name != row_.name) continue;
      for (const auto& [size, count] : ParseSizes(run.sizes))
        sizes.insert(sizes.end(), count, size);
    }
    std::reverse(sizes.begin(), sizes.end());  // largest first: these get the signs
    for (const uint64_t size : sizes) {
      groups_.push_back({hosts_.size(), size});
      for (uint64_t i = 0; i < size; ++i) {
        hosts_.emplace_back().cluster = static_cast<uint32_t>(groups_.size() - 1);
      }
    }
    hosts_.resize(hosts_.size() + row_.local);
    // The signs one after another round the clusters that have any, so that they overlap in the
    // largest, which can have several.
    const uint64_t n = row_.not_multihomed;
    uint64_t at = 0;
    for (uint64_t i = 0; i < row_.mixed; ++i) groups_[at++ % n].mixed = true;
    for (uint64_t i = 0; i < row_.several_as; ++i) groups_[at++ % n].several_as = true;
    for (uint64_t i = 0; i < row_.multikey; ++i) groups_[at++ % n].multikey = true;
    for (uint64_t i = 0; i < row_.possible; ++i) groups_[groups_.size() - 1 - i].possible = true;
    for (const Group& group : groups_) {
      if (group.several_as) hosts_[group.first].asn = 2;
    }
  }

  void DealTlsPorts() {
    size_t at = 0;
    for (size_t p = 1; p < 7; ++p) {
      for (uint64_t i = 0; i < ports_[p]; ++i) {
        Host& host = hosts_[at % hosts_.size()];
        host.keys[p] = host.cluster == UINT32_MAX ? StrCat("local ", at % hosts_.size())
                                                  : StrCat("cluster ", host.cluster);
        ++at;
      }
    }
    keys_ = groups_.size() + row_.local;
  }

  void PutSsh(size_t host, const std::string& key, bool new_key) {
    hosts_[host].keys[0] = key;
    keys_ += new_key ? 1 : 0;
    --ssh_left_;
  }

  // What the classes ask for, then hosts alone, then members whose cluster stays what it is.
  void DealSsh() {
    ssh_left_ = ports_[0];
    for (size_t g = 0; g < groups_.size(); ++g) {
      const Group& group = groups_[g];
      // Without a sign of being mixed, all members of one run SSH.
      const bool all = group.possible || (group.multikey && !group.mixed);
      const size_t members = all ? group.size : group.multikey ? 2 : group.mixed ? 1 : 0;
      for (size_t i = 0; i < members; ++i) {
        const bool second = group.multikey && i == 1;
        PutSsh(group.first + i, StrCat("ssh ", g, second ? "b" : ""), i == 0 || second);
      }
    }
    for (size_t h = groups_.back().first + groups_.back().size; h < hosts_.size(); ++h) {
      if (ssh_left_ > 0) PutSsh(h, StrCat("ssh of ", h), true);
    }
    for (size_t g = 0; g < groups_.size(); ++g) {
      const Group& group = groups_[g];
      if (!group.ssh() && !group.several_as) continue;
      const size_t room = group.size - (group.mixed ? 1 : 0);
      // One in several ASes takes SSH on all members or on none: some would be a sign of its own.
      if (!group.ssh() && ssh_left_ < group.size) continue;
      for (size_t i = 0; i < room && ssh_left_ > 0; ++i) {
        if (!hosts_[group.first + i].keys[0].empty()) continue;
        PutSsh(group.first + i, StrCat("ssh ", g), !group.ssh() && i == 0);
      }
    }
  }

  // Keys of their own on every second and further TLS port of a host, until there are enough.
  void AddKeys() {
    for (size_t h = hosts_.size(); h-- > 0 && keys_ < row_.keys;) {
      bool first = true;
      for (size_t p = 1; p < 7 && keys_ < row_.keys; ++p) {
        if (hosts_[h].keys[p].empty()) continue;
        if (!first) {
          hosts_[h].keys[p] = StrCat("own ", h, " ", p);
          ++keys_;
        }
        first = false;
      }
    }
  }

  void Store() {
    proto::RunRow& run = reader_->mutable_run();
    run.set_id(1);
    run.set_name(std::string(row_.name));
    run.set_country(std::string(row_.name.substr(0, 2)));
    run.set_state(proto::RunRow::DONE);
    run.set_gate_port(25);
    for (const uint16_t port : kPaperPorts) run.add_ports(port);
    const uint64_t responders = row_.responders > 0 ? row_.responders : row_.records;
    const uint64_t probed = std::max(row_.probed, responders);
    run.set_planned(probed);
    proto::JobRow& sweep = reader_->AddJob(proto::JobRow::SWEEP, 0, probed);
    sweep.mutable_tally()->set_silent(probed - responders);
    sweep.mutable_tally()->set_answered(responders);
    proto::JobRow& grab = reader_->AddJob(proto::JobRow::GRAB_LISTENERS, 0, responders);
    grab.mutable_tally()->set_answered(row_.records);
    grab.mutable_tally()->set_excluded(responders - row_.records);
    for (const Host& host : hosts_) StoreHost(host);
    for (uint64_t i = 0; i < row_.no_crypto; ++i) reader_->AddHost(NextAddress());
    for (uint64_t i = 0; i < row_.abroad; ++i) {
      const Address address = NextAddress();
      reader_->AddHost(address, 1, proto::HostRow::OUT);
      // Its key is one of the largest cluster's, and joins nothing.
      reader_->AddPort(address, 443, {"cluster 0"});
    }
  }

  void StoreHost(const Host& host) {
    const Address address = NextAddress();
    reader_->AddHost(address, host.asn);
    for (size_t p = 0; p < 7; ++p) {
      if (host.keys[p].empty()) continue;
      proto::PortRow& port = reader_->AddPort(address, kPaperPorts[p], {host.keys[p]});
      const uint64_t nth = seen_[p]++;
      if (p == 0) {
        port.mutable_observation()->mutable_ssh()->set_identification(
            nth < row_.ssh[0] ? "SSH-1.99-x" : "SSH-2.0-x");
        continue;
      }
      uint64_t below = 0;
      uint32_t version = 0x0303;
      for (uint32_t v = 4; v-- > 0;) {
        below += row_.tls[p - 1][v];
        if (nth < below) {
          version = 0x0300 + v;
          break;
        }
      }
      port.mutable_observation()->mutable_tls()->set_version(version);
    }
  }

  Address NextAddress() { return Address::V4(0x0a000000 + 3 * ++addresses_); }

  const PaperRow& row_;
  std::array<uint64_t, 7> ports_;
  std::vector<Host> hosts_;  // clusters' members, largest first, then the hosts alone
  std::vector<Group> groups_;
  uint64_t keys_ = 0;
  uint64_t ssh_left_ = 0;
  std::array<uint64_t, 7> seen_{};
  uint32_t addresses_ = 0;
  std::unique_ptr<FakeRunReader> reader_ = std::make_unique<FakeRunReader>();
};

}  // namespace hark
