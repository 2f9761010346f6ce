#include "analysis/report.h"

#include <algorithm>

#include "base/ssh_port.h"
#include "base/strings.h"

namespace hark {
namespace {

Outcome OutcomeOf(const proto::PortObservation& observation) {
  // A newer worker's outcome is nothing this report has a name for: no verdict.
  if (observation.outcome() >= kOutcomeCount) return Outcome::kLocalError;
  return static_cast<Outcome>(observation.outcome());
}

// The pass over all (host, port) of a run.
class PortPass {
 public:
  PortPass(const HostTable& hosts, RunReport& report) : hosts_(hosts), report_(report) {}
  // Every host/port from here on; pass must outlive the visits.
  void TellOf(FactsPass& pass) { facts_ = &pass; }

  Status Visit(const Address& address, uint16_t port, const proto::PortRow& row) {
    if (!Find(address)) {
      return Corruption(
          StrCat("port ", port, " of ", address.ToString(), " is stored, the host is not"));
    }
    const proto::PortObservation& seen = row.observation();
    PortCounts& counts = report_.ports[port];
    ++counts.outcomes[OutcomeOf(seen)];
    if (seen.stage() != static_cast<uint32_t>(Stage::kConnect)) Mark(answered_);
    if (IsSshPort(port) && row.keys_size() == 0 && OutcomeOf(seen) == Outcome::kThrottled) {
      Mark(ssh_throttled_);
    }
    if (!hosts_.takes_part(host_)) return Status::Ok();
    if (row.keys_size() > 0) CountKeys(row, counts);
    return facts_ == nullptr ? Status::Ok() : facts_->Visit(host_, port, row);
  }

  bool answered(uint32_t host) const { return host < answered_.size() && answered_[host]; }
  // Runs SSH, but showed no key.
  bool ssh_throttled(uint32_t host) const {
    return host < ssh_throttled_.size() && ssh_throttled_[host];
  }
  uint64_t key_uses() const { return key_uses_; }

 private:
  // Ports come in address order as hosts do. The table may still be growing: a host is in it before
  // its ports come.
  bool Find(const Address& address) {
    while (host_ < hosts_.size() && hosts_.address(host_) < address) ++host_;
    return host_ < hosts_.size() && hosts_.address(host_) == address;
  }

  void Mark(std::vector<bool>& hosts) const {
    if (hosts.size() <= host_) hosts.resize(hosts_.size());
    hosts[host_] = true;
  }

  void CountKeys(const proto::PortRow& row, PortCounts& counts) {
    const proto::PortObservation& seen = row.observation();
    key_uses_ += static_cast<uint64_t>(row.keys_size());
    ++counts.host_ports;
    ++report_.host_ports;
    if (seen.has_tls() && seen.tls().version() != 0) {
      ++counts.tls_versions[TlsVersionName(seen.tls().version())];
    }
    if (seen.has_ssh()) ++report_.ssh_versions[SshVersionName(seen.ssh().identification())];
  }

