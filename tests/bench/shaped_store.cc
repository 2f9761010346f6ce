#include "tests/bench/shaped_store.h"

#include <algorithm>
#include <array>
#include <vector>

#include "analysis/paper_runs_fixture.h"
#include "base/bytes.h"
#include "base/outcome.h"
#include "base/random.h"
#include "base/strings.h"
#include "keys/certificate.h"
#include "storage/store.h"
#include "tests/bench/fleet/synthetic_hosts.h"

namespace hark::bench {
namespace {

constexpr std::array<uint16_t, 7> kPorts = {22, 25, 110, 143, 443, 587, 993};
constexpr size_t kSsh = 0, kHttps = 4;
constexpr uint8_t kSshBit = 1 << kSsh;
constexpr size_t kWriteBytes = 8 << 20;
constexpr int64_t kCreatedMs = 1'525'075'200'000;  // 2018-04-30T08:00:00Z
// Surveys store every port that was asked. Of this many hosts and more only those with a key are
// stored: two a host are what the bench is about.
constexpr uint64_t kManyHosts = 1'000'000;
constexpr uint32_t kFirstAddress = 0x0b000000;

// Which ports each crypto host has, a bit each; the members of clusters are the first hosts.
class PortPlan {
 public:
  explicit PortPlan(const StoreShape& shape) : ports_(shape.crypto_hosts) {
    for (size_t i = 0; i < kPorts.size(); ++i) left_[i] = shape.hosts_on_port.at(kPorts[i]);
    JoinClusters(shape);
    for (size_t host = 0; host < ports_.size(); ++host) {
      if (ports_[host] == 0) Give(host, MostLeft());
    }
    for (size_t i = 0; i < kPorts.size(); ++i) Spread(i);
  }

  uint8_t of(size_t host) const { return ports_[host]; }

 private:
  // The first of a cluster has SSH and TLS, so that those with only one of them are joined.
  void JoinClusters(const StoreShape& shape) {
    size_t host = 0;
    for (const auto& [size, count] : shape.clusters_of_size) {
      for (uint64_t i = 0; i < count; ++i, host += size) {
        Give(host, kSsh);
        Give(host, kHttps);
      }
    }
  }

  void Give(size_t host, size_t port) {
    ports_[host] = static_cast<uint8_t>(ports_[host] | 1U << port);
    left_[port] -= left_[port] > 0 ? 1 : 0;
  }
  size_t MostLeft() const {
    return static_cast<size_t>(std::max_element(left_.begin(), left_.end()) - left_.begin());
  }

  void Spread(size_t port) {
    size_t host = random_.Below(ports_.size());
    for (size_t tried = 0; left_[port] > 0 && tried < ports_.size(); ++tried) {
      if ((ports_[host] >> port & 1) == 0) Give(host, port);
      host = (host + 1) % ports_.size();
    }
  }

  std::vector<uint8_t> ports_;
  std::array<uint64_t, kPorts.size()> left_{};
  Random random_{1};
};

// What an owner of keys shows; hosts of a cluster have one owner.
class Owner {
 public:
  Owner(const SyntheticHosts& hosts, uint32_t number) : number_(number) {
    // Numbers that end in 3 to 9 have keys of their own there.
    const proto::HostObservation visit = hosts.Visit(Address::V4(number * 10 + 3), 0, 0);
    ssh_.CopyFrom(visit.ports(0));
    tls_.CopyFrom(visit.ports(1));
    for (std::string& der : *tls_.mutable_tls()->mutable_chain()) {
      certificates_.emplace_back(Sha256(der), std::move(der));
    }
    tls_.mutable_tls()->clear_chain();
    for (const auto& [sha256, der] : certificates_) tls_.mutable_tls()->add_chain_sha256(sha256);
    tls_key_ = KeyIdOfCertificate(certificates_[0].second).value_or(KeyId());
  }

  uint32_t number() const { return number_; }
  const std::vector<std::pair<std::string, std::string>>& certificates() const {
    return certificates_;
  }

