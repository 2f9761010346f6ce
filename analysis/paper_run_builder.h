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
#include <string>
#include <string_view>
#include <vector>

#include "analysis/fake_run_reader.h"
#include "analysis/paper_rows_fixture.h"
#include "analysis/paper_runs_fixture.h"
#include "base/strings.h"

namespace hark {

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
