#include "analysis/scope.h"

#include <algorithm>
#include <utility>

#include "analysis/scope_keys.h"

namespace hark {
namespace {

// Addresses in ascending order, put in once.
class HostSet {
 public:
  void Add(const Address& address) {
    if (address.is_v4()) {
      v4_.push_back(address.v4());
    } else {
      v6_.push_back(address);
    }
  }
  bool Contains(const Address& address) const {
    return address.is_v4() ? std::binary_search(v4_.begin(), v4_.end(), address.v4())
                           : std::binary_search(v6_.begin(), v6_.end(), address);
  }

 private:
  std::vector<uint32_t> v4_;
  std::vector<Address> v6_;
};

template <typename T>
bool Among(const std::vector<T>& values, const T& value) {
  return std::find(values.begin(), values.end(), value) != values.end();
}

bool HostInScope(const Scope& scope, const Address& address, const proto::HostRow& row) {
  const int64_t visited = row.started_unix_ms() + row.clock_offset_ms();
  return (scope.asns.empty() || Among(scope.asns, row.asn())) &&
         (scope.countries.empty() || Among(scope.countries, row.country())) &&
         (!scope.prefixes || scope.prefixes->Contains(address)) &&
         (!scope.since_unix_ms || visited >= *scope.since_unix_ms) &&
         (!scope.until_unix_ms || visited < *scope.until_unix_ms);
}

class ScopedReader final : public RunReader {
 public:
  ScopedReader(std::unique_ptr<RunReader> inner, Scope scope)
      : inner_(std::move(inner)), scope_(std::move(scope)), run_(inner_->run()) {
    if (scope_.ports.empty()) return;
    run_.clear_ports();
    for (const uint32_t port : inner_->run().ports()) {
      if (Among(scope_.ports, static_cast<uint16_t>(port))) run_.add_ports(port);
    }
  }

  Status Prepare() {
    if (scope_.chooses_hosts()) {
      HARK_RETURN_IF_ERROR(
          inner_->ForEachHost([&](const Address& address, const proto::HostRow& row) {
            if (HostInScope(scope_, address, row)) hosts_.Add(address);
            return Status::Ok();
          }));
    }
    return keys_.Prepare(*inner_, scope_, [&](const Address& address, uint16_t port) {
      return Has(address) && Has(port);
    });
  }

  const proto::RunRow& run() const override { return run_; }

  Status ForEachHost(const HostVisit& visit) const override {
    return inner_->ForEachHost(Narrow(visit));
  }
  Status ForEachHostFrom(const Address& from, const HostVisit& visit) const override {
    return inner_->ForEachHostFrom(from, Narrow(visit));
  }
  Status ForEachPort(const PortVisit& visit) const override {
    return inner_->ForEachPort(Narrow(visit));
  }
  Status ForEachPortFrom(const Address& from, uint16_t from_port,
                         const PortVisit& visit) const override {
    return inner_->ForEachPortFrom(from, from_port, Narrow(visit));
  }
  Status ForEachRecord(const HostVisit& visit_host, const PortVisit& visit_port) const override {
    return inner_->ForEachRecord(Narrow(visit_host), Narrow(visit_port));
  }
  Status ForEachKeyUse(const KeyVisit& visit) const override {
    return inner_->ForEachKeyUse(Narrow(visit));
  }
  Status ForEachKeyUseFrom(const KeyUse& from, const KeyVisit& visit) const override {
    return inner_->ForEachKeyUseFrom(from, Narrow(visit));
  }

  Status ForEachJob(const std::function<Status(const proto::JobRow&)>& visit) const override {
    return inner_->ForEachJob(visit);
  }
  Result<proto::PurgeRow> Purged() const override { return inner_->Purged(); }
  Result<std::string> TargetSet() const override { return inner_->TargetSet(); }
  Result<std::string> LeftOut() const override { return inner_->LeftOut(); }
  Status ForEachListener(const std::function<Status(const Address&)>& visit) const override {
    return inner_->ForEachListener(visit);
  }
  Status ForEachSwept(
      const std::function<Status(uint64_t, const proto::SweptRow&)>& visit) const override {
    return inner_->ForEachSwept(visit);
  }
  Result<std::string> Certificate(std::string_view sha256) const override {
    return inner_->Certificate(sha256);
  }

 private:
  bool Has(const Address& address) const {
    return !scope_.chooses_hosts() || hosts_.Contains(address);
  }
  bool Has(uint16_t port) const { return scope_.ports.empty() || Among(scope_.ports, port); }

  HostVisit Narrow(const HostVisit& visit) const {
    return [&](const Address& address, const proto::HostRow& row) {
      if (!Has(address)) return Status::Ok();
      if (scope_.countries.empty() || row.in_country() == proto::HostRow::IN) {
        return visit(address, row);
      }
      // Abroad for the run, at home in the scope.
      proto::HostRow at_home = row;
      at_home.set_in_country(proto::HostRow::IN);
      return visit(address, at_home);
    };
  }

  PortVisit Narrow(const PortVisit& visit) const {
    return [&](const Address& address, uint16_t port, const proto::PortRow& row) {
      if (!Has(port) || !Has(address)) return Status::Ok();
      if (keys_.AllOf(address, port, row)) return visit(address, port, row);
      return visit(address, port, keys_.Narrowed(*inner_, address, port, row));
    };
  }

  KeyVisit Narrow(const KeyVisit& visit) const {
    return [&](const KeyUse& use) {
      const bool in = Has(use.port) && keys_.Has(use) && Has(use.address);
      return in ? visit(use) : Status::Ok();
    };
  }

  std::unique_ptr<RunReader> inner_;
  Scope scope_;
  proto::RunRow run_;
  HostSet hosts_;  // empty unless the scope chooses hosts
  ScopeKeys keys_;
};

}  // namespace

Result<std::unique_ptr<RunReader>> Scoped(std::unique_ptr<RunReader> reader, const Scope& scope) {
  if (scope.empty()) return reader;
  auto scoped = std::make_unique<ScopedReader>(std::move(reader), scope);
  HARK_RETURN_IF_ERROR(scoped->Prepare());
  return std::unique_ptr<RunReader>(std::move(scoped));
}

}  // namespace hark
