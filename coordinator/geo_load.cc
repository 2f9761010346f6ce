#include "coordinator/geo_load.h"

#include <array>

#include "base/strings.h"
#include "coordinator/geo_builder.h"
#include "coordinator/geo_mmdb.h"
#include "coordinator/geo_text.h"
#include "coordinator/geo_zip.h"

namespace hark {
namespace {

constexpr size_t kHead = 512;  // the first block of a tar archive
constexpr size_t kTail = 256;  // the legacy format's own description is in it

// What people have at hand and hark does not read is named, with what to do.
Status RefuseOthers(const GeoFile& file) {
  HARK_ASSIGN_OR_RETURN(const std::string head, file.Read(0, kHead));
  if (head.empty()) return InvalidInput(StrCat(file.path(), ": no prefixes in it"));
  const size_t tail_at = file.size() > kTail ? file.size() - kTail : 0;
  HARK_ASSIGN_OR_RETURN(const std::string tail, file.Read(tail_at, kTail));
  if (head.size() > 262 && std::string_view(head).substr(257, 5) == "ustar") {
    return InvalidInput(StrCat(file.path(), ": a tar archive; unpack it and give the file in it"));
  }
  if (tail.find("GEO-") != tail.npos && tail.find(std::string_view("\0\0\0", 3)) != tail.npos) {
    return InvalidInput(StrCat(file.path(),
                               ": GeoIP Legacy (.dat), a format of before 2013 that hark does not "
                               "read; take an .mmdb or CSV of the same data"));
  }
  const bool packed = head.starts_with("\x1f\x8b");
  if (!packed && head.find('\0') != head.npos) {
    return InvalidInput(StrCat(file.path(),
                               ": neither text nor a MaxMind DB; one that is cut short has lost "
                               "the metadata at its end"));
  }
  return Status::Ok();
}

// Who must be named where the data are used, in the words their makers ask for. The words of the
// file count first; repackaged files say nothing and keep at least their name.
struct Attribution {
  std::string_view mark;  // in lower case
  std::string_view line;
};
constexpr std::array<Attribution, 6> kAttributions = {{
    {"geolite2",
     "This product includes GeoLite2 data created by MaxMind, available from "
     "https://www.maxmind.com"},
    {"geoip2", "GeoIP2 data created by MaxMind, https://www.maxmind.com (commercial licence)"},
    {"dbip", "IP Geolocation by DB-IP, https://db-ip.com (CC BY 4.0)"},
    {"ipinfo", "IP address data powered by IPinfo, https://ipinfo.io (CC BY-SA 4.0)"},
    {"geo-whois-asn", "Number Resource Organization, https://www.nro.net (CC BY 4.0)"},
    {"iptoasn", "iptoasn.com (PDDL 1.0, public domain)"},
}};

std::string AttributionOf(const std::string& description, const std::string& path) {
  std::string file = path.substr(path.rfind('/') + 1);
  for (const std::string* where : {&description, static_cast<const std::string*>(&file)}) {
    const std::string upper = AsciiUpper(*where);
    for (const Attribution& known : kAttributions) {
      if (upper.find(AsciiUpper(known.mark)) != upper.npos) return std::string(known.line);
    }
  }
  return "";
}

Status ReadAny(const GeoFile& file, GeoBuilder& builder, proto::GeoSource& source) {
  HARK_ASSIGN_OR_RETURN(const bool zip, IsZip(file));
  if (zip) return ReadGeoZip(file, builder, source);
  HARK_ASSIGN_OR_RETURN(const bool mmdb, IsMmdb(file));
  if (mmdb) return ReadMmdb(file, builder, source);
  HARK_RETURN_IF_ERROR(RefuseOthers(file));
  GeoLines lines(file.Bytes(), file.path());
  return ReadGeoText(lines, builder, source);
}

}  // namespace

Result<GeoTable> LoadGeoFile(const GeoFile& file) {
  GeoBuilder builder(file.path());
  proto::GeoSource source;
  HARK_RETURN_IF_ERROR(ReadAny(file, builder, source));
  source.set_file(EscapeForDisplay(file.path()));
  if (source.built_unix_ms() == 0) {
    source.set_built_unix_ms(file.modified_unix_ms());
    source.set_built_is_file_time(true);
  }
  HARK_ASSIGN_OR_RETURN(*source.mutable_sha256(), file.Sha256OfAll());
  if (source.attribution().empty()) {
    source.set_attribution(AttributionOf(source.description(), file.path()));
  }
  return std::move(builder).Build(std::move(source));
}

}  // namespace hark
