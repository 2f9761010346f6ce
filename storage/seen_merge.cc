#include "storage/seen_merge.h"

#include <algorithm>

#include "proto/store.pb.h"
#include "storage/value_codec.h"

namespace hark {
namespace {

class SeenMerge final : public rocksdb::AssociativeMergeOperator {
 public:
  const char* Name() const override { return "hark.seen.v1"; }

  bool Merge(const rocksdb::Slice&, const rocksdb::Slice* existing, const rocksdb::Slice& value,
             std::string* merged, rocksdb::Logger*) const override {
    if (existing == nullptr) {
      merged->assign(value.data(), value.size());
      return true;
    }
    proto::HostSeen a, b;
    if (!DecodeValue({existing->data(), existing->size()}, "host", &a).ok() ||
        !DecodeValue({value.data(), value.size()}, "host", &b).ok()) {
      return false;
    }
    a.set_first_unix_ms(std::min(a.first_unix_ms(), b.first_unix_ms()));
    a.set_last_unix_ms(std::max(a.last_unix_ms(), b.last_unix_ms()));
    *merged = EncodeValue(a);
    return true;
  }
};

}  // namespace

std::shared_ptr<rocksdb::MergeOperator> MakeSeenMerge() {
  return std::make_shared<SeenMerge>();
}

}  // namespace hark
