// What `hark compare` costs on large runs: ten million hosts with twenty million host/ports in
// either run, made up while they are read, so that only the comparison's own memory is measured.
// Nothing of it is timed by ctest. `hark-compare-bench [HOSTS]`.

#include <chrono>
#include <cstdio>
#include <ctime>
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

// Hosts 10 addresses apart in groups of 16, half of which share a key on port 25, as many as in the
// paper's runs; the others have their own there, and each its own on 443. In the later run one host
// in seven has another address, and one group in five has new keys.
class MadeUpRun final : public RunReader {
 public:
  MadeUpRun(std::string name, uint32_t hosts, bool later) : groups_(hosts / 16), later_(later) {
    run_.set_name(std::move(name));
  }

  const proto::RunRow& run() const override { return run_; }

  Status ForEachHost(
      const std::function<Status(const Address&, const proto::HostRow&)>& visit) const override {
    proto::HostRow row;
    row.set_in_country(proto::HostRow::IN);
    for (uint32_t host = 0; host < 16 * groups_; ++host) {
      row.set_asn(1 + host % 5000);
      HARK_RETURN_IF_ERROR(visit(AddressOf(host), row));
    }
    return Status::Ok();
  }

  Status ForEachPort(const std::function<Status(const Address&, uint16_t, const proto::PortRow&)>&)
      const override {
    return Status::Ok();
  }

  // Keys in rising order by construction: group, which of its 25, generation.
  Status ForEachKeyUse(const std::function<Status(const KeyUse&)>& visit) const override {
    for (uint32_t group = 0; group < groups_; ++group) {
      const uint32_t host = 16 * group;
      const bool fresh = later_ && group % 5 == 0;
      for (uint32_t i = 0; i < 16; ++i) {
        const KeyId key = Key(group, i < 8 ? 0 : i, fresh);
        HARK_RETURN_IF_ERROR(visit({key, AddressOf(host + i), 25}));
      }
      for (uint32_t i = 0; i < 16; ++i) {
        HARK_RETURN_IF_ERROR(visit({Key(group, 16 + i, fresh), AddressOf(host + i), 443}));
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
    return Address::V4(0x01000000 + 10 * host + (later_ && host % 7 == 0 ? 1 : 0));
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

void Say(const char* what, double begin, clock_t cpu_begin, size_t links) {
  std::printf("%s: %.1f s, %.1f s of CPU, %llu MB at most; %zu links\n", what, Seconds() - begin,
              static_cast<double>(std::clock() - cpu_begin) / CLOCKS_PER_SEC,
              static_cast<unsigned long long>(PeakMb()), links);
  std::fflush(stdout);
}

Status Bench(uint32_t hosts) {
  const MadeUpRun before("before", hosts, false), after("after", hosts, true);
  double begin = Seconds();
  clock_t cpu = std::clock();
  HARK_ASSIGN_OR_RETURN(const RunComparison compared, CompareRuns(before, after, 1000));
  std::printf("%u hosts, %zu clusters, %llu keys a run\n", compared.before.hosts.size(),
              compared.before.clustering.clusters.size(),
              static_cast<unsigned long long>(compared.before.clustering.unique_keys));
  Say("two runs", begin, cpu, compared.evolution.links.size());
  begin = Seconds();
  cpu = std::clock();
  const ComparedRun* const runs[] = {&compared.before, &compared.after};
  HARK_ASSIGN_OR_RETURN(const CrossLinks links, FindCrossLinks(runs, false));
  HARK_ASSIGN_OR_RETURN(const SuperClusters super, FindSuperClusters(runs, links));
  Say("across them, clustered already", begin, cpu, links.links.size());
  return Status::Ok();
}

}  // namespace
}  // namespace hark

int main(int argc, char** argv) {
  const auto hosts = hark::ParseUint(argc > 1 ? argv[1] : "10000000");
  if (!hosts) return 2;
  const hark::Status status = hark::Bench(static_cast<uint32_t>(*hosts));
  if (!status.ok()) std::fprintf(stderr, "%s\n", status.message().c_str());
  return status.ok() ? 0 : 1;
}
