#include "coordinator/plan_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <set>

#include "base/bytes.h"
#include "base/file.h"
#include "base/permutation.h"
#include "base/random.h"
#include "base/strings.h"
#include "keys/key_id.h"

namespace hark {
namespace {

constexpr std::string_view kHeading = "hark-plan 3\n";
// A row with 200,000 exclusions, and targets of as many ranges as the whole routing table has.
constexpr size_t kMaxRowBytes = 4 << 20;
constexpr size_t kMaxPlanBytes = 64 << 20;
constexpr size_t kMaxAddressBytes = 16;
constexpr size_t kMaxPorts = 64;  // what a worker takes in one job
constexpr size_t kMaxName = 64;

std::string InboxPath(const std::string& db) {
  return db + "/inbox";
}

bool IsPlanName(std::string_view name) {
  return !name.empty() && name.size() <= kMaxName &&
         std::all_of(name.begin(), name.end(),
                     [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

Status CheckPorts(const proto::RunRow& run) {
  const std::set<uint32_t> ports(run.ports().begin(), run.ports().end());
  const bool sane = !ports.empty() && ports.size() <= kMaxPorts &&
                    ports.size() == static_cast<size_t>(run.ports_size()) && *ports.begin() > 0 &&
                    *ports.rbegin() <= 65535 && run.gate_port() <= 65535;
  return sane ? Status::Ok() : InvalidInput("the plan's ports cannot be");
}

bool IsTarget(const Plan& plan, const Address& address) {
  if (address.is_v4()) return plan.targets.Contains(address.v4());
  return std::binary_search(plan.targets6.begin(), plan.targets6.end(), address);
}

// The rest of the file: an address and its names, as often as there are some.
Status ReadNames(ByteReader& reader, Plan* plan) {
  while (!reader.empty()) {
    const std::optional<Address> address = Address::FromBytes(reader.String32(kMaxAddressBytes));
    const std::string_view bytes = reader.String32(kMaxRowBytes);
    proto::NameRow row;
    if (!reader.ok() || !address || !IsTarget(*plan, *address) ||
        !row.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
      return InvalidInput("the plan's names are unreadable");
    }
    plan->names[*address] = {row.names().begin(), row.names().end()};
  }
  if (plan->names.size() == plan->run.names()) return Status::Ok();
  return InvalidInput("the plan's names are not those it counts");
}

Status CheckRow(const Plan& plan) {
  const proto::RunRow& run = plan.run;
  HARK_RETURN_IF_ERROR(CheckPorts(run));
  if (run.permutation_version() != kPermutationVersion) {
    return InvalidInput("the plan was made by another version of hark");
  }
  if (run.id() != 0 || run.state() != proto::RunRow::OPEN || run.created_unix_ms() != 0 ||
      run.finished_unix_ms() != 0) {
    return InvalidInput("the plan is a run already");
  }
  const std::string hash6 =
      plan.targets6.empty() ? std::string() : Sha256(EncodeTargets6(plan.targets6));
  const bool whole = plan.targets.size() + plan.targets6.size() == run.planned() &&
                     plan.targets6.size() == run.targets6_count() && run.planned() > 0 &&
                     run.target_set() == Sha256(plan.targets.Encode()) && run.targets6() == hash6 &&
                     run.plan_hash().size() == 32;
  if (!whole) return InvalidInput("the plan's targets are not those it names");
  HARK_RETURN_IF_ERROR(ExclusionsOf(run).status());
  if (!CheckTargets(run, plan.targets, plan.targets6).ok()) {
    return InvalidInput("the plan's targets are among its exclusions");
  }
  const std::string hash_out =
      plan.left_out.empty() ? std::string() : Sha256(plan.left_out.Encode());
  if (run.left_out() != hash_out || !plan.left_out.Intersect(plan.targets).empty()) {
    return InvalidInput("what the plan leaves out is not what it names");
  }
  return Status::Ok();
}

}  // namespace

std::string EncodePlan(const Plan& plan) {
  ByteWriter out;
  out.Bytes(kHeading);
  out.String32(plan.run.SerializeAsString());
  out.String32(plan.targets.Encode());
  out.String32(EncodeTargets6(plan.targets6));
  out.String32(plan.left_out.Encode());
  for (const auto& [address, names] : plan.names) {
    proto::NameRow row;
    for (const std::string& name : names) row.add_names(name);
    out.String32(address.bytes());
    out.String32(row.SerializeAsString());
  }
  return out.Take();
}

Result<Plan> DecodePlan(std::string_view bytes) {
  ByteReader reader(bytes);
  const bool headed = reader.Bytes(kHeading.size()) == kHeading;
  const std::string_view row = reader.String32(kMaxRowBytes);
  Plan plan;
  if (!headed || !reader.ok() ||
      !plan.run.ParseFromArray(row.data(), static_cast<int>(row.size()))) {
    return InvalidInput("that is no plan");
  }
  std::optional<RangeSet> targets = RangeSet::Decode(reader.String32(kMaxPlanBytes));
  Result<std::vector<Address>> targets6 = DecodeTargets6(reader.String32(kMaxPlanBytes));
  std::optional<RangeSet> left_out = RangeSet::Decode(reader.String32(kMaxPlanBytes));
  if (!reader.ok() || !targets || !targets6.ok() || !left_out) {
    return InvalidInput("the plan's targets are unreadable");
  }
  plan.targets = std::move(*targets);
  plan.targets6 = std::move(*targets6);
  plan.left_out = std::move(*left_out);
  HARK_RETURN_IF_ERROR(CheckRow(plan));
  HARK_RETURN_IF_ERROR(ReadNames(reader, &plan));
  return plan;
}

Result<std::string> WritePlanFile(const std::string& db, const Plan& plan) {
  const std::string inbox = InboxPath(db);
  if (mkdir(inbox.c_str(), 0700) != 0 && errno != EEXIST) return ErrnoStatus(inbox, errno);
  ByteWriter name;
  name.U64(SecureU64());
  const std::string text = HexEncode(name.str());
  HARK_RETURN_IF_ERROR(WriteFileAtomically(inbox + "/" + text, EncodePlan(plan), 0600));
  return text;
}

Result<Plan> TakePlanFile(const std::string& db, const std::string& name) {
  if (!IsPlanName(name)) return InvalidInput("that is no name of a plan");
  const std::string path = InboxPath(db) + "/" + name;
  HARK_ASSIGN_OR_RETURN(const std::string bytes, ReadFile(path, kMaxPlanBytes));
  unlink(path.c_str());
  return DecodePlan(bytes);
}

}  // namespace hark
