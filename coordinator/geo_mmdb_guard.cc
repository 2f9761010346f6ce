#include "coordinator/geo_mmdb_guard.h"

#include <algorithm>
#include <optional>

#include "base/strings.h"

namespace hark {
namespace {

constexpr std::string_view kMarker = "\xab\xcd\xefMaxMind.com";
constexpr uint64_t kSeparator = 16;  // zeros between tree and data

// The types of the format, as its specification numbers them.
enum Type : unsigned {
  kPointer = 1,
  kString = 2,
  kDouble = 3,
  kBytes = 4,
  kUint16 = 5,
  kUint32 = 6,
  kMap = 7,
  kInt32 = 8,
  kUint64 = 9,
  kUint128 = 10,
  kArray = 11,
  kBoolean = 14,
  kFloat = 15,
};

bool SizeIsRight(unsigned type, uint32_t size) {
  switch (type) {  // a number off the file, not an enum
    case kDouble:
      return size == 8;
    case kFloat:
      return size == 4;
    case kUint16:
      return size <= 2;
    case kUint32:
    case kInt32:
      return size <= 4;
    case kUint64:
      return size <= 8;
    case kUint128:
      return size <= 16;
    case kBoolean:
      return size <= 1;
    case kString:
    case kBytes:
    case kMap:
    case kArray:
      return true;
    default:
      return false;
  }
}

Status Beyond() {
  return InvalidInput("a record goes on beyond the end of the data");
}

}  // namespace

std::optional<uint64_t> MmdbGuard::Number(uint64_t at, unsigned bytes) const {
  if (at > section_.size() || section_.size() - at < bytes) return std::nullopt;
  uint64_t number = 0;
  for (unsigned i = 0; i < bytes; ++i)
    number = number << 8 | static_cast<uint8_t>(section_[at + i]);
  return number;
}

Result<MmdbGuard::Value> MmdbGuard::Pointer(unsigned control, uint64_t at) const {
  static constexpr uint64_t kBias[] = {0, 2048, 526336, 0};
  const unsigned form = control >> 3 & 3;
  const unsigned bytes = form + 1;
  const std::optional<uint64_t> rest = Number(at, bytes);
  if (!pointers_) return InvalidInput("the metadata has a pointer in it");
  if (!rest) return Beyond();
  const uint64_t high = form == 3 ? 0 : uint64_t{control & 7} << (8 * bytes);
  return Value{kPointer, 0, (high | *rest) + kBias[form], at + bytes};
}

Result<MmdbGuard::Value> MmdbGuard::Head(uint64_t offset) const {
  const std::optional<uint64_t> control = Number(offset, 1);
  if (!control) return Beyond();
  uint64_t at = offset + 1;
  auto type = static_cast<unsigned>(*control >> 5);
  if (type == kPointer) return Pointer(static_cast<unsigned>(*control), at);
  if (type == 0) {
    const std::optional<uint64_t> extended = Number(at++, 1);
    if (!extended) return Beyond();
    type = static_cast<unsigned>(*extended) + 7;
    if (type <= kMap) return InvalidInput("a record has a value of no known type");
  }
  uint64_t size = *control & 31;
  if (size >= 29) {
    static constexpr uint64_t kBias[] = {29, 285, 65821};
    const auto bytes = static_cast<unsigned>(size - 28);
    const std::optional<uint64_t> more = Number(at, bytes);
    if (!more) return Beyond();
    size = kBias[bytes - 1] + *more;
    at += bytes;
  }
  if (!SizeIsRight(type, static_cast<uint32_t>(size))) {
    return InvalidInput("a record has a value of no known type");
  }
  return Value{type, static_cast<uint32_t>(size), 0, at};
}

Status MmdbGuard::Follow(uint64_t target, unsigned depth, unsigned* height) {
  const auto known = heights_.find(target);
  if (known != heights_.end()) {
    *height = known->second;
    return depth + *height <= kMaxDepth ? Status::Ok() : InvalidInput("a record nests too deep");
  }
  HARK_ASSIGN_OR_RETURN(const Value value, Head(target));
  if (value.type == kPointer) return InvalidInput("a record has a pointer to a pointer");
  unsigned below = 0;
  HARK_ASSIGN_OR_RETURN([[maybe_unused]] const uint64_t end, Walk(target, depth, &below));
  heights_.emplace(target, below);
  *height = below;
  return Status::Ok();
}

Result<uint64_t> MmdbGuard::WalkInside(const Value& value, unsigned depth, unsigned* height) {
  uint64_t at = value.next;
  const uint64_t values = uint64_t{value.size} * (value.type == kMap ? 2 : 1);
  for (uint64_t i = 0; i < values; ++i) {
    if (value.type == kMap && i % 2 == 0) {
      HARK_ASSIGN_OR_RETURN(Value key, Head(at));
      if (key.type == kPointer) {
        HARK_ASSIGN_OR_RETURN(key, Head(key.target));
      }
      if (key.type != kString) return InvalidInput("a record has a key that is no text");
    }
    if (!pointers_ && depth > 0) {
      // Languages and descriptions. The library forgets what it holds when it meets another type.
      HARK_ASSIGN_OR_RETURN(const Value inner, Head(at));
      if (inner.type != kString) return InvalidInput("a list in it has more than texts");
    }
    unsigned below = 0;
    HARK_ASSIGN_OR_RETURN(at, Walk(at, depth + 1, &below));
    *height = std::max(*height, below + 1);
  }
  return at;
}

Result<uint64_t> MmdbGuard::Walk(uint64_t offset, unsigned depth, unsigned* height) {
  if (depth > kMaxDepth) return InvalidInput("a record nests too deep");
  if (++values_ > kMaxValues) return InvalidInput("a record has too many values");
  if (++work_ > kMaxWork) return InvalidInput("the records hold more than any database known");
  HARK_ASSIGN_OR_RETURN(const Value value, Head(offset));
  if (value.type == kMap || value.type == kArray) return WalkInside(value, depth, height);
  if (value.type == kPointer) {
    HARK_RETURN_IF_ERROR(Follow(value.target, depth, height));
    return value.next;
  }
  const uint64_t bytes = value.type == kBoolean ? 0 : value.size;  // its size is its value
  if (value.next + bytes > section_.size()) return Beyond();
  return value.next + bytes;
}

Status MmdbGuard::Check(uint64_t offset) {
  values_ = 0;
  unsigned height = 0;
  return Walk(offset, 0, &height).status();
}

bool HasMmdbMarker(std::string_view tail) {
  return tail.rfind(kMarker) != tail.npos;
}

std::optional<uint64_t> MmdbGuard::NumberNamed(std::string_view name) const {
  const Result<Value> map = Head(0);
  if (!map.ok() || map->type != kMap) return std::nullopt;
  uint64_t at = map->next;
  for (uint32_t i = 0; i < map->size; ++i) {
    MmdbGuard inside(section_, pointers_);
    unsigned height = 0;
    const Result<Value> key = Head(at);
    const Result<uint64_t> value_at = inside.Walk(at, 0, &height);
    const Result<Value> value = value_at.ok() ? Head(*value_at) : value_at.status();
    if (!key.ok() || !value.ok()) return std::nullopt;
    if (section_.substr(key->next, key->size) == name) {
      const bool whole = value->type == kUint16 || value->type == kUint32 || value->type == kUint64;
      return whole ? Number(value->next, value->size) : std::nullopt;
    }
    const Result<uint64_t> next = inside.Walk(*value_at, 0, &height);
    if (!next.ok()) return std::nullopt;
    at = *next;
  }
  return std::nullopt;
}

Result<MmdbShape> CheckMmdbShape(std::string_view tail, uint64_t file_size) {
  const size_t marker = tail.rfind(kMarker);
  if (marker == tail.npos) return InvalidInput("there is no metadata");
  const std::string_view metadata = tail.substr(marker + kMarker.size());
  MmdbGuard guard(metadata, false);
  const Status sane = guard.Check(0);
  if (!sane.ok()) return sane.Prepend("metadata");
  const std::optional<uint64_t> nodes = guard.NumberNamed("node_count");
  const std::optional<uint64_t> bits = guard.NumberNamed("record_size");
  const std::optional<uint64_t> version = guard.NumberNamed("ip_version");
  if (!nodes || !bits || !version) return InvalidInput("the metadata is incomplete");
  if (*bits != 24 && *bits != 28 && *bits != 32) {
    return InvalidInput(StrCat("records of ", *bits, " bits are unknown"));
  }
  if (*version != 4 && *version != 6) return InvalidInput("the metadata names no IP version");
  const uint64_t before = file_size - metadata.size() - kMarker.size();
  if (*nodes > UINT32_MAX || *nodes * (*bits / 4) + kSeparator > before) {
    return InvalidInput(StrCat("the file is cut short: ", *nodes, " nodes do not fit into it"));
  }
  return MmdbShape{*nodes, static_cast<unsigned>(*bits), static_cast<unsigned>(*version),
                   metadata.size()};
}

}  // namespace hark
