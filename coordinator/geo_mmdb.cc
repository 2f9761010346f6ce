#include "coordinator/geo_mmdb.h"

#include <maxminddb.h>

#include <algorithm>
#include <unordered_map>
#include <vector>

#include "base/as_table.h"
#include "base/strings.h"
#include "coordinator/geo_mmdb_guard.h"
#include "coordinator/geo_words.h"

namespace hark {
namespace {

constexpr size_t kMaxDescription = 200;

// The library's handle; closed once.
class Database {
 public:
  Database() = default;
  ~Database() {
    if (open_) MMDB_close(&db_);
  }
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  Status Open(const GeoFile& file) {
    const int error = MMDB_open(file.ReopenPath().c_str(), MMDB_MODE_MMAP, &db_);
    open_ = error == MMDB_SUCCESS;
    return open_ ? Status::Ok() : InvalidInput(MMDB_strerror(error));
  }
  MMDB_s& db() { return db_; }

 private:
  MMDB_s db_{};
  bool open_ = false;
};

// What records say, read once each, however many networks lead to one.
class Records {
 public:
  Records(MMDB_s& db, GeoPlaces& places)
      : db_(db),
        places_(places),
        guard_({reinterpret_cast<const char*>(db.data_section), db.data_section_size}, true) {}

  Result<uint32_t> PlaceAt(MMDB_entry_s entry) {
    const auto known = known_.find(entry.offset);
    if (known != known_.end()) return known->second;
    if (entry.offset >= db_.data_section_size) {
      return InvalidInput("a network's record lies outside the data");
    }
    HARK_RETURN_IF_ERROR(guard_.Check(entry.offset));
    const uint32_t place = places_.Add(FactsOf(entry));
    known_.emplace(entry.offset, place);
    return place;
  }

 private:
  using Path = std::vector<const char*>;  // ends with a null pointer

  bool Get(MMDB_entry_s entry, const Path& path, MMDB_entry_data_s* value) const {
    return MMDB_aget_value(&entry, value, path.data()) == MMDB_SUCCESS && value->has_data;
  }
  std::string_view Text(MMDB_entry_s entry, const Path& path) const {
    MMDB_entry_data_s value;
    if (!Get(entry, path, &value) || value.type != MMDB_DATA_TYPE_UTF8_STRING) return {};
    return {value.utf8_string, value.data_size};
  }
  std::string_view FirstText(MMDB_entry_s entry, const std::vector<Path>& paths) const {
    for (const Path& path : paths) {
      const std::string_view text = Text(entry, path);
      if (!text.empty()) return text;
    }
    return {};
  }
  CountryLetters Country(MMDB_entry_s entry, const std::vector<Path>& paths) const {
    for (const Path& path : paths) {
      const auto letters = ParseCountryLetters(Text(entry, path));
      if (letters && (*letters)[0] != '\0') return *letters;
    }
    return {};
  }
  uint32_t Asn(MMDB_entry_s entry) const;
  GeoFacts FactsOf(MMDB_entry_s entry) const;

  MMDB_s& db_;
  GeoPlaces& places_;
  MmdbGuard guard_;
  std::unordered_map<uint32_t, uint32_t> known_;  // offset of a record to its place
};

uint32_t Records::Asn(MMDB_entry_s entry) const {
  static const std::vector<Path> kPaths = {
      {"autonomous_system_number", nullptr}, {"asn", nullptr}, {"as_number", nullptr}};
  for (const Path& path : kPaths) {
    MMDB_entry_data_s value;
    if (!Get(entry, path, &value)) continue;
    if (value.type == MMDB_DATA_TYPE_UINT32) return value.uint32;
    if (value.type == MMDB_DATA_TYPE_UINT16) return value.uint16;
    if (value.type == MMDB_DATA_TYPE_UTF8_STRING) {
      return ParseAsn({value.utf8_string, value.data_size}).value_or(0);
    }
  }
  return 0;
}

// MaxMind and DB-IP nest; repackaged databases and IPinfo are flat.
GeoFacts Records::FactsOf(MMDB_entry_s entry) const {
  static const std::vector<Path> kCountry = {
      {"country", "iso_code", nullptr}, {"country_code", nullptr}, {"country", nullptr}};
  static const std::vector<Path> kRegistered = {{"registered_country", "iso_code", nullptr},
                                                {"registered_country_code", nullptr}};
  static const std::vector<Path> kRegion = {{"subdivisions", "0", "iso_code", nullptr},
                                            {"subdivisions", "0", "names", "en", nullptr},
                                            {"region_code", nullptr},
                                            {"state1", nullptr},
                                            {"region", nullptr}};
  static const std::vector<Path> kCity = {{"city", "names", "en", nullptr}, {"city", nullptr}};
  GeoFacts facts;
  facts.country = Country(entry, kCountry);
  facts.registered = Country(entry, kRegistered);
  facts.asn = Asn(entry);
  facts.region = places_.AddText(FirstText(entry, kRegion));
  facts.city = places_.AddText(FirstText(entry, kCity));
  return facts;
}

// The search tree, depth first and left before right, so that IPv4 (all zeros) comes before
// whatever leads into it. Every node is read once: the work is the size of the tree, whoever made
// it.
class TreeWalk {
 public:
  TreeWalk(MMDB_s& db, GeoBuilder& builder)
      : db_(db),
        builder_(builder),
        records_(db, builder.places()),
        v6_(db.metadata.ip_version == 6),
        bits_(v6_ ? 128 : 32),
        seen_(db.metadata.node_count),
        seen_in_v4_(v6_ ? db.metadata.node_count : 0) {}

