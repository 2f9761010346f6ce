#include "coordinator/audit.h"

#include <algorithm>
#include <cmath>
#include <iterator>

#include "base/bytes.h"
#include "base/outcome.h"
#include "coordinator/ingest.h"
#include "keys/key_id.h"

namespace hark {
namespace {

// Of a key id. Half of a SHA-256 is still more than anyone can find a second key for.
constexpr size_t kKeptKeyBytes = 16;
constexpr double kAccident = 1e-6;
// About as large as SWEEP jobs: every worker's share of the sample is about its share of the work,
// and an audit is worth a job.
constexpr uint64_t kBlocks = 64, kMinBlock = 1 << 10, kMaxBlock = 1 << 16;

// Distance of two coins, in nats; b is neither 0 nor 1.
double KullbackLeibler(double a, double b) {
  const double heads = a > 0 ? a * std::log(a / b) : 0;
  const double tails = a < 1 ? (1 - a) * std::log((1 - a) / (1 - b)) : 0;
  return heads + tails;
}

bool IsThrottled(const proto::PortObservation& port) {
  return port.outcome() == static_cast<uint32_t>(Outcome::kThrottled);
}

proto::AuditPort AuditPortOf(const proto::PortObservation& port) {
  proto::AuditPort kept;
  const auto outcome = static_cast<Outcome>(port.outcome());
  if (IsThrottled(port) || outcome == Outcome::kLocalError) {
    kept.set_unknown(true);
    return kept;
  }
  kept.set_complete(outcome == Outcome::kOk);
  for (const std::string& key : KeysOf(port)) kept.add_keys(key.substr(0, kKeptKeyBytes));
  return kept;
}

bool Agree(const proto::AuditPort& a, const proto::AuditPort& b) {
  const auto among = [](const proto::AuditPort& few, const proto::AuditPort& many) {
    return std::includes(many.keys().begin(), many.keys().end(), few.keys().begin(),
                         few.keys().end());
  };
  if (a.keys().empty() != b.keys().empty()) return false;
  if (a.complete() && b.complete()) return among(a, b) && among(b, a);
  return among(a, b) || among(b, a);
}

}  // namespace

AuditSample::AuditSample(std::string_view secret, uint32_t run, uint64_t planned, double share)
    : planned_(planned),
      block_(std::clamp(planned / kBlocks, kMinBlock, kMaxBlock)),
      share_(std::clamp(share, 0.0, 1.0)) {
  if (secret.empty() || !(share > 0)) return;
  ByteWriter out;
  out.String32(secret);
  out.U32(run);
  key_ = Sha256(out.str());
}

// The key is of fixed length and the result is not shown to anybody, so a plain hash will do.
uint64_t AuditSample::Draw(char kind, std::string_view what) const {
  ByteWriter out;
  out.Bytes(key_);
  out.U8(static_cast<uint8_t>(kind));
  out.Bytes(what);
  return ByteReader(Sha256(out.str())).U64();
}

AuditSample::Stretch AuditSample::StretchOf(uint64_t block) const {
  const uint64_t begin = block * block_;
  const uint64_t size = std::min(block_, planned_ - begin);
  const auto wanted = static_cast<uint64_t>(std::ceil(share_ * static_cast<double>(size)));
  const uint64_t length = std::min(wanted, size);
  ByteWriter which;
  which.U64(block);
  const uint64_t from = begin + Draw('s', which.str()) % (size - length + 1);
  return {from, from + length};
}

std::vector<AuditSample::Stretch> AuditSample::Within(uint64_t from, uint64_t to) const {
  std::vector<Stretch> out;
  if (key_.empty()) return out;
  to = std::min(to, planned_);
  for (uint64_t block = from / block_; block * block_ < to; ++block) {
    Stretch stretch = StretchOf(block);
    stretch.from = std::max(stretch.from, from);
    stretch.to = std::min(stretch.to, to);
    if (stretch.from < stretch.to) out.push_back(stretch);
  }
  return out;
}

bool AuditSample::Has(const Address& address) const {
  if (key_.empty()) return false;
  return static_cast<double>(Draw('h', address.SortKey())) * 0x1.0p-64 < share_;
}

std::optional<proto::AuditHost> AuditHostOf(const proto::HostObservation& host) {
  const auto& ports = host.ports();
  if (host.excluded() || std::any_of(ports.begin(), ports.end(), IsThrottled)) return std::nullopt;
  proto::AuditHost kept;
  kept.set_address(host.address());
  for (const proto::PortObservation& port : ports) *kept.add_ports() = AuditPortOf(port);
  return kept;
}

bool Forget(const AddressSet& who, const std::function<Address(uint64_t index)>& address_of,
            proto::AuditClaim* claim) {
  bool forgot = false;
  for (proto::AuditHost& host : *claim->mutable_hosts()) {
    const std::optional<Address> address = Address::FromBytes(host.address());
    if (!address || !who.Contains(*address)) continue;
    host.set_address(std::string(Address().bytes()));
    for (proto::AuditPort& port : *host.mutable_ports()) {
      port.Clear();
      port.set_unknown(true);
    }
    forgot = true;
  }
  auto& hits = *claim->mutable_hits();
  const auto end = std::remove_if(hits.begin(), hits.end(),
                                  [&](uint64_t index) { return who.Contains(address_of(index)); });
  forgot |= end != hits.end();
  hits.erase(end, hits.end());
  return forgot;
}

AuditCount& AuditCount::operator+=(const AuditCount& other) {
  audited += other.audited;
  disagreed += other.disagreed;
  return *this;
}

AuditCount CompareSweep(uint64_t from, uint64_t to, const std::vector<uint64_t>& seen,
                        uint64_t could_not, proto::AuditClaim* claim) {
  const auto& hits = claim->hits();
  const auto first = std::lower_bound(hits.begin(), hits.end(), from);
  const auto last = std::lower_bound(first, hits.end(), to);
  std::vector<uint64_t> both;
  std::set_intersection(first, last, seen.begin(), seen.end(), std::back_inserter(both));
  uint64_t missed = static_cast<uint64_t>(last - first) - both.size();
  uint64_t found = seen.size() - both.size();
  missed -= std::min(missed, could_not);
  const uint64_t excused = std::min(found, claim->doubtful());
  claim->set_doubtful(claim->doubtful() - excused);
  found -= excused;
  return {both.size() + missed + found, missed + found};
}

AuditCount CompareHost(const proto::AuditHost& claimed, const proto::HostObservation& seen) {
  AuditCount count;
  if (seen.excluded()) return count;
  for (int i = 0; i < std::min(claimed.ports_size(), seen.ports_size()); ++i) {
    const proto::AuditPort& first = claimed.ports(i);
    const proto::AuditPort second = AuditPortOf(seen.ports(i));
    const bool finding = !first.keys().empty() || !second.keys().empty();
    if (!finding || first.unknown() || second.unknown()) continue;
    ++count.audited;
    count.disagreed += Agree(first, second) ? 0 : 1;
  }
  return count;
}

bool StandsOut(const AuditCount& worker, const AuditCount& others) {
  if (std::min(worker.audited, others.audited) < kFewestAudited) return false;
  const auto n = static_cast<double>(worker.audited);
  const double rate = static_cast<double>(worker.disagreed) / n;
  // One of each beforehand: a few that all agree are no proof that all do.
  const double usual = std::max(kUsualDisagreement, static_cast<double>(others.disagreed + 1) /
                                                        static_cast<double>(others.audited + 2));
  return rate > usual && std::exp(-n * KullbackLeibler(rate, usual)) <= kAccident;
}

}  // namespace hark
