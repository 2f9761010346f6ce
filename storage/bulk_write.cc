#include "storage/bulk_write.h"

#include <rocksdb/sst_file_writer.h>

#include <cstddef>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>

#include "base/strings.h"
#include "storage/timeline.h"

namespace hark {
namespace {

using schema::Family;

constexpr std::string_view kFilePrefix = "bulk-";

// Many changes of one key as one, which is all that a table can hold.
class OneChange {
 public:
  Status Apply(const Change& change) {
    switch (change.kind) {
      case Change::Kind::kPut:
      case Change::Kind::kDelete:
        value_ = change.value;
        break;
      case Change::Kind::kMerge:
        if (kind_ == Change::Kind::kMerge && value_.empty()) {
          value_ = change.value;
          return Status::Ok();
        }
        return Merge(change.value);
    }
    kind_ = change.kind;
    return Status::Ok();
  }

  rocksdb::Status Write(const std::string& key, rocksdb::SstFileWriter& writer) const {
    switch (kind_) {
      case Change::Kind::kPut:
        return writer.Put(key, value_);
      case Change::Kind::kDelete:
        return writer.Delete(key);
      case Change::Kind::kMerge:
        return writer.Merge(key, value_);
    }
    return rocksdb::Status::OK();
  }

 private:
  // What is merged into a row that this write put or deleted is that row.
  Status Merge(const std::string& value) {
    HARK_ASSIGN_OR_RETURN(Timeline timeline, Timeline::Decode(value));
    if (kind_ == Change::Kind::kDelete) {
      kind_ = Change::Kind::kPut;
    } else {
      HARK_ASSIGN_OR_RETURN(const Timeline before, Timeline::Decode(value_));
      timeline.Merge(before);
    }
    value_ = timeline.Encode();
    return Status::Ok();
  }

  Change::Kind kind_ = Change::Kind::kMerge;  // of nothing, so far
  std::string value_;
};

// Changes in the order of their keys lie anywhere in memory: it is asked for them before they are
// needed.
void FetchAhead(const Change* const* at, const Change* const* end) {
  constexpr ptrdiff_t kChanges = 24, kBytes = 12;
  if (end - at > kChanges) {
    __builtin_prefetch(&at[kChanges]->key);
    __builtin_prefetch(&at[kChanges]->value);
  }
  if (end - at <= kBytes) return;
  __builtin_prefetch(at[kBytes]->key.data());
  __builtin_prefetch(at[kBytes]->value.data());
}

class Bulk {
 public:
  explicit Bulk(Rocks& rocks) : rocks_(rocks) {}
  // What was not taken over.
  ~Bulk() {
    for (const auto& argument : arguments_) {
      for (const std::string& file : argument.external_files)
        rocks_.db().GetEnv()->DeleteFile(file);
    }
  }

  // Changes of one family.
  Status AddTable(Family family, const Change* const* begin, const Change* const* end) {
    rocksdb::ColumnFamilyHandle* const handle = rocks_.family(family);
    const std::string name =
        StrCat(rocks_.db().GetName(), "/", kFilePrefix, schema::FamilyName(family), ".sst");
    rocksdb::IngestExternalFileArg argument;
    argument.column_family = handle;
    argument.external_files = {name};
    argument.options.move_files = true;
    arguments_.push_back(std::move(argument));
    rocksdb::SstFileWriter writer(rocksdb::EnvOptions(), rocks_.db().GetOptions(handle), handle);
    rocksdb::Status status = writer.Open(name);
    while (begin != end && status.ok()) {
      FetchAhead(begin, end);
      const Change* const* next = begin;
      OneChange change;
      for (; next != end && (*next)->key == (*begin)->key; ++next) {
        HARK_RETURN_IF_ERROR(change.Apply(**next));
      }
      status = change.Write((*begin)->key, writer);
      begin = next;
    }
    if (status.ok()) status = writer.Finish();
    return FromRocks("write to the store", status);
  }

  Status TakeOver() {
    return FromRocks("write to the store", rocks_.db().IngestExternalFiles(arguments_));
  }

 private:
  Rocks& rocks_;
  std::vector<rocksdb::IngestExternalFileArg> arguments_;
};

}  // namespace

Status IngestInOrder(Rocks& rocks, const std::vector<const Change*>& changes) {
  if (changes.empty()) return Status::Ok();
  Bulk bulk(rocks);
  const Change* const* const end = changes.data() + changes.size();
  for (const Change* const* begin = changes.data(); begin != end;) {
    const Change* const* next = begin;
    while (next != end && (*next)->family == (*begin)->family) ++next;
    HARK_RETURN_IF_ERROR(bulk.AddTable((*begin)->family, begin, next));
    begin = next;
  }
  return bulk.TakeOver();
}

void RemoveUnfinishedBulks(const std::string& path) {
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(path, error)) {
    const std::string name = entry.path().filename();
    if (name.starts_with(kFilePrefix)) std::filesystem::remove(entry.path(), error);
  }
}

}  // namespace hark