  proto::PortRow Row(uint16_t port) const {
    proto::PortRow row;
    *row.mutable_observation() = port == 22 ? ssh_ : tls_;
    proto::PortObservation& seen = *row.mutable_observation();
    seen.set_port(port);
    seen.set_protocol(static_cast<uint32_t>(ProtocolOfPort(port)));
    if (port != 22) {
      // A mix of versions, the same on every port of an owner.
      constexpr std::array<uint32_t, 6> kVersions = {0x0301, 0x0303, 0x0303,
                                                     0x0303, 0x0304, 0x0304};
      seen.mutable_tls()->set_version(kVersions[number_ % kVersions.size()]);
      row.add_keys(std::string(tls_key_.bytes()));
      return row;
    }
    for (uint64_t i = 0; i < 3; ++i) row.add_keys(SshKey(i));
    std::sort(row.mutable_keys()->begin(), row.mutable_keys()->end());
    return row;
  }

 private:
  // The analysis takes ids as they are stored: real ones would cost the filling an hour.
  std::string SshKey(uint64_t i) const {
    ByteWriter seed;
    seed.U64(number_);
    seed.U64(i);
    return Sha256(seed.str());
  }

  uint32_t number_;
  proto::PortObservation ssh_, tls_;
  std::vector<std::pair<std::string, std::string>> certificates_;
  KeyId tls_key_;
};

class Filler {
 public:
  Filler(Store& store, const StoreShape& shape, const SyntheticHosts& hosts)
      : store_(store), shape_(shape), hosts_(hosts), plan_(shape), write_(store.NewWrite()) {
    number_of_.reserve(shape.crypto_hosts);
    uint32_t owner = 0;
    for (const auto& [size, count] : shape.clusters_of_size) {
      for (uint64_t i = 0; i < count; ++i, ++owner)
        number_of_.insert(number_of_.end(), size, owner);
    }
    while (number_of_.size() < shape.crypto_hosts) number_of_.push_back(owner++);
    // Members of a cluster lie anywhere in the address space, as they do.
    order_.resize(shape.crypto_hosts + shape.other_hosts);
    for (uint32_t i = 0; i < order_.size(); ++i) order_[i] = i;
    Random random(2);
    for (size_t i = order_.size(); i > 1; --i) std::swap(order_[i - 1], order_[random.Below(i)]);
  }

  Status Fill() {
    PutRun();
    for (size_t i = 0; i < order_.size(); ++i) {
      PutHost(Address::V4(kFirstAddress + static_cast<uint32_t>(i) * 3), order_[i]);
      if (write_->bytes() >= kWriteBytes) HARK_RETURN_IF_ERROR(Commit(false));
    }
    return Commit(true);
  }

 private:
  void PutRun() {
    proto::RunRow run;
    run.set_id(1);
    run.set_name(shape_.run);
    run.set_country("IE");
    run.set_planned(order_.size());
    for (const uint16_t port : kPorts) run.add_ports(port);
    run.set_created_unix_ms(kCreatedMs);
    run.set_finished_unix_ms(kCreatedMs + 86'400'000);
    run.set_state(proto::RunRow::DONE);
    write_->PutRun(run);
    proto::JobRow job;
    job.set_id(1);
    job.set_kind(proto::JobRow::GRAB_TARGETS);
    job.set_state(proto::JobRow::DONE);
    job.set_end(order_.size());
    job.set_cursor(order_.size());
    job.mutable_tally()->set_answered(order_.size());
    write_->PutJob(1, job);
  }

