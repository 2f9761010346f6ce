#include "storage/schema.h"

#include "base/bytes.h"
#include "base/strings.h"

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
    case Family::kHistory:
      return "history";
    case Family::kFactUses:
      return "fact_uses";
    case Family::kFacts:
      return "facts";
    case Family::kFactNames:
      return "fact_names";
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

std::string RememberedRunKey(uint32_t run) {
  ByteWriter out;
  out.Bytes(kRememberedPrefix);
  out.U32(run);
  return out.Take();
}

std::string HistoryKey(const FactUse& place) {
  ByteWriter out;
  out.Bytes(place.host.SortKey());
  out.U16(place.port);
  return out.Take();
}

std::string FactKey(const Fact& fact) {
  return static_cast<char>(fact.kind) + fact.value;
}

std::string FactUseKey(const Fact& fact, const FactUse& place) {
  return FactKey(fact) + HistoryKey(place);
}

std::optional<FactUse> ParsePlace(std::string_view host_and_port) {
  if (host_and_port.size() < kPortBytes) return std::nullopt;
  const size_t host_bytes = host_and_port.size() - kPortBytes;
  const std::optional<HostId> host = HostId::FromSortKey(host_and_port.substr(0, host_bytes));
  if (!host) return std::nullopt;
  return FactUse{*host, ByteReader(host_and_port.substr(host_bytes)).U16()};
}

std::optional<Fact> ParseFact(std::string_view key) {
  if (key.size() < kFactKeySize) return std::nullopt;
  return Fact{static_cast<FactKind>(key.front()), std::string(key.substr(1, kFactRefSize))};
}

std::string FactNamePrefix(NameKind kind, std::string_view name) {
  return static_cast<char>(kind) + std::string(name);
}

std::string TurnRound(std::string_view name) {
  std::vector<std::string_view> labels = Split(name, '.');
  std::string turned;
  for (size_t i = labels.size(); i > 0; --i) {
    turned += labels[i - 1];
    if (i > 1) turned += '.';
  }
  return turned;
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
