#include "storage/timeline_merge.h"

#include <deque>
#include <string>

#include "storage/timeline.h"

namespace hark {
namespace {

bool MergeIn(const rocksdb::Slice& bytes, Timeline* timeline) {
  const Result<Timeline> more = Timeline::Decode({bytes.data(), bytes.size()});
  if (more.ok()) timeline->Merge(*more);
  return more.ok();
}

class TimelineMerge final : public rocksdb::MergeOperator {
 public:
  const char* Name() const override { return "hark.timeline.v1"; }

  bool FullMergeV2(const MergeOperationInput& in, MergeOperationOutput* out) const override {
    Timeline timeline;
    if (in.existing_value != nullptr && !MergeIn(*in.existing_value, &timeline)) return false;
    for (const rocksdb::Slice& operand : in.operand_list) {
      if (!MergeIn(operand, &timeline)) return false;
    }
    out->new_value = timeline.Encode();
    return true;
  }

  bool PartialMergeMulti(const rocksdb::Slice&, const std::deque<rocksdb::Slice>& operands,
                         std::string* merged, rocksdb::Logger*) const override {
    Timeline timeline;
    for (const rocksdb::Slice& operand : operands) {
      if (!MergeIn(operand, &timeline)) return false;
    }
    *merged = timeline.Encode();
    return true;
  }
};

}  // namespace

std::shared_ptr<rocksdb::MergeOperator> MakeTimelineMerge() {
  return std::make_shared<TimelineMerge>();
}

}  // namespace hark
