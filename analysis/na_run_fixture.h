#pragma once

// The paper's run NA-20180430 rebuilt as a FakeRunReader: 551 listeners among 482,835 addresses
// with the key sharing, AS numbers and TLS versions that give every published cell of its row.
// hark-lab serves the same run over real sockets; this one is for tests of the analysis.

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "analysis/fake_run_reader.h"
#include "base/strings.h"

namespace hark {

class NaRunFixture {
 public:
  static std::unique_ptr<FakeRunReader> Build() {
    NaRunFixture fixture;
    fixture.AddRun();
    fixture.AddLargestCluster();
    fixture.AddSmallClusters();
    for (int h = 1; h <= 299; ++h) fixture.AddLocalHost(h);
    fixture.AddHostsWithoutCrypto();
    return std::move(fixture.reader_);
  }

 private:
  static constexpr uint16_t kPorts[] = {22, 25, 110, 143, 443, 587, 993};
  using Keys = std::map<uint16_t, std::string>;

  void AddRun() {
    proto::RunRow& run = reader_->mutable_run();
    run.set_id(1);
    run.set_name("NA-20180430");
    run.set_country("NA");
    run.set_planned(482835);
    run.set_gate_port(25);
    for (const uint16_t port : kPorts) run.add_ports(port);
    run.set_created_unix_ms(1'525'075'200'000);   // 2018-04-30T08:00:00Z
    run.set_finished_unix_ms(1'525'078'800'000);  // an hour later
    run.set_state(proto::RunRow::DONE);
    proto::JobRow& sweep = reader_->AddJob(proto::JobRow::SWEEP, 0, 482835);
    sweep.mutable_tally()->set_silent(482000);
    sweep.mutable_tally()->set_refused(284);
    sweep.mutable_tally()->set_answered(551);
    reader_->AddJob(proto::JobRow::GRAB_LISTENERS, 0, 551).mutable_tally()->set_answered(551);
  }

  void AddHost(uint32_t asn, const Keys& keys) {
    const Address address = Address::V4(0x0a000000 + 7 * ++hosts_);
    reader_->AddHost(address, asn);
    for (const uint16_t port : kPorts) {
      const auto key = keys.find(port);
      if (key != keys.end()) {
        AddKeyPort(address, port, key->second);
      } else if (port == 25) {  // the gate answered, so something is there
        reader_->AddPort(address, port, {}, Outcome::kStartTlsRefused, Stage::kStartTls);
      } else {
        reader_->AddPort(address, port, {}, Outcome::kRefused, Stage::kConnect);
      }
    }
  }

  void AddKeyPort(const Address& address, uint16_t port, const std::string& key) {
    proto::PortRow& row = reader_->AddPort(address, port, {key});
    const uint32_t nth = seen_on_port_[port]++;
    if (port == 22) {  // 6 of the 139 say 1.99
      row.mutable_observation()->mutable_ssh()->set_identification(
          nth < 6 ? "SSH-1.99-OpenSSH_3.9p1" : "SSH-2.0-OpenSSH_7.4");
      return;
    }
    // SSLv3 and TLS 1.0 hosts a port; nobody spoke TLS 1.1, the rest spoke TLS 1.2.
    static const std::map<uint16_t, std::pair<uint32_t, uint32_t>> kOld = {
        {25, {0, 61}},  {110, {0, 21}}, {143, {2, 19}},
        {443, {0, 52}}, {587, {0, 7}},  {993, {3, 11}},
    };
    const auto [ssl3, tls10] = kOld.at(port);
    const uint32_t version = nth < ssl3 ? 0x0300 : nth < ssl3 + tls10 ? 0x0301 : 0x0303;
    row.mutable_observation()->mutable_tls()->set_version(version);
  }

  // Eight hosts in three ASes; K1 on port 25 of all, and on 443 of three.
  void AddLargestCluster() {
    const char* const on_443[] = {"K1", "K1", "K1", "K2", "K2", "K3", "K3", "K4"};
    const uint32_t asn[] = {1, 1, 1, 1, 2, 2, 2, 3};
    for (int i = 0; i < 8; ++i) AddHost(asn[i], {{25, "K1"}, {443, on_443[i]}});
  }

  // A key of its own on port 25 of all members; the first one in AS first_asn.
  void AddPlainCluster(int size, uint32_t first_asn) {
    const std::string key = StrCat("cluster ", ++clusters_);
    for (int i = 0; i < size; ++i) AddHost(i == 0 ? first_asn : 1, {{25, key}});
  }

  void AddSmallClusters() {
    AddPlainCluster(5, 2);
    AddPlainCluster(4, 2);
    for (int i = 0; i < 5; ++i) AddPlainCluster(3, 2);
    for (int i = 0; i < 7; ++i) AddPlainCluster(2, 2);
    for (int i = 0; i < 3; ++i) AddPlainCluster(3, 1);
    for (int i = 0; i < 6; ++i) AddPlainCluster(2, 1);
    for (int i = 0; i < 3; ++i) {
      AddHost(1, {{25, StrCat("mixed ", i)}, {22, StrCat("mixed ssh ", i)}});
      AddHost(1, {{25, StrCat("mixed ", i)}});
    }
    AddHost(1, {{25, "multikey"}, {22, "multikey ssh a"}});
    AddHost(1, {{25, "multikey"}, {22, "multikey ssh b"}});
    for (int i = 0; i < 3; ++i) AddHost(1, {{22, "possible a ssh"}, {443, "possible a tls"}});
    for (int i = 0; i < 2; ++i) AddHost(1, {{22, "possible b ssh"}, {443, "possible b tls"}});
  }

  void AddLocalHost(int h) {
    Keys keys;
    const std::string own = StrCat("local ", h);
    if (h <= 159) keys[443] = own;
    if (h <= 105) keys[143] = h <= 68 ? own + " second" : own;
    if (h <= 78) keys[110] = keys[587] = own;
    if (h <= 65) keys[993] = own;
    if (h >= 160 && h <= 267) keys[25] = own;
    if (h >= 171) keys[22] = own + " ssh";
    AddHost(1, keys);
  }

  void AddHostsWithoutCrypto() {
    for (int i = 0; i < 172; ++i) AddHost(1, {});
  }

  std::unique_ptr<FakeRunReader> reader_ = std::make_unique<FakeRunReader>();
  std::map<uint16_t, uint32_t> seen_on_port_;
  uint32_t hosts_ = 0;
  int clusters_ = 0;
};

}  // namespace hark