  const HostTable& hosts_;
  RunReport& report_;
  uint32_t host_ = 0;  // the one that is being visited
  FactsPass* facts_ = nullptr;
  std::vector<bool> answered_;
  std::vector<bool> ssh_throttled_;
  uint64_t key_uses_ = 0;
};

void NoteThrottled(const PortPass& ports, Clustering& clustering) {
  for (Cluster& cluster : clustering.clusters) {
    cluster.ssh_throttled = static_cast<uint32_t>(
        std::count_if(cluster.members.begin(), cluster.members.end(),
                      [&](uint32_t host) { return ports.ssh_throttled(host); }));
  }
}

void Describe(const proto::RunRow& run, RunReport& report) {
  report.run = run.name();
  report.country = run.country();
  report.done = run.state() == proto::RunRow::DONE;
  report.started_unix_ms = run.created_unix_ms();
  report.finished_unix_ms = run.finished_unix_ms();
  report.gate_port = run.gate_port();
  report.exclusions_version = run.exclusions_version();
  report.geo_sources.assign(run.geo_sources().begin(), run.geo_sources().end());
  for (const uint32_t port : run.ports()) report.ports[static_cast<uint16_t>(port)];
}

void CountHosts(const HostTable& hosts, const PortPass& ports, RunReport& report) {
  for (uint32_t host = 0; host < hosts.size(); ++host) {
    // Behind a gate every grabbed host is a listener: the gate answered, whatever came later. IPv6
    // hosts are visited without one.
    const bool gated = report.gate_port != 0 && hosts.address(host).is_v4();
    if (!gated && !ports.answered(host)) continue;
    ++report.listeners;
    const bool abroad = hosts.in_country(host) == proto::HostRow::OUT;
    if (abroad) ++report.out_of_country;
    if (!abroad && hosts.answers_all(host)) ++report.answers_all;
    if (hosts.in_country(host) == proto::HostRow::UNKNOWN) ++report.country_unknown;
  }
  const uint64_t apart = report.answers_all_included ? 0 : report.answers_all;
  report.in_country = report.listeners - report.out_of_country - apart;
}

void CountClusters(const Clustering& clustering, RunReport& report) {
  report.crypto = clustering.crypto_hosts;
  report.no_crypto = report.in_country - std::min(report.in_country, report.crypto);
  report.unique_keys = clustering.unique_keys;
  report.clustered = clustering.clustered_hosts;
  report.local_only = report.crypto - report.clustered;
  report.sizes = MeasureSizes(clustering.clusters);
  report.multihomed = CountMultihomed(clustering.clusters);
  report.most_reused = clustering.most_reused;
}

}  // namespace

std::string TlsVersionName(uint32_t wire_version) {
  switch (wire_version) {
    case 0x0300:
      return "SSLv3";
    case 0x0301:
      return "TLSv1.0";
    case 0x0302:
      return "TLSv1.1";
    case 0x0303:
      return "TLSv1.2";
    case 0x0304:
      return "TLSv1.3";
    default:  // a number off the wire, not an enum
      return "other";
  }
}

std::string SshVersionName(std::string_view identification) {
  constexpr size_t kMaxVersion = 5;  // "1.99" and a digit to spare
  const std::vector<std::string_view> parts = Split(identification, '-');
  if (parts.size() < 3 || parts[0] != "SSH") return "other";
  const std::string_view version = parts[1];
  const bool number = !version.empty() && version.size() <= kMaxVersion &&
                      version.find_first_not_of("0123456789.") == version.npos;
  return number ? std::string(version) : "other";
}

Result<RunAnalysis> AnalyseRun(const RunReader& reader, bool include_answers_all,
                               const FactsOptions* facts) {
  RunAnalysis out;
  RunReport& report = out.report;
  report.answers_all_included = include_answers_all;
  Describe(reader.run(), report);
  out.hosts = HostTable(include_answers_all);
  PortPass ports(out.hosts, report);
  const auto add = [&](const Address& address, const proto::HostRow& row) {
    return out.hosts.Add(address, row);
  };
  const auto visit = [&](const Address& address, uint16_t port, const proto::PortRow& row) {
    return ports.Visit(address, port, row);
  };
  // What certificates tell depends on who is in which cluster, so then the ports come last.
  HARK_RETURN_IF_ERROR(facts == nullptr ? reader.ForEachRecord(add, visit)
                                        : reader.ForEachHost(add));
  out.hosts.Complete();
  HARK_ASSIGN_OR_RETURN(out.clustering, FindClusters(reader, out.hosts));
  if (facts != nullptr) {
    FactsPass pass(reader, out.hosts, out.clustering, *facts);
    ports.TellOf(pass);
    HARK_RETURN_IF_ERROR(reader.ForEachPort(visit));
    HARK_ASSIGN_OR_RETURN(report.facts, pass.Finish());
  }
  CountHosts(out.hosts, ports, report);
  NoteThrottled(ports, out.clustering);
  CountClusters(out.clustering, report);
  HARK_ASSIGN_OR_RETURN(report.reuse, MeasureKeyReuse(reader, out.hosts, out.clustering));
  HARK_ASSIGN_OR_RETURN(report.coverage, ReadCoverage(reader));
  report.errors = report.coverage.errors;
  // The clusters come from the key index, the tables from the observations; they are written
  // together and must tell the same.
  if (ports.key_uses() != out.clustering.key_uses) {
    report.errors.push_back(StrCat("the key index holds ", out.clustering.key_uses,
                                   " uses of keys, the observations ", ports.key_uses()));
  }
  return out;
}

}  // namespace hark
