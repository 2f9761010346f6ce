#include "coordinator/geo_zip.h"

#include <zip.h>

#include <algorithm>
#include <memory>
#include <unordered_map>

#include "base/strings.h"
#include "coordinator/geo_lines.h"
#include "coordinator/geo_words.h"

namespace hark {
namespace {

constexpr zip_int64_t kMaxEntries = 1000;  // MaxMind's have a dozen
// Cities of the world: 130,000. Each is kept in memory.
constexpr size_t kMaxLocations = 2'000'000;
constexpr size_t kNoColumn = SIZE_MAX;

struct CloseZip {
  void operator()(zip_t* zip) const { zip_discard(zip); }
};
struct CloseEntry {
  void operator()(zip_file_t* entry) const { zip_fclose(entry); }
};
using Zip = std::unique_ptr<zip_t, CloseZip>;

// A CSV with a header: fields by the name of their column.
class NamedColumns {
 public:
  static Result<NamedColumns> Open(const Zip& zip, const std::string& name, std::string path);

  Result<bool> Next() {
    std::string_view line;
    HARK_ASSIGN_OR_RETURN(const bool more, lines_.NextFull(&line));
    if (!more) return false;
    if (!SplitFields(line, ',', &fields_, &unquoted_)) return lines_.Wrong("a quote is not closed");
    return true;
  }
  size_t Column(std::string_view name) const {
    const auto it = std::find(header_.begin(), header_.end(), name);
    return it == header_.end() ? kNoColumn : static_cast<size_t>(it - header_.begin());
  }
  std::string_view operator[](size_t column) const {
    return column < fields_.size() ? fields_[column] : std::string_view();
  }
  const GeoLines& lines() const { return lines_; }

 private:
  explicit NamedColumns(GeoLines lines) : lines_(std::move(lines)) {}

  GeoLines lines_;
  std::vector<std::string> header_;
  std::vector<std::string_view> fields_;
  std::vector<std::string> unquoted_;
};

Result<NamedColumns> NamedColumns::Open(const Zip& zip, const std::string& name, std::string path) {
  std::shared_ptr<zip_file_t> entry(zip_fopen(zip.get(), name.c_str(), 0), [](zip_file_t* file) {
    if (file != nullptr) zip_fclose(file);
  });
  const std::string shown = StrCat(path, "(", EscapeForDisplay(name), ")");
  if (entry == nullptr) return InvalidInput(StrCat(shown, ": ", zip_strerror(zip.get())));
  GeoBytes bytes = [entry, shown](char* to, size_t room) -> Result<size_t> {
    const zip_int64_t n = zip_fread(entry.get(), to, room);
    if (n < 0) return InvalidInput("the zip is damaged");
    return static_cast<size_t>(n);
  };
  NamedColumns columns(GeoLines(std::move(bytes), shown));
  HARK_ASSIGN_OR_RETURN(const bool more, columns.Next());
  if (!more) return InvalidInput(StrCat(shown, ": is empty"));
  columns.header_.assign(columns.fields_.begin(), columns.fields_.end());
  return columns;
}

class GeoZip {
 public:
  GeoZip(Zip zip, const GeoFile& file, GeoBuilder& builder)
      : zip_(std::move(zip)), file_(file), builder_(builder) {}

  Status Read(proto::GeoSource& source);

 private:
  void FindNames();
  Status ReadLocations();
  Status ReadBlocks(const std::string& name);
  Result<uint32_t> PlaceOf(const NamedColumns& row, size_t geoname, size_t registered, size_t asn);

