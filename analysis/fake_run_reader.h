#pragma once

// A run in memory, for tests: hosts and ports are put in, in any order, and come out as a store
// gives them. Keys go by name; equal names are equal keys.

#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/outcome.h"
#include "base/target_states.h"
#include "storage/run_reader.h"

namespace hark {

inline KeyId KeyNamed(std::string_view name) {
  return *KeyId::FromBytes(Sha256(name));
}

class FakeRunReader : public RunReader {
 public:
  proto::RunRow& mutable_run() { return run_; }
  proto::PurgeRow& mutable_purged() { return purged_; }
  void SetTargets(std::string encoded) { targets_ = std::move(encoded); }
  void SetLeftOut(std::string encoded) { left_out_ = std::move(encoded); }
  void PutSwept(uint64_t first_index, const TargetStates& states) {
    swept_[first_index].set_targets(states.size());
    swept_[first_index].set_states(states.bytes());
  }
  void AddListener(const Address& address) { listeners_.push_back(address); }

  proto::HostRow& AddHost(const Address& address, uint32_t asn = 1,
                          proto::HostRow::Country country = proto::HostRow::IN) {
    proto::HostRow& row = hosts_[address];
    row.set_asn(asn);
    row.set_in_country(country);
    return row;
  }

  // A port of a host that was added; further calls add further keys.
  proto::PortRow& AddPort(const Address& address, uint16_t port,
                          const std::vector<std::string>& keys, Outcome outcome = Outcome::kOk,
                          Stage stage = Stage::kDone) {
    proto::PortRow& row = ports_[{address, port}];
    row.mutable_observation()->set_port(port);
    row.mutable_observation()->set_protocol(static_cast<uint32_t>(ProtocolOfPort(port)));
    row.mutable_observation()->set_outcome(static_cast<uint32_t>(outcome));
    row.mutable_observation()->set_stage(static_cast<uint32_t>(stage));
    std::set<std::string> ids(row.keys().begin(), row.keys().end());
    for (const std::string& key : keys) ids.emplace(KeyNamed(key).bytes());
    row.clear_keys();
    for (const std::string& id : ids) row.add_keys(id);
    return row;
  }

  proto::JobRow& AddJob(proto::JobRow::Kind kind, uint64_t base, uint64_t end) {
    proto::JobRow& job = jobs_.emplace_back();
    job.set_id(static_cast<uint32_t>(jobs_.size()));
    job.set_kind(kind);
    job.set_state(proto::JobRow::DONE);
    job.set_base(base);
    job.set_end(end);
    job.set_cursor(end);
    return job;
  }

  const proto::RunRow& run() const override { return run_; }

  Status ForEachHost(
      const std::function<Status(const Address&, const proto::HostRow&)>& visit) const override {
    for (const auto& [address, row] : hosts_) HARK_RETURN_IF_ERROR(visit(address, row));
    return Status::Ok();
  }

  Status ForEachPort(const std::function<Status(const Address&, uint16_t, const proto::PortRow&)>&
                         visit) const override {
    for (const auto& [where, row] : ports_) {
      HARK_RETURN_IF_ERROR(visit(where.first, where.second, row));
    }
    return Status::Ok();
  }

  Status ForEachKeyUse(const std::function<Status(const KeyUse&)>& visit) const override {
    std::set<KeyUse> uses;
    for (const auto& [where, row] : ports_) {
      for (const std::string& key : row.keys()) {
        uses.insert({*KeyId::FromBytes(key), where.first, where.second});
      }
    }
    for (const KeyUse& use : uses) HARK_RETURN_IF_ERROR(visit(use));
    return Status::Ok();
  }

  Status ForEachJob(const std::function<Status(const proto::JobRow&)>& visit) const override {
    for (const proto::JobRow& job : jobs_) HARK_RETURN_IF_ERROR(visit(job));
    return Status::Ok();
  }

  Result<proto::PurgeRow> Purged() const override { return purged_; }
  Result<std::string> TargetSet() const override {
    return targets_.empty() ? Result<std::string>(NotFound("no target set")) : targets_;
  }
  Result<std::string> LeftOut() const override {
    return left_out_.empty() ? Result<std::string>(NotFound("not told")) : left_out_;
  }
  Status ForEachListener(const std::function<Status(const Address&)>& visit) const override {
    for (const Address& address : listeners_) HARK_RETURN_IF_ERROR(visit(address));
    return Status::Ok();
  }

  Status ForEachSwept(
      const std::function<Status(uint64_t, const proto::SweptRow&)>& visit) const override {
    for (const auto& [first, row] : swept_) HARK_RETURN_IF_ERROR(visit(first, row));
    return Status::Ok();
  }

  // Its SHA-256, for chain_sha256.
  std::string AddCertificate(const std::string& der) {
    const std::string sha256 = Sha256(der);
    certificates_[sha256] = der;
    return sha256;
  }
  Result<std::string> Certificate(std::string_view sha256) const override {
    ++certificates_read_;
    const auto at = certificates_.find(sha256);
    if (at == certificates_.end()) return NotFound("no such certificate");
    return at->second;
  }
  uint64_t certificates_read() const { return certificates_read_; }

 private:
  proto::RunRow run_;
  proto::PurgeRow purged_;
  std::string targets_, left_out_;
  std::vector<Address> listeners_;
  std::map<uint64_t, proto::SweptRow> swept_;
  std::map<Address, proto::HostRow> hosts_;
  std::map<std::pair<Address, uint16_t>, proto::PortRow> ports_;
  std::vector<proto::JobRow> jobs_;
  std::map<std::string, std::string, std::less<>> certificates_;
  mutable uint64_t certificates_read_ = 0;
};

}  // namespace hark
