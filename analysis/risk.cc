#include "analysis/risk.h"

#include <algorithm>
#include <cmath>

#include "analysis/cluster_sizes.h"
#include "analysis/multihomed.h"
#include "base/ssh_port.h"

namespace hark {
namespace {

ReuseCount Count(const std::vector<bool>& seen, const std::vector<bool>& reused) {
  return {static_cast<uint64_t>(std::count(seen.begin(), seen.end(), true)),
          static_cast<uint64_t>(std::count(reused.begin(), reused.end(), true))};
}

void Unite(const std::vector<bool>& from, std::vector<bool>& into) {
  if (into.empty()) into.resize(from.size());
  for (size_t i = 0; i < from.size(); ++i) {
    if (from[i]) into[i] = true;
  }
}

void CountPossible(const Clustering& clustering, RiskReport& report) {
  uint64_t possible = 0, members = 0;
  for (const Cluster& cluster : clustering.clusters) {
    if (ClassifyMultihomed(cluster) != MultihomedClass::kPossible) continue;
    ++possible;
    members += cluster.members.size();
  }
  const uint64_t others = clustering.clustered_hosts - members;
  report.without_possible = {clustering.crypto_hosts - members, others};
  report.possible_as_one = {clustering.crypto_hosts - members + possible, others};
}

double TopPercentShare(const std::map<uint64_t, uint64_t>& things_of_size, uint64_t things,
                       uint64_t sum) {
  uint64_t left = (things + 99) / 100;
  uint64_t of_top = 0;
  for (auto at = things_of_size.rbegin(); at != things_of_size.rend() && left > 0; ++at) {
    const uint64_t taken = std::min(left, at->second);
    of_top += taken * at->first;
    left -= taken;
  }
  return static_cast<double>(of_top) / static_cast<double>(sum);
}

}  // namespace

Concentration MeasureConcentration(const std::map<uint64_t, uint64_t>& things_of_size) {
  Concentration out;
  for (const auto& [size, count] : things_of_size) {
    out.things += count;
    out.sum += size * count;
    if (count > 0) out.largest = size;
  }
  if (out.sum == 0) return out;
  out.top_percent_share = TopPercentShare(things_of_size, out.things, out.sum);
  const auto n = static_cast<double>(out.things), sum = static_cast<double>(out.sum);
  // Gini of ranked values x1 <= … <= xn is Σ (2i - n - 1) xi / (n Σ xi); the ranks of one size are
  // summed at once.
  double weighted = 0, things = 0, below = 0;
  out.lorenz.emplace_back(0, 0);
  for (const auto& [size, count] : things_of_size) {
    const auto c = static_cast<double>(count), s = static_cast<double>(size);
    weighted += s * c * (2 * things + c - n);
    things += c;
    below += s * c;
    out.lorenz.emplace_back(things / n, below / sum);
  }
  out.gini = weighted / (n * sum);
  return out;
}

uint64_t SizeQuantile(const std::map<uint64_t, uint64_t>& things_of_size, double part) {
  uint64_t things = 0;
  for (const auto& [size, count] : things_of_size) things += count;
  if (things == 0) return 0;
  const double rank = std::ceil(part * static_cast<double>(things));
  uint64_t so_far = 0;
  for (const auto& [size, count] : things_of_size) {
    so_far += count;
    if (static_cast<double>(so_far) >= rank) return size;
  }
  return things_of_size.rbegin()->first;
}

KeyReuseCounter::Bits& KeyReuseCounter::BitsOf(uint16_t port) {
  for (auto& [number, bits] : ports_) {
    if (number == port) return bits;
  }
  ports_.emplace_back(port, Bits{std::vector<bool>(hosts_), std::vector<bool>(hosts_)});
  return ports_.back().second;
}

void KeyReuseCounter::Add(const std::vector<KeyPlace>& places) {
  const uint64_t hosts = HostsOf(places);
  for (const KeyPlace& place : places) {
    Bits& bits = BitsOf(place.port);
    bits.seen[place.host] = true;
    if (hosts > 1) bits.reused[place.host] = true;
  }
  ++keys_of_hosts_[hosts];
}

RiskReport KeyReuseCounter::Finish(const Clustering& clustering) && {
  RiskReport out;
  Bits ssh, tls;
  for (const auto& [port, bits] : ports_) {
    out.by_port[port] = Count(bits.seen, bits.reused);
    Bits& protocol = IsSshPort(port) ? ssh : tls;
    Unite(bits.seen, protocol.seen);
    Unite(bits.reused, protocol.reused);
  }
  out.ssh = Count(ssh.seen, ssh.reused);
  out.tls = Count(tls.seen, tls.reused);
  CountPossible(clustering, out);
  out.crypto = clustering.crypto_hosts;
  out.lone = clustering.crypto_hosts - clustering.clustered_hosts;
  std::map<uint64_t, uint64_t> groups = MeasureSizes(clustering.clusters).clusters_of_size;
  for (const auto& [size, count] : groups) out.cluster_squares += size * size * count;
  if (out.lone > 0) groups[1] = out.lone;
  for (const auto& [hosts, count] : keys_of_hosts_) out.key_squares += hosts * hosts * count;
  out.groups = MeasureConcentration(groups);
  out.keys = MeasureConcentration(keys_of_hosts_);
  out.keys_of_hosts = std::move(keys_of_hosts_);
  return out;
}

}  // namespace hark
