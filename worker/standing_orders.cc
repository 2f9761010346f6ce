#include "worker/standing_orders.h"

#include <unistd.h>

#include "base/bytes.h"
#include "base/crc32c.h"
#include "base/file.h"
#include "base/log.h"
#include "base/strings.h"

namespace hark {
namespace {

constexpr const char* kWhere = "worker/orders";
constexpr std::string_view kMagic = "HARKORD1";
// Beyond any list that fits into a message of the bus.
constexpr size_t kMaxFile = size_t{16} << 20;

std::optional<proto::Orders> Decode(std::string_view bytes) {
  if (bytes.substr(0, kMagic.size()) != kMagic) return std::nullopt;
  ByteReader reader(bytes.substr(kMagic.size()));
  const uint32_t crc = reader.U32();
  proto::Orders orders;
  if (!reader.ok() || Crc32c(reader.rest()) != crc ||
      !orders.ParseFromArray(reader.rest().data(), static_cast<int>(reader.rest().size()))) {
    return std::nullopt;
  }
  return orders;
}

// Without the version: to the next process nothing is told yet, and shares that move every few
// seconds must not cost a write each.
std::string Encode(proto::Orders orders) {
  orders.clear_version();
  const std::string body = orders.SerializeAsString();
  ByteWriter out;
  out.Bytes(kMagic);
  out.U32(Crc32c(body));
  out.Bytes(body);
  return out.Take();
}

template <typename Ranges>
void AddMissing(const Ranges& from, Ranges* to) {
  const std::set<std::string> there(to->begin(), to->end());
  for (const std::string& range : from) {
    if (!there.contains(range)) *to->Add() = range;
  }
}

}  // namespace

StandingOrders::StandingOrders(std::string path)
    : path_(std::move(path)), filter_(std::make_shared<const ExclusionFilter>()) {
  if (!path_.empty() && access(path_.c_str(), F_OK) == 0) Load();
}

void StandingOrders::Load() {
  const auto bytes = ReadFile(path_, kMaxFile);
  auto orders = bytes.ok() ? Decode(*bytes) : std::nullopt;
  auto filter = orders ? ExclusionFilter::Parse(orders->exclusions())
                       : Result<ExclusionFilter>(InvalidInput("damaged"));
  if (!filter.ok()) {
    LogWarning(kWhere, path_ + ": cannot be read; the coordinator will tell what is in force");
    return;
  }
  orders_ = std::move(*orders);
  filter_ = std::make_shared<const ExclusionFilter>(std::move(*filter));
  ReadRuns();
}

Status StandingOrders::Apply(const proto::Orders& orders) {
  proto::Orders next = orders;
  next.clear_rates();
  if (!orders.has_exclusions()) {
    next.set_exclusions_version(orders_.exclusions_version());
    *next.mutable_exclusions() = orders_.exclusions();
  } else if (orders.exclusions_version() < orders_.exclusions_version()) {
    next.set_exclusions_version(orders_.exclusions_version());
    AddMissing(orders_.exclusions(), next.mutable_exclusions());
  }
  next.set_has_exclusions(true);
  HARK_ASSIGN_OR_RETURN(ExclusionFilter filter, ExclusionFilter::Parse(next.exclusions()));
  const bool changed = Encode(next) != Encode(orders_);
  orders_ = std::move(next);
  told_ = true;
  if (!changed) return Status::Ok();
  filter_ = std::make_shared<const ExclusionFilter>(std::move(filter));
  ReadRuns();
  Keep();
  return Status::Ok();
}

void StandingOrders::BeginSession(bool knows_orders) {
  told_ = false;
  if (knows_orders || orders_.runs().empty()) return;
  orders_.clear_runs();
  ReadRuns();
  Keep();
}

void StandingOrders::ReadRuns() {
  paused_.clear();
  cancelled_.clear();
  for (const proto::RunOrder& run : orders_.runs()) {
    if (run.kind() == proto::RunOrder::CANCEL) {
      cancelled_.insert(run.run());
    } else if (run.kind() != proto::RunOrder::GO) {
      // PAUSE, and what a newer coordinator may have thought of: standing still is safe.
      paused_.insert(run.run());
    }
  }
}

void StandingOrders::Keep() const {
  if (path_.empty()) return;
  const Status kept = WriteFileAtomically(path_, Encode(orders_), 0600);
  // They hold in this process all the same, and are told again to the next.
  if (!kept.ok()) LogWarning(kWhere, kept.message());
}

}  // namespace hark
