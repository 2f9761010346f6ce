// What `hark compare` costs on large runs: ten million hosts with twenty million host/ports in
// either run, made up while they are read, so that only the comparison's own memory is measured.
// Nothing of it is timed by ctest. `hark-compare-bench [HOSTS]`.

#include <chrono>
#include <cstdio>
#include <fstream>
#include <string>

#include "analysis/run_comparison.h"
#include "analysis/super_clusters.h"
#include "base/strings.h"

namespace hark {
namespace {

double Seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

uint64_t PeakMb() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("VmHWM:")) return std::stoull(line.substr(6)) / 1024;
  }
  return 0;
}

// Hosts 10 addresses apart in groups of three. Of every group the first two share a key on port 25
// (a cluster of two) and the third has its own; each host has a key of its own on 443. In the later
// run one host in eight is another address, and one group in five has new keys.
class MadeUpRun final : public RunReader {
 public:
  MadeUpRun(std::string name, uint32_t hosts, bool later) : groups_(hosts / 3), later_(later) {
    run_.set_name(std::move(name));
  }

  const proto::RunRow& run() const override { return run_; }

  Status ForEachHost(
      const std::function<Status(const Address&, const proto::HostRow&)>& visit) const override {
    proto::HostRow row;
    row.set_in_country(proto::HostRow::IN);
    for (uint32_t host = 0; host < 3 * groups_; ++host) {
      row.set_asn(1 + host % 5000);
      HARK_RETURN_IF_ERROR(visit(AddressOf(host), row));
    }
    return Status::Ok();
  }

  Status ForEachPort(const std::function<Status(const Address&, uint16_t, const proto::PortRow&)>&)
      const override {
    return Status::Ok();
  }

  // Keys in rising order by construction: group, then which of its four, then generation.
  Status ForEachKeyUse(const std::function<Status(const KeyUse&)>& visit) const override {
    for (uint32_t group = 0; group < groups_; ++group) {
      const uint32_t host = 3 * group;
      const bool fresh = later_ && group % 5 == 0;
      HARK_RETURN_IF_ERROR(visit({Key(group, 0, fresh), AddressOf(host), 25}));
      HARK_RETURN_IF_ERROR(visit({Key(group, 0, fresh), AddressOf(host + 1), 25}));
      HARK_RETURN_IF_ERROR(visit({Key(group, 1, fresh), AddressOf(host + 2), 25}));
      for (uint32_t i = 0; i < 3; ++i) {
        HARK_RETURN_IF_ERROR(visit({Key(group, 2 + i, fresh), AddressOf(host + i), 443}));
      }
    }
    return Status::Ok();
  }

  Status ForEachJob(const std::function<Status(const proto::JobRow&)>&) const override {
    return Status::Ok();
  }
  Result<std::string> Certificate(std::string_view) const override { return NotFound("none"); }

 private:
  Address AddressOf(uint32_t host) const {
    return Address::V4(0x01000000 + 10 * host + (later_ && host % 8 == 0 ? 1 : 0));
  }

  static KeyId Key(uint32_t group, uint32_t which, bool fresh) {
    std::string bytes(KeyId::kSize, '\0');
    for (int i = 0; i < 4; ++i) bytes[i] = static_cast<char>(group >> (24 - 8 * i));
    bytes[4] = static_cast<char>(which);
    bytes[5] = fresh ? 1 : 0;
    return *KeyId::FromBytes(bytes);
  }

  proto::RunRow run_;
  uint32_t groups_;
  bool later_;
};

int Bench(uint32_t hosts) {
  const MadeUpRun before("before", hosts, false), after("after", hosts, true);
  const double begin = Seconds();
  auto compared = CompareRuns(before, after, 1000);
  if (!compared.ok()) {
    std::fprintf(stderr, "%s\n", compared.status().message().c_str());
    return 1;
  }
  std::printf("compare %u hosts a run: %.1f s, %llu MB at most; %zu clusters, %zu links\n", hosts,
              Seconds() - begin, static_cast<unsigned long long>(PeakMb()),
              compared->before.clustering.clusters.size(), compared->evolution.links.size());
  const double cross = Seconds();
  const ComparedRun* const runs[] = {&compared->before, &compared->after};
  const auto links = FindCrossLinks(runs, true);
  if (!links.ok()) return 1;
  const auto super = FindSuperClusters(runs, *links);
  if (!super.ok()) return 1;
  std::printf("cross, lone hosts too: %.1f s, %llu MB at most; %zu links\n", Seconds() - cross,
              static_cast<unsigned long long>(PeakMb()), links->links.size());
  return 0;
}

}  // namespace
}  // namespace hark

int main(int argc, char** argv) {
  const auto hosts = hark::ParseUint(argc > 1 ? argv[1] : "10000000");
  return hosts ? hark::Bench(static_cast<uint32_t>(*hosts)) : 2;
}
