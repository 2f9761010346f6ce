#include "exchange/ndjson_checks.h"

#include <algorithm>
#include <string>

#include "base/host_id.h"
#include "base/outcome.h"
#include "base/target_states.h"
#include "exchange/ndjson_format.h"
#include "keys/key_id.h"

namespace hark {
namespace {

constexpr size_t kMaxRunName = 255;
constexpr int kMaxNames = 65536;
constexpr size_t kMaxCountry = 16;
constexpr size_t kWorkerKey = 32;
constexpr uint32_t kMaxPort = 65535;

bool IsHashOrNone(const std::string& bytes) {
  return bytes.empty() || bytes.size() == KeyId::kSize;
}

bool IsAddress(const std::string& bytes) {
  return bytes.size() == 4 || bytes.size() == 16;
}

template <typename Strings>
bool AllOfSize(const Strings& strings, size_t size) {
  return std::all_of(strings.begin(), strings.end(),
                     [&](const std::string& text) { return text.size() == size; });
}

template <typename Numbers>
bool AllPorts(const Numbers& ports) {
  return std::all_of(ports.begin(), ports.end(),
                     [](uint32_t port) { return port > 0 && port <= kMaxPort; });
}

template <typename Strings>
bool AreNames(const Strings& names) {
  return names.size() <= kMaxNames &&
         std::all_of(names.begin(), names.end(),
                     [](const std::string& name) { return name.size() <= HostId::kMaxName; });
}

template <typename Strings>
bool IsChain(const Strings& hashes) {
  return hashes.size() <= kMaxChain && AllOfSize(hashes, KeyId::kSize);
}

bool AreSpans(const proto::RunRow& row) {
  const auto& spans = row.exclusions();
  return std::all_of(spans.begin(), spans.end(),
                     [](const std::string& span) { return span.size() == 8 || span.size() == 32; });
}

std::string_view WhyNotTls(const proto::TlsFacts& tls) {
  if (tls.chain_size() > 0 || tls.other_leaf().chain_size() > 0) {
    return "a row holds certificates where their hashes belong";
  }
  if (!IsChain(tls.chain_sha256()) || !IsChain(tls.other_leaf().chain_sha256())) {
    return "a chain is none";
  }
  return "";
}

}  // namespace

std::string_view WhyNotRun(const proto::RunRow& row) {
  if (row.name().empty() || row.name().size() > kMaxRunName) return "the run's name";
  if (!IsHashOrNone(row.target_set()) || !IsHashOrNone(row.targets6()) ||
      !IsHashOrNone(row.left_out())) {
    return "a target set's hash";
  }
  if (row.country().size() > kMaxCountry) return "the country";
  if (row.gate_port() > kMaxPort || !AllPorts(row.ports())) return "a port";
  if (!AreSpans(row)) return "the exclusions";
  if (!proto::RunRow::State_IsValid(row.state())) return "the state";
  return "";
}

std::string_view WhyNotJob(const proto::JobRow& row) {
  if (!proto::JobRow::Kind_IsValid(row.kind()) || !proto::JobRow::State_IsValid(row.state())) {
    return "a job of no kind or state we know";
  }
  if (row.base() > row.end() || row.cursor() > row.end()) return "a job's range";
  if (!IsHashOrNone(row.worker())) return "a job's worker";
  if (!AllOfSize(row.failed_workers(), kWorkerKey)) return "a job's workers";
  return AllPorts(row.ports()) ? "" : "a port";
}

std::string_view WhyNotHost(const proto::HostRow& row) {
  if (!proto::HostRow::Country_IsValid(row.in_country())) return "in_country";
  if (row.country().size() > kMaxCountry) return "the country";
  if (!IsHashOrNone(row.worker())) return "the worker";
  return AreNames(row.names()) ? "" : "a name";
}

std::string_view WhyNotPort(const proto::PortRow& row, uint16_t port) {
  const proto::PortObservation& seen = row.observation();
  if (seen.port() != port) return "the row is another port's";
  if (seen.outcome() >= kOutcomeCount || seen.stage() >= kStageCount ||
      seen.protocol() >= kProtocolCount) {
    return "an outcome, stage or protocol nobody knows";
  }
  const auto& keys = row.keys();
  if (keys.size() > kMaxKeysOfPort || !AllOfSize(keys, KeyId::kSize)) return "the keys";
  const bool ascending = std::is_sorted(keys.begin(), keys.end()) &&
                         std::adjacent_find(keys.begin(), keys.end()) == keys.end();
  if (!ascending) return "the keys are not in order";
  if (seen.ssh().keys_size() > kMaxKeysOfPort) return "the SSH keys";
  return WhyNotTls(seen.tls());
}

std::string_view WhyNotSwept(const proto::SweptRow& row) {
  return TargetStates::Decode(row.states(), row.targets()) ? "" : "the states of a sweep";
}

std::string_view WhyNotRevisit(const proto::RevisitRow& row) {
  if (!IsAddress(row.address())) return "an address";
  if (!AllPorts(row.ports())) return "a port";
  return AllOfSize(row.workers(), kWorkerKey) ? "" : "a worker";
}

std::string_view WhyNotNames(const proto::NameRow& row) {
  return AreNames(row.names()) ? "" : "a name";
}

}  // namespace hark
