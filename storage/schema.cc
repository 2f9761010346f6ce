#include "storage/schema.h"

#include "base/bytes.h"

namespace hark::schema {
namespace {

constexpr size_t kRunBytes = 4;
constexpr size_t kPortBytes = 2;

ByteWriter StartKey(uint32_t run) {
  ByteWriter out;
  out.U32(run);
  return out;
}

}  // namespace

std::string_view FamilyName(Family family) {
  switch (family) {
    case Family::kMeta:
      return "default";
    case Family::kRuns:
      return "runs";
    case Family::kTargets:
      return "targets";
    case Family::kJobs:
      return "jobs";
    case Family::kListeners:
      return "listeners";
    case Family::kRevisits:
      return "revisits";
    case Family::kRecords:
      return "records";
    case Family::kByKey:
      return "by_key";
    case Family::kCerts:
      return "certs";
  }
  return "";
}

std::string OptOutKey(uint64_t version) {
  ByteWriter out;
  out.Bytes(kOptOutPrefix);
  out.U64(version);
  return out.Take();
}

std::string NamesKey(uint32_t run) {
  ByteWriter out;
  out.Bytes(kNamePrefix);
  out.U32(run);
  return out.Take();
}

std::string NameKey(uint32_t run, const Address& address) {
  return NamesKey(run) + address.SortKey();
}

std::string PurgedKey(uint32_t run) {
  ByteWriter out;
  out.Bytes(kPurgedPrefix);
  out.U32(run);
  return out.Take();
}

std::string SweptOf(uint32_t run) {
  ByteWriter out;
  out.Bytes(kSweptPrefix);
  out.U32(run);
  return out.Take();
}

std::string SweptKey(uint32_t run, uint64_t first_index) {
  ByteWriter out;
  out.Bytes(SweptOf(run));
  out.U64(first_index);
  return out.Take();
}

std::string RunKey(uint32_t run) {
  return StartKey(run).Take();
}

std::string JobKey(uint32_t run, uint32_t job) {
  ByteWriter out = StartKey(run);
  out.U32(job);
  return out.Take();
}

std::string ListenerKey(uint32_t run, uint64_t position) {
  ByteWriter out = StartKey(run);
  out.U64(position);
  return out.Take();
}

std::string RevisitKey(uint32_t run, uint32_t list, uint64_t position) {
  ByteWriter out = StartKey(run);
  out.U32(list);
  out.U64(position);
  return out.Take();
}

std::string RecordKey(uint32_t run, const Address& address, uint16_t port) {
  ByteWriter out = StartKey(run);
  out.Bytes(address.SortKey());
  out.U16(port);
  return out.Take();
}

std::string ByKeyKey(uint32_t run, const KeyUse& use) {
  ByteWriter out = StartKey(run);
  out.Bytes(use.key.bytes());
  out.Bytes(use.address.SortKey());
  out.U16(use.port);
  return out.Take();
}

std::optional<RevisitKeyParts> ParseRevisitKey(std::string_view key) {
  constexpr size_t kListBytes = 4, kPositionBytes = 8;
  if (key.size() != kRunBytes + kListBytes + kPositionBytes) return std::nullopt;
  ByteReader reader(key.substr(kRunBytes));
  const uint32_t list = reader.U32();
  return RevisitKeyParts{list, reader.U64()};
}

std::optional<RecordKeyParts> ParseRecordKey(std::string_view key) {
  if (key.size() < kRunBytes + kPortBytes) return std::nullopt;
  const std::string_view middle = key.substr(kRunBytes, key.size() - kRunBytes - kPortBytes);
  const std::optional<Address> address = Address::FromSortKey(middle);
  if (!address) return std::nullopt;
  return RecordKeyParts{*address, ByteReader(key.substr(key.size() - kPortBytes)).U16()};
}

std::optional<KeyUse> ParseByKeyKey(std::string_view key) {
  if (key.size() < kRunBytes + KeyId::kSize) return std::nullopt;
  const std::optional<KeyId> id = KeyId::FromBytes(key.substr(kRunBytes, KeyId::kSize));
  const std::optional<RecordKeyParts> rest = ParseRecordKey(key.substr(KeyId::kSize));
  if (!id || !rest) return std::nullopt;
  return KeyUse{*id, rest->address, rest->port};
}

}  // namespace hark::schema
