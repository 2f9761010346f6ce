#include "storage/hosts_in.h"

#include <memory>

#include "storage/value_codec.h"

namespace hark {
namespace {

using schema::Family;

std::string_view ViewOf(const rocksdb::Slice& slice) {
  return {slice.data(), slice.size()};
}

// In the order of the records: IPv4 first.
std::vector<AddressSpan> SpansOf(const AddressSet& where) {
  std::vector<AddressSpan> spans;
  for (const Range& range : where.v4().ranges()) {
    spans.push_back({Address::V4(range.first), Address::V4(range.last)});
  }
  spans.insert(spans.end(), where.v6().begin(), where.v6().end());
  return spans;
}

struct StoredHost {
  std::optional<Address> address;
  proto::HostRow host;
  std::vector<proto::PortRow> ports;
};

Status Hand(StoredHost& stored, const Store::HostVisitor& visit) {
  if (!stored.address) return Status::Ok();
  const StoredHost whole = std::exchange(stored, {});
  return visit(*whole.address, whole.host, whole.ports);
}

Status Take(const schema::RecordKeyParts& key, std::string_view value, StoredHost* stored) {
  stored->address = key.address;
  if (key.port == 0) return DecodeValue(value, "host", &stored->host);
  return DecodeValue(value, "observation", &stored->ports.emplace_back());
}

}  // namespace

// Walks records and spans side by side and leaps over what lies between: at most one seek for each
// span, and for each gap between records.
Status VisitHostsIn(const Rocks& rocks, uint32_t run, const AddressSet& where,
                    const Store::HostVisitor& visit) {
  const std::vector<AddressSpan> spans = SpansOf(where);
  if (spans.empty()) return Status::Ok();
  const std::string prefix = schema::RunKey(run);
  const std::unique_ptr<rocksdb::Iterator> it(
      rocks.db().NewIterator(rocksdb::ReadOptions(), rocks.family(Family::kRecords)));
  StoredHost stored;
  size_t span = 0;
  it->Seek(schema::RecordKey(run, spans[0].first, 0));
  while (it->Valid() && ViewOf(it->key()).starts_with(prefix)) {
    const std::optional<schema::RecordKeyParts> key = schema::ParseRecordKey(ViewOf(it->key()));
    if (!key) return Corruption("the store holds an unreadable record key");
    if (stored.address != key->address) HARK_RETURN_IF_ERROR(Hand(stored, visit));
    while (span < spans.size() && spans[span].last < key->address) ++span;
    if (span == spans.size()) break;
    if (key->address < spans[span].first) {
      it->Seek(schema::RecordKey(run, spans[span].first, 0));
      continue;
    }
    HARK_RETURN_IF_ERROR(Take(*key, ViewOf(it->value()), &stored));
    it->Next();
  }
  HARK_RETURN_IF_ERROR(FromRocks("read the store", it->status()));
  return Hand(stored, visit);
}

}  // namespace hark
