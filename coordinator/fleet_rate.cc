#include "coordinator/fleet_rate.h"

#include <bit>
#include <memory>
#include <optional>
#include <string>

#include "base/bytes.h"

namespace hark {
namespace {

constexpr char kName[] = "fleet_rate";

}  // namespace

Result<double> FleetRateOf(const Store& store, double started_with) {
  HARK_ASSIGN_OR_RETURN(const std::optional<std::string> kept, store.Meta(kName));
  if (!kept) return started_with;
  ByteReader in(*kept);
  const auto replaced = std::bit_cast<double>(in.U64());
  const auto ceiling = std::bit_cast<double>(in.U64());
  if (!in.ok() || !in.empty() || !(ceiling > 0)) {
    return Corruption("the rate that was set of the fleet is unreadable");
  }
  return replaced == started_with ? ceiling : started_with;
}

Status KeepFleetRate(Store& store, double started_with, double probes_per_second) {
  ByteWriter out;
  out.U64(std::bit_cast<uint64_t>(started_with));
  out.U64(std::bit_cast<uint64_t>(probes_per_second));
  const std::unique_ptr<StoreWrite> write = store.NewWrite();
  write->PutMeta(kName, out.str());
  return store.Commit(*write, true);
}

}  // namespace hark
