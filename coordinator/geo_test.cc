#include "coordinator/geo.h"

#include <gtest/gtest.h>
#include <zip.h>
#include <zlib.h>

#include <cstdio>

#include "base/file.h"
#include "base/strings.h"
#include "base/testing/temp_directory.h"
#include "coordinator/countries.h"
#include "coordinator/geo_lines.h"
#include "coordinator/run_changes.h"

namespace hark {
namespace {

GeoTable Table(std::string_view text) {
  Result<GeoTable> table = GeoTable::Parse(text, "g");
  EXPECT_TRUE(table.ok()) << table.status().message();
  return table.ok() ? std::move(*table) : GeoTable();
}

std::string ErrorOf(std::string_view text) {
  return GeoTable::Parse(text, "g").status().message();
}

Place At(const GeoTable& geo, const char* address) {
  return geo.Find(*Address::Parse(address));
}

uint32_t V4(const char* text) {
  return Address::Parse(text)->v4();
}

std::string Gzip(const std::string& text) {
  std::string out(text.size() + 100, '\0');
  z_stream stream{};
  deflateInit2(&stream, 9, Z_DEFLATED, 15 + 16, 9, Z_DEFAULT_STRATEGY);
  std::string in = text;
  stream.next_in = reinterpret_cast<Bytef*>(in.data());
  stream.avail_in = static_cast<uInt>(in.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

std::string ZipOf(const std::vector<std::pair<std::string, std::string>>& files) {
  const TempDirectory directory;
  const std::string path = directory / "zip";
  zip_t* zip = zip_open(path.c_str(), ZIP_CREATE | ZIP_TRUNCATE, nullptr);
  for (const auto& [name, text] : files) {
    zip_file_add(zip, name.c_str(), zip_source_buffer(zip, text.data(), text.size(), 0), 0);
  }
  EXPECT_EQ(zip_close(zip), 0);
  return *ReadFile(path);
}

TEST(GeoPrefixesTest, KnowIpv6AndRangesAndASmallerPrefixInsideALargerOne) {
  const GeoTable geo = Table(
      "network,country,asn\n2001:db8::/32,NA,1\n2001:db8:5::/48,ZA\n::-::ff,BW\n"
      "10.0.0.0-10.0.0.9,NA\nff00::/8,BW\n10.0.0.3,ZA\n");
  EXPECT_EQ(At(geo, "2001:db8:4:ffff:ffff:ffff:ffff:ffff").country, "NA");
  EXPECT_EQ(At(geo, "2001:db8:5::").country, "ZA");
  EXPECT_EQ(At(geo, "2001:db8:6::").asn, 1U);
  EXPECT_EQ(At(geo, "::ff").country, "BW");
  EXPECT_EQ(At(geo, "::100").country, "");
  EXPECT_EQ(At(geo, "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff").country, "BW");
  EXPECT_EQ(geo.Country("NA").size(), 9U);
  EXPECT_EQ(geo.sources().at(0).kind(), "prefixes");
  EXPECT_EQ(ErrorOf("2001:db8::1/32,NA\n"),
            "g:1: '2001:db8::1/32': host bits are set; did you mean 2001:db8::/32?");
}

TEST(GeoRangesTest, TellColumnsApartByWhatIsInThem) {
  const GeoTable country = Table("1.0.0.0,1.0.0.255,AU\n1.0.1.0,1.0.3.255,CN\n");
  EXPECT_EQ(At(country, "1.0.3.255").country, "CN");
  EXPECT_EQ(country.sources().at(0).kind(), "ranges");

  const GeoTable as =
      Table("1.0.0.0,1.0.0.255,64500,\"Cloud, \"\"Inc\"\"\"\n1.0.4.0,1.0.7.255,64501,HP\n");
  EXPECT_EQ(At(as, "1.0.0.7").asn, 64500U);
  EXPECT_EQ(At(as, "1.0.4.0").country, "") << "HP is a name";

  const GeoTable both = Table(
      "1.0.0.0\t1.0.0.255\t64500\tIE\tSome, name\n"
      "1.0.1.0\t1.0.1.255\t0\tNone\tNot routed\n");
  EXPECT_EQ(At(both, "1.0.0.1").country, "IE");
  EXPECT_EQ(At(both, "1.0.0.1").asn, 64500U);
  EXPECT_EQ(At(both, "1.0.1.1").country, "");

  const GeoTable numbers = Table(
      "16777216,16777471,AU\n"
      "42540488320432167789079031612388147200,"
      "42540488320433376714898646241562853375,JP\n");
  EXPECT_EQ(At(numbers, "1.0.0.255").country, "AU");
  EXPECT_EQ(At(numbers, "2001:2::1").country, "JP");

  const GeoTable quoted =
      Table("\"0\",\"16777215\",\"-\",\"-\"\n\"16777216\",\"16777471\",\"US\",\"x\"\n");
  EXPECT_EQ(At(quoted, "1.0.0.1").country, "US");
  EXPECT_EQ(At(quoted, "0.0.0.1").country, "");
}

// As the makers of .mmdb files do with the same rows.
TEST(GeoRangesTest, OfOverlappingRangesTheLaterLineCounts) {
  const GeoTable geo = Table(
      "10.0.0.0,10.0.0.99,IE\n10.0.0.50,10.0.0.149,EE\n10.0.0.60,10.0.0.69,FI\n"
      "10.0.0.0,10.0.0.9,PT\n10.0.0.145,10.0.0.255,LU\n10.0.0.200,10.0.0.210,PT\n"
      "2001::,2001::ff,IE\nffff::,ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff,IE\n"
      "ffff:1::,ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff,EE\n2001::80,2001::17f,EE\n");
  std::string seen;
  for (const int last : {0, 9, 10, 49, 50, 59, 60, 69, 70, 144, 145, 199, 200, 210, 211, 255}) {
    seen += geo.Find(V4("10.0.0.0") + static_cast<uint32_t>(last)).country;
  }
  EXPECT_EQ(seen, "PTPTIEIEEEEEFIFIEEEELULUPTPTLULU");
  EXPECT_EQ(At(geo, "2001::7f").country, "IE");
  EXPECT_EQ(At(geo, "2001::80").country, "EE");
  EXPECT_EQ(At(geo, "ffff:0:1::").country, "IE");
  EXPECT_EQ(At(geo, "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff").country, "EE");
}

TEST(GeoRangesTest, ReadCities) {
  const GeoTable dbip = Table("1.0.0.0,1.0.0.255,EU,IE,Leinster,Dublin,53.3,-6.2\n");
  EXPECT_EQ(At(dbip, "1.0.0.1").country, "IE");
  EXPECT_EQ(At(dbip, "1.0.0.1").region, "Leinster");
  EXPECT_EQ(At(dbip, "1.0.0.1").city, "Dublin");
  const GeoTable other = Table("1.0.0.0,1.0.0.255,IE,Leinster,,Dublin,D01,53.3,-6.2,\n");
  EXPECT_EQ(At(other, "1.0.0.1").region, "Leinster");
  EXPECT_EQ(At(other, "1.0.0.1").city, "Dublin");
}

TEST(GeoRangesTest, NameTheLineOfWhatCannotBe) {
  EXPECT_EQ(ErrorOf("1.0.0.0,1.0.0.255,AU\n1.0.2.0,1.0.1.0,CN\n"),
            "g:2: the range ends before it begins");
  EXPECT_EQ(ErrorOf("1.0.0.0,1.0.0.255,AU\n1.0.2.0,2001::,CN\n"),
            "g:2: the range begins in one family and ends in another");
  EXPECT_EQ(ErrorOf("1.0.0.0,1.0.0.255,AU\n1.0.2.0,16909060,CN\n"),
            "g:2: the first two fields are no range of addresses");
  EXPECT_EQ(ErrorOf("1.0.0.0,1.0.0.255,AUS\n"),
            "g:1: 'AUS' is neither a two-letter country nor an AS number");
  EXPECT_EQ(ErrorOf("1.0.0.0,1.0.0.255,AU\n1.0.1.0,1.0.1.1,\"CN\n"), "g:2: a quote is not closed");
  EXPECT_EQ(ErrorOf("1.0.0.0,1.0.0.255,AU\n1.0.1.0\n"),
            "g:2: expected start,end and what lies between");
}

TEST(GeoDelegatedTest, TakesCountsThatAreNoPowersOfTwoAndOnlyWhatSomebodyHolds) {
  const GeoTable geo = Table(
      "2|ripencc|1789500000|5|19830705|20260914|+0200\n"
      "ripencc|*|ipv4|*|4|summary\n"
      "ripencc|IE|ipv4|192.0.2.0|96|20100101|allocated|abc\n"
      "ripencc|EE|ipv4|192.0.2.96|3|20100101|assigned|abc|e-stats\n"
      "ripencc||ipv4|192.0.2.128|64||available|\n"
      "ripencc|ZZ|ipv4|192.0.2.192|64||reserved|\n"
      "ripencc|IE|asn|64500|1|20100101|allocated|abc\n"
      "ripencc|FI|ipv6|2001:db8::|32|20100101|allocated|abc\n"
      "2|apnic|20260916|1|19830613|20260915|+1000\n"
      "apnic|NZ|ipv4|255.255.255.0|256|20100101|allocated|def\n");
  EXPECT_EQ(geo.Country("IE").size(), 96U);
  EXPECT_EQ(At(geo, "192.0.2.98").country, "EE");
  EXPECT_EQ(At(geo, "192.0.2.98").registered, "EE");
  EXPECT_EQ(At(geo, "192.0.2.99").country, "");
  EXPECT_EQ(At(geo, "192.0.2.130").country, "");
  EXPECT_EQ(At(geo, "2001:db8:ffff::").country, "FI");
  EXPECT_EQ(At(geo, "255.255.255.255").country, "NZ");
  EXPECT_EQ(geo.sources().at(0).kind(), "rir-delegated");
  EXPECT_EQ(geo.sources().at(0).description(), "delegated statistics of ripencc, apnic");
  EXPECT_EQ(geo.sources().at(0).built_unix_ms(), 1'789'430'400'000);  // 2026-09-15
}

TEST(GeoDelegatedTest, RefusesCountsBeyondTheLastAddressAndOtherVersions) {
  EXPECT_EQ(ErrorOf("apnic|NZ|ipv4|255.255.255.0|257|20100101|allocated|d\n"),
            "g:1: that many addresses do not follow the start");
  EXPECT_EQ(ErrorOf("apnic|NZ|ipv4|10.0.0.0|0|20100101|allocated|d\n"),
            "g:1: that many addresses do not follow the start");
  EXPECT_EQ(ErrorOf("apnic|NZ|ipv6|2001:db8::1|32|20100101|allocated|d\n"),
            "g:1: the start and its prefix length do not go together");
  EXPECT_EQ(ErrorOf("3|apnic|20260916|1|19830613|20260915|+1000\n"),
            "g:1: version '3' is unknown; 2 is known");
}

TEST(GeoZipTest, JoinsBlocksWithLocations) {
  const std::string folder = "GeoLite2-City-CSV_20260915/GeoLite2-City-";
  const GeoTable geo = Table(ZipOf({
      {folder + "Locations-en.csv",
       "geoname_id,locale_code,country_iso_code,subdivision_1_iso_code,city_name\n"
       "1,en,IE,L,\"Dublin, \"\"the\"\" city\"\n2,en,GB,,\n3,en,,,\n"},
      {folder + "Blocks-IPv4.csv",
       "network,geoname_id,registered_country_geoname_id,represented_country_geoname_id\n"
       "192.0.2.0/25,1,2,\n192.0.2.128/25,,2,\n198.51.100.0/24,3,,\n"},
      {folder + "Blocks-IPv6.csv",
       "network,geoname_id,registered_country_geoname_id\n"
       "2001:db8::/32,2,2\n"},
  }));
  EXPECT_EQ(At(geo, "192.0.2.1").country, "IE");
  EXPECT_EQ(At(geo, "192.0.2.1").registered, "GB");
  EXPECT_EQ(At(geo, "192.0.2.1").region, "L");
  EXPECT_EQ(At(geo, "192.0.2.1").city, "Dublin, \"the\" city");
  EXPECT_EQ(At(geo, "192.0.2.129").country, "");
  EXPECT_EQ(At(geo, "192.0.2.129").registered, "GB");
  EXPECT_EQ(At(geo, "198.51.100.1").country, "");
  EXPECT_EQ(At(geo, "2001:db8::1").country, "GB");
  EXPECT_EQ(geo.sources().at(0).kind(), "geolite2-csv");
  EXPECT_EQ(geo.sources().at(0).built_unix_ms(), 1'789'430'400'000);
  EXPECT_TRUE(geo.sources().at(0).attribution().starts_with("This product includes GeoLite2"));
}

TEST(GeoZipTest, ReadsAsBlocksAndNamesTheLineInsideThatIsWrong) {
  const GeoTable geo = Table(ZipOf({{"x/GeoLite2-ASN-Blocks-IPv4.csv",
                                     "network,autonomous_system_number,autonomous_system_"
                                     "organization\n192.0.2.0/24,64500,\"A, B\"\n"}}));
  EXPECT_EQ(At(geo, "192.0.2.9").asn, 64500U);
  EXPECT_EQ(ErrorOf(ZipOf({{"x-Blocks-IPv4.csv", "network,autonomous_system_number\nfoo,1\n"}})),
            "g(x-Blocks-IPv4.csv):2: 'foo': not an IP address, prefix or range");
  EXPECT_EQ(ErrorOf(ZipOf({{"x-Blocks-IPv4.csv", "network,geoname_id\n1.0.0.0/8,1\n"}})),
            "g: has no …-Locations-en.csv");
  EXPECT_NE(ErrorOf(ZipOf({{"readme", "hello"}})).find("without …-Blocks"), std::string::npos);
}

TEST(GeoLinesTest, ReadGzipOfSeveralMembersAndSayWhenItIsDamaged) {
  const std::string a = Gzip("1.0.0.0,1.0.0.255,AU\n"), b = Gzip("1.0.1.0,1.0.1.255,CN\n");
  EXPECT_EQ(At(Table(a + b), "1.0.1.1").country, "CN");
  EXPECT_EQ(ErrorOf(a + b.substr(0, b.size() - 9)), "g: the gzip file ends in the middle");
  EXPECT_EQ(ErrorOf(a + "rubbish"), "g: the gzip file is damaged");
}

// However the pieces are cut, the lines are the same.
TEST(GeoLinesTest, GiveTheSameLinesHoweverTheirBytesCome) {
  const std::string text = "one\n\n# two\r\n  three  \nfour";
  for (size_t piece = 1; piece <= text.size(); ++piece) {
    size_t at = 0;
    GeoLines lines(
        [&](char* to, size_t room) -> Result<size_t> {
          const size_t n = text.copy(to, std::min(piece, room), at);
          at += n;
          return n;
        },
        "g");
    std::string all;
    std::string_view line;
    while (*lines.NextFull(&line)) all += StrCat(lines.number(), line, ";");
    EXPECT_EQ(all, "1one;4three;5four;") << piece;
  }
}

TEST(GeoLinesTest, ALineWithoutEndAndBytesThatAreNoTextAreErrors) {
  EXPECT_EQ(ErrorOf("1.0.0.0/8,NA,1\n" + std::string(GeoLines::kMaxLine + 1, 'x')),
            "g:2: a line that long is in no geo data");
  EXPECT_EQ(ErrorOf(std::string("1.0.0.0/8,NA,1\n") + std::string(1000, ' ') + '\0'),
            "g:2: this is no text; unpack it first if it is packed");
}

TEST(GeoLoadTest, NamesWhatItDoesNotRead) {
  std::string tar(1024, '\0');
  tar.replace(257, 5, "ustar");
  EXPECT_NE(ErrorOf(tar).find("a tar archive"), std::string::npos);
  EXPECT_NE(ErrorOf("\x01\x02\x03" + std::string(500, '\xff') + std::string(3, '\0') +
                    "GEO-106FREE 20260704 Build\xff\xff\xff\x01")
                .find("GeoIP Legacy"),
            std::string::npos);
  EXPECT_NE(ErrorOf(std::string("\x7f"
                                "ELF\0",
                                5))
                .find("neither text nor"),
            std::string::npos);
  EXPECT_NE(ErrorOf("hello, world\n").find("'hello, world' begins no geo data"), std::string::npos);
  EXPECT_EQ(ErrorOf(""), "g: no prefixes in it");
}

TEST(GeoLoadTest, LaterFilesFillWhatEarlierOnesLeaveOpen) {
  const TempDirectory directory;
  const std::string stem = directory / "fill-";
  ASSERT_TRUE(WriteFileAtomically(stem + "a", "10.0.0.0/24,IE\n2001:db8::/32,IE\n").ok());
  ASSERT_TRUE(WriteFileAtomically(stem + "b",
                                  "10.0.0.128,10.0.1.255,64500,FI,x\n"
                                  "2001:db8:8000::,2001:db9::,64501,FI,y\n")
                  .ok());
  const GeoTable geo = std::move(GeoTable::Load(stem + "a," + stem + "b")).value();
  EXPECT_EQ(At(geo, "10.0.0.127").asn, 0U);
  EXPECT_EQ(At(geo, "10.0.0.128").asn, 64500U);
  EXPECT_EQ(At(geo, "10.0.0.128").country, "IE") << "the first file's word";
  EXPECT_EQ(At(geo, "10.0.1.0").country, "FI");
  EXPECT_EQ(At(geo, "2001:db8:8000::").asn, 64501U);
  EXPECT_EQ(At(geo, "2001:db8:8000::").country, "IE");
  EXPECT_EQ(At(geo, "2001:db9::").country, "FI");
  ASSERT_EQ(geo.sources().size(), 2U);
  EXPECT_EQ(geo.sources()[1].file(), stem + "b");
  EXPECT_EQ(geo.sources()[1].kind(), "ranges");
}

TEST(GeoSelectTest, TakesRegionsCitiesAndAsesTogether) {
  const GeoTable geo = Table(
      "1.0.0.0,1.0.0.255,EU,IE,Leinster,Dublin,5,6\n"
      "1.0.1.0,1.0.1.255,EU,IE,Leinster,Bray,5,6\n"
      "1.0.2.0,1.0.2.255,EU,IE,Munster,Cork,5,6\n");
  GeoSelection wanted;
  wanted.country = "IE";
  EXPECT_EQ(geo.Select(wanted).size(), 768U);
  wanted.region = "leinster";
  EXPECT_EQ(geo.Select(wanted).size(), 512U);
  wanted.city = "DUBLIN";
  EXPECT_EQ(geo.Select(wanted).size(), 256U);
  EXPECT_EQ(Join(geo.Regions("IE"), " "), "Leinster Munster");
  EXPECT_EQ(Join(geo.Cities("IE", "leinster"), " "), "Bray Dublin");
  wanted.asns = {64500};
  EXPECT_TRUE(geo.Select(wanted).empty());
  GeoSelection as;
  as.asns = {64500, 64502};
  EXPECT_EQ(
      Table("10.0.0.0/24,IE,64500\n10.0.1.0/24,IE,64501\n10.0.2.0/24,EE,64502\n").Select(as).size(),
      512U);
}

TEST(GeoSourcesTest, ARunGoesWithTheVeryFilesItWasPlannedWith) {
  const GeoTable planned = Table("10.0.0.0/24,IE\n"), other = Table("10.0.0.0/24,EE\n");
  proto::RunRow run;
  EXPECT_TRUE(CheckSameGeo(run, other.sources()).ok()) << "an older run recorded none";
  run.set_geo_source("g.csv");
  *run.add_geo_sources() = planned.sources()[0];
  EXPECT_TRUE(CheckSameGeo(run, planned.sources()).ok());
  EXPECT_EQ(CheckSameGeo(run, other.sources()).code(), StatusCode::kInvalidInput);
  EXPECT_FALSE(CheckSameGeo(run, {}).ok());
  *run.add_geo_sources() = other.sources()[0];
  EXPECT_FALSE(CheckSameGeo(run, planned.sources()).ok()) << "one of two";
}

TEST(CountriesTest, AreFoundByCodeNameAndAlias) {
  EXPECT_EQ(CountryCode("ie"), "IE");
  EXPECT_EQ(CountryCode("Ireland"), "IE");
  EXPECT_EQ(CountryCode("UK"), "GB");
  EXPECT_EQ(CountryCode("cote d'ivoire"), "CI");
  EXPECT_EQ(CountryCode("United States of America"), "US");
  EXPECT_EQ(CountryCode("XX"), "XX") << "a list may have its own";
  EXPECT_EQ(CountryCode("Atlantis"), std::nullopt);
  EXPECT_EQ(CountryCode(""), std::nullopt);
  EXPECT_EQ(CountryName("NA"), "Namibia");
  EXPECT_EQ(CountryName("XX"), "");
  for (const std::string& name : CountryNames()) {
    const std::optional<std::string> code = CountryCode(name);
    ASSERT_TRUE(code) << name;
    EXPECT_EQ(CountryName(*code), name);
  }
}

}  // namespace
}  // namespace hark