  void PutHost(const Address& address, uint32_t host) {
    proto::HostRow row;
    row.set_in_country(proto::HostRow::IN);
    row.set_country("IE");
    row.set_asn(64496 + address.v4() / 4096 % 512);
    row.set_started_unix_ms(kCreatedMs + host);
    row.set_duration_ms(8200);
    row.set_worker(std::string(32, 'w'));
    row.set_job(1);
    write_->PutHost(1, address, row);
    const uint8_t ports = host < shape_.crypto_hosts ? plan_.of(host) : 0;
    std::optional<Owner> owner;
    if (ports != 0) owner.emplace(hosts_, number_of_[host]);
    for (size_t i = 0; i < kPorts.size(); ++i) {
      if ((ports >> i & 1) != 0) {
        write_->PutNewPort(1, address, kPorts[i], owner->Row(kPorts[i]));
      } else if (order_.size() < kManyHosts) {
        PutClosedPort(address, kPorts[i]);
      }
    }
    if ((ports & ~kSshBit) == 0) return;
    for (const auto& [sha256, der] : owner->certificates()) write_->PutCertificate(sha256, der);
  }

  void PutClosedPort(const Address& address, uint16_t port) {
    proto::PortRow row;
    row.mutable_observation()->set_port(port);
    row.mutable_observation()->set_protocol(static_cast<uint32_t>(ProtocolOfPort(port)));
    row.mutable_observation()->set_outcome(static_cast<uint32_t>(Outcome::kRefused));
    row.mutable_observation()->set_stage(static_cast<uint32_t>(Stage::kConnect));
    write_->PutNewPort(1, address, port, row);
  }

  Status Commit(bool sync) {
    HARK_RETURN_IF_ERROR(store_.Commit(*write_, sync));
    write_ = store_.NewWrite();
    return Status::Ok();
  }

  Store& store_;
  const StoreShape& shape_;
  const SyntheticHosts& hosts_;
  PortPlan plan_;
  std::unique_ptr<StoreWrite> write_;
  std::vector<uint32_t> number_of_;  // owner, by crypto host
  std::vector<uint32_t> order_;      // host, by place in the address space
};

std::map<uint64_t, uint64_t> PaperSizes(std::string_view run) {
  for (const PaperRun& paper : kPaperRuns) {
    if (paper.name == run) return ParseSizes(paper.sizes);
  }
  return {};
}

}  // namespace

Result<StoreShape> ShapeNamed(const std::string& name) {
  // Table VI of the paper, and its crypto and other hosts.
  if (name == "ie") {
    return StoreShape{
        "IE-sized",
        18268,
        6506,
        {{22, 6902}, {25, 9901}, {110, 6008}, {143, 6547}, {443, 12861}, {587, 5370}, {993, 6858}},
        PaperSizes("IE-20180316")};
  }
  const StoreShape sg = {"SG-sized",
                         51723,
                         21885,
                         {{22, 26966},
                          {25, 21922},
                          {110, 33525},
                          {143, 33930},
                          {443, 20841},
                          {587, 32340},
                          {993, 35001}},
                         PaperSizes("SG-20180430")};
  if (name == "sg") return sg;
  if (name != "million" && name != "big") {
    return InvalidInput("no such shape; there are ie, sg, million and big");
  }
  // Singapore's clusters, so many times that half of the hosts are in one.
  const uint64_t millions = name == "big" ? 10 : 1;
  StoreShape big = {name,
                    millions * 1'000'000,
                    0,
                    {{22, 500'000},
                     {25, 300'000},
                     {110, 150'000},
                     {143, 150'000},
                     {443, 600'000},
                     {587, 150'000},
                     {993, 150'000}},
                    sg.clusters_of_size};
  for (auto& [port, hosts] : big.hosts_on_port) hosts *= millions;
  for (auto& [size, count] : big.clusters_of_size) count *= 19 * millions;
  return big;
}

Status FillStore(const std::string& directory, const StoreShape& shape) {
  HARK_ASSIGN_OR_RETURN(const SyntheticHosts hosts, SyntheticHosts::Make());
  HARK_ASSIGN_OR_RETURN(const std::unique_ptr<Store> store,
                        Store::Open(directory, Store::Mode::kReadWrite));
  return Filler(*store, shape, hosts).Fill();
}

}  // namespace hark::bench