  Status Run() {
    HARK_RETURN_IF_ERROR(Open(0, 0, 0));
    while (!branches_.empty()) {
      const Branch branch = branches_.back();
      branches_.pop_back();
      HARK_RETURN_IF_ERROR(Take(branch));
    }
    return Status::Ok();
  }

 private:
  struct Branch {
    uint64_t record = 0;
    uint8_t type = 0;
    MMDB_entry_s entry{};
    AddressNumber prefix = 0;
    unsigned depth = 0;  // bits of the prefix
  };

  bool InV4(AddressNumber prefix, unsigned depth) const {
    return v6_ && depth >= 96 && prefix >> 32 == 0;
  }
  Status Open(uint64_t node, AddressNumber prefix, unsigned depth);
  Status Take(const Branch& branch);
  Status AddNetwork(const Branch& branch);

  MMDB_s& db_;
  GeoBuilder& builder_;
  Records records_;
  const bool v6_;
  const unsigned bits_;
  std::vector<bool> seen_;
  std::vector<bool> seen_in_v4_;
  std::vector<Branch> branches_;
};

Status TreeWalk::Open(uint64_t node, AddressNumber prefix, unsigned depth) {
  // The library takes a node one beyond the last.
  if (node >= db_.metadata.node_count) {
    return InvalidInput(StrCat("node ", node, " is beyond the last"));
  }
  if (depth >= bits_) return InvalidInput(StrCat("the tree is deeper than ", bits_, " bits"));
  if (seen_[node]) {
    if (v6_ && seen_in_v4_[node] && !InV4(prefix, depth)) return Status::Ok();  // an alias
    return InvalidInput(StrCat("node ", node, " is reached twice: a cycle"));
  }
  seen_[node] = true;
  if (InV4(prefix, depth)) seen_in_v4_[node] = true;
  MMDB_search_node_s read;
  const int error = MMDB_read_node(&db_, static_cast<uint32_t>(node), &read);
  if (error != MMDB_SUCCESS) return InvalidInput(MMDB_strerror(error));
  const AddressNumber one = AddressNumber{1} << (bits_ - 1 - depth);
  branches_.push_back({read.right_record, read.right_record_type, read.right_record_entry,
                       prefix | one, depth + 1});
  branches_.push_back(
      {read.left_record, read.left_record_type, read.left_record_entry, prefix, depth + 1});
  return Status::Ok();
}

Status TreeWalk::Take(const Branch& branch) {
  switch (branch.type) {  // a number of the library's, not an enum
    case MMDB_RECORD_TYPE_SEARCH_NODE:
      return Open(branch.record, branch.prefix, branch.depth);
    case MMDB_RECORD_TYPE_EMPTY:
      return Status::Ok();
    case MMDB_RECORD_TYPE_DATA:
      return AddNetwork(branch);
    default:
      return InvalidInput(StrCat("the tree has an invalid record (", branch.record, ")"));
  }
}

Status TreeWalk::AddNetwork(const Branch& branch) {
  HARK_ASSIGN_OR_RETURN(const uint32_t place, records_.PlaceAt(branch.entry));
  const bool v4 = !v6_ || InV4(branch.prefix, branch.depth);
  const unsigned length = v6_ && v4 ? branch.depth - 96 : branch.depth;
  HARK_RETURN_IF_ERROR(builder_.Add(*RangeOfPrefix(!v4, branch.prefix, length), place, 0));
  // A network so wide that all of IPv4 lies in it says so of IPv4, too.
  if (v4 || branch.prefix != 0 || branch.depth >= 96) return Status::Ok();
  return builder_.Add(*RangeOfPrefix(false, 0, 0), place, 0);
}

std::string DescriptionOf(const MMDB_metadata_s& metadata) {
  std::string text;
  for (size_t i = 0; i < metadata.description.count; ++i) {
    const MMDB_description_s& one = *metadata.description.descriptions[i];
    if (text.empty() || std::string_view(one.language) == "en") text = one.description;
  }
  const std::string type = metadata.database_type == nullptr ? "" : metadata.database_type;
  const std::string both = text.empty() || text == type ? type : StrCat(type, ": ", text);
  return EscapeForDisplay(std::string_view(both).substr(0, kMaxDescription));
}

Result<std::string> TailOf(const GeoFile& file) {
  const size_t length = std::min<uint64_t>(file.size(), kMmdbMetadataMax);
  return file.Read(file.size() - length, length);
}

}  // namespace

Result<bool> IsMmdb(const GeoFile& file) {
  HARK_ASSIGN_OR_RETURN(const std::string tail, TailOf(file));
  return HasMmdbMarker(tail);
}

Status ReadMmdb(const GeoFile& file, GeoBuilder& builder, proto::GeoSource& source) {
  HARK_ASSIGN_OR_RETURN(const std::string tail, TailOf(file));
  const Result<MmdbShape> shape = CheckMmdbShape(tail, file.size());
  if (!shape.ok()) return shape.status().Prepend(file.path());
  Database database;
  const Status opened = database.Open(file);
  if (!opened.ok()) return opened.Prepend(file.path());
  const MMDB_metadata_s& metadata = database.db().metadata;
  if (metadata.node_count != shape->node_count || metadata.record_size != shape->record_bits ||
      metadata.ip_version != shape->ip_version) {
    return InvalidInput(StrCat(file.path(), ": the metadata contradicts itself"));
  }
  source.set_kind("mmdb");
  source.set_description(DescriptionOf(metadata));
  if (metadata.build_epoch < uint64_t{1} << 40) {  // nobody lives to see that second
    source.set_built_unix_ms(static_cast<int64_t>(metadata.build_epoch) * 1000);
  }
  return TreeWalk(database.db(), builder).Run().Prepend(file.path());
}

}  // namespace hark