  Zip zip_;
  const GeoFile& file_;
  GeoBuilder& builder_;
  std::string locations_name_;
  std::vector<std::string> blocks_names_;
  std::unordered_map<uint64_t, GeoFacts> locations_;  // by geoname id
  std::unordered_map<uint64_t, uint32_t> places_;     // by both geoname ids
};

void GeoZip::FindNames() {
  const zip_int64_t entries = std::min(zip_get_num_entries(zip_.get(), 0), kMaxEntries);
  for (zip_int64_t i = 0; i < entries; ++i) {
    const char* const raw = zip_get_name(zip_.get(), static_cast<zip_uint64_t>(i), ZIP_FL_ENC_RAW);
    const std::string name = raw == nullptr ? "" : raw;
    if (name.ends_with("-Locations-en.csv")) locations_name_ = name;
    if (name.ends_with("-Blocks-IPv4.csv") || name.ends_with("-Blocks-IPv6.csv")) {
      blocks_names_.push_back(name);
    }
  }
}

Status GeoZip::ReadLocations() {
  HARK_ASSIGN_OR_RETURN(NamedColumns rows, NamedColumns::Open(zip_, locations_name_, file_.path()));
  const size_t id = rows.Column("geoname_id");
  const size_t country = rows.Column("country_iso_code");
  const size_t region = rows.Column("subdivision_1_iso_code");
  const size_t city = rows.Column("city_name");
  for (;;) {
    HARK_ASSIGN_OR_RETURN(const bool more, rows.Next());
    if (!more) return Status::Ok();
    const std::optional<uint64_t> number = ParseUint(rows[id]);
    const std::optional<CountryLetters> letters = ParseCountryLetters(rows[country]);
    if (!number) return rows.lines().Wrong("no geoname_id");
    if (!letters) return rows.lines().Wrong("no two-letter country_iso_code");
    if (locations_.size() >= kMaxLocations) return rows.lines().Wrong("too many locations");
    GeoFacts facts;
    facts.country = *letters;
    facts.region = builder_.places().AddText(rows[region]);
    facts.city = builder_.places().AddText(rows[city]);
    locations_[*number] = facts;
  }
}

Result<uint32_t> GeoZip::PlaceOf(const NamedColumns& row, size_t geoname, size_t registered,
                                 size_t asn) {
  const uint64_t used = ParseUint(row[geoname]).value_or(0);
  const uint64_t holder = ParseUint(row[registered]).value_or(0);
  const std::optional<uint32_t> number = ParseGeoAsn(row[asn]);
  if (!number) return row.lines().Wrong("no AS number");
  if (used > UINT32_MAX || holder > UINT32_MAX) return row.lines().Wrong("no geoname_id");
  const auto known = places_.find(used << 32 | holder);
  if (known != places_.end() && *number == 0) return known->second;
  GeoFacts facts;
  if (const auto it = locations_.find(used); it != locations_.end()) facts = it->second;
  if (const auto it = locations_.find(holder); it != locations_.end()) {
    facts.registered = it->second.country;
  }
  facts.asn = *number;
  const uint32_t place = builder_.places().Add(facts);
  if (*number == 0) places_.emplace(used << 32 | holder, place);
  return place;
}

Status GeoZip::ReadBlocks(const std::string& name) {
  HARK_ASSIGN_OR_RETURN(NamedColumns rows, NamedColumns::Open(zip_, name, file_.path()));
  const size_t network = rows.Column("network");
  const size_t geoname = rows.Column("geoname_id");
  const size_t registered = rows.Column("registered_country_geoname_id");
  const size_t asn = rows.Column("autonomous_system_number");
  if (geoname != kNoColumn && locations_name_.empty()) {
    return InvalidInput(StrCat(file_.path(), ": has no …-Locations-en.csv"));
  }
  for (;;) {
    HARK_ASSIGN_OR_RETURN(const bool more, rows.Next());
    if (!more) return Status::Ok();
    const Result<GeoRange> range = ParseGeoRange(rows[network]);
    if (!range.ok()) {
      return rows.lines().Wrong(
          StrCat("'", EscapeForDisplay(rows[network]), "': ", range.status().message()));
    }
    HARK_ASSIGN_OR_RETURN(const uint32_t place, PlaceOf(rows, geoname, registered, asn));
    HARK_RETURN_IF_ERROR(builder_.Add(*range, place, rows.lines().number()));
  }
}

// "GeoLite2-Country-CSV_20260915/GeoLite2-Country-Blocks-IPv4.csv"
void DescribeByName(const std::string& name, proto::GeoSource& source) {
  const std::string folder = name.substr(0, name.find('/'));
  source.set_description(EscapeForDisplay(folder.substr(0, 100)));
  const size_t line = folder.rfind('_');
  if (line == folder.npos) return;
  source.set_built_unix_ms(ParseDay(folder.substr(line + 1)).value_or(0));
}

Status GeoZip::Read(proto::GeoSource& source) {
  FindNames();
  if (blocks_names_.empty()) {
    return InvalidInput(
        StrCat(file_.path(), ": a zip, but without …-Blocks-IPv4.csv or …-Blocks-IPv6.csv"));
  }
  source.set_kind("geolite2-csv");
  DescribeByName(blocks_names_.front(), source);
  if (!locations_name_.empty()) HARK_RETURN_IF_ERROR(ReadLocations());
  for (const std::string& name : blocks_names_) HARK_RETURN_IF_ERROR(ReadBlocks(name));
  return Status::Ok();
}

}  // namespace

Result<bool> IsZip(const GeoFile& file) {
  const Result<std::string> head = file.Read(0, 4);
  if (!head.ok()) return head.status();
  return std::string_view(*head).starts_with("PK\x03\x04");
}

Status ReadGeoZip(const GeoFile& file, GeoBuilder& builder, proto::GeoSource& source) {
  int error = 0;
  Zip zip(zip_open(file.ReopenPath().c_str(), ZIP_RDONLY, &error));
  if (zip == nullptr) {
    return InvalidInput(StrCat(file.path(), ": the zip is damaged or cut short"));
  }
  return GeoZip(std::move(zip), file, builder).Read(source);
}

}  // namespace hark
