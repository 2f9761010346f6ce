#include "coordinator/geo_mmdb.h"

#include <gtest/gtest.h>

#include "base/strings.h"
#include "coordinator/geo.h"
#include "coordinator/mmdb_writer_fixture.h"

namespace hark {
namespace {

AddressNumber V4(const char* text) {
  return Address::Parse(text)->v4();
}

AddressNumber V6(const char* text) {
  return NumberOf(*Address::Parse(text));
}

Address At(const char* text) {
  return *Address::Parse(text);
}

std::string InCountry(const std::string& code, const std::string& registered = "") {
  std::vector<std::pair<std::string, std::string>> pairs = {
      {"country", MmdbMap({{"iso_code", MmdbText(code)}})}};
  if (!registered.empty()) {
    pairs.emplace_back("registered_country", MmdbMap({{"iso_code", MmdbText(registered)}}));
  }
  return MmdbMap(pairs);
}

std::string ErrorOf(const std::string& bytes) {
  return GeoTable::Parse(bytes, "g.mmdb").status().message();
}

class GeoMmdbTest : public testing::TestWithParam<unsigned> {};
INSTANTIATE_TEST_SUITE_P(RecordBits, GeoMmdbTest, testing::Values(24U, 28U, 32U));

TEST_P(GeoMmdbTest, KnowsEveryNetworkOfAnIpv4Tree) {
  MmdbWriter db(4, GetParam());
  db.Add(V4("10.0.0.0"), 9, InCountry("NA", "ZA"));
  db.Add(V4("10.128.0.0"), 9, InCountry("BW"));
  db.Add(V4("255.255.255.255"), 32, InCountry("NA"));
  db.Add(V4("0.0.0.0"), 32, InCountry("NA"));
  const GeoTable geo = std::move(GeoTable::Parse(db.Finish(), "g.mmdb")).value();
  EXPECT_EQ(geo.Find(At("10.1.2.3")).country, "NA");
  EXPECT_EQ(geo.Find(At("10.1.2.3")).registered, "ZA");
  EXPECT_EQ(geo.Find(At("10.200.0.0")).country, "BW");
  EXPECT_EQ(geo.Find(At("11.0.0.0")).country, "");
  EXPECT_EQ(geo.Find(At("255.255.255.255")).country, "NA");
  EXPECT_EQ(geo.Country("NA").size(), (1U << 23) + 2);
  EXPECT_EQ(geo.sources().at(0).networks(), 4U);
  EXPECT_EQ(geo.sources().at(0).kind(), "mmdb");
  EXPECT_EQ(geo.sources().at(0).built_unix_ms(), 1'781'715'000'000);
}

TEST_P(GeoMmdbTest, CountsIpv4OfAnIpv6TreeOnceHoweverManyAliasesLeadThere) {
  MmdbWriter db(6, GetParam());
  db.Add(V4("10.0.0.0"), 96 + 8, InCountry("NA"));
  db.Add(V6("2001:db8::"), 32, InCountry("BW"));
  db.Alias(V6("::ffff:0:0"), 96, 0, 96);
  db.Alias(V6("2002::"), 16, 0, 96);
  db.Alias(V6("2001::"), 32, 0, 96);
  const GeoTable geo = std::move(GeoTable::Parse(db.Finish(), "g.mmdb")).value();
  EXPECT_EQ(geo.Country("NA").size(), 1U << 24);
  EXPECT_EQ(geo.sources().at(0).networks(), 2U);
  EXPECT_EQ(geo.ByCountry().at("NA").ipv6.size(), 0U);
  EXPECT_EQ(geo.Find(At("2001:db8:1::1")).country, "BW");
  EXPECT_EQ(geo.Find(At("2001:db9::1")).country, "");
  EXPECT_EQ(
      geo.Find(*Address::FromBytes(std::string(10, '\0') + "\xff\xff\x0a\x01\x02\x03")).country,
      "NA");
}

TEST_P(GeoMmdbTest, TakesANetworkAroundAllOfIpv4ForIpv4Too) {
  MmdbWriter db(6, GetParam());
  db.Add(0, 64, InCountry("NA"));
  const GeoTable geo = std::move(GeoTable::Parse(db.Finish(), "g.mmdb")).value();
  EXPECT_EQ(geo.Country("NA").size(), uint64_t{1} << 32);
  EXPECT_EQ(geo.Find(At("::1")).country, "NA");
}

TEST_P(GeoMmdbTest, ACycleIsAnError) {
  MmdbWriter db(4, GetParam());
  db.Add(V4("10.0.0.0"), 8, InCountry("NA"));
  db.Alias(V4("128.0.0.0"), 2, 0, 1);
  EXPECT_EQ(ErrorOf(db.Finish()), "g.mmdb: node 1 is reached twice: a cycle");
}

TEST_P(GeoMmdbTest, ATreeDeeperThanItsAddressesIsAnError) {
  MmdbWriter db(4, GetParam());
  db.Add(V4("10.0.0.0"), 32, InCountry("NA"));
  db.AddRaw(V4("10.0.0.1"), 32, 1);  // back to a node of the first bits
  EXPECT_NE(ErrorOf(db.Finish()).find("deeper than 32 bits"), std::string::npos);
}

TEST_P(GeoMmdbTest, InvalidRecordsAreErrors) {
  MmdbWriter zero(4, GetParam());
  zero.Add(V4("10.0.0.0"), 8, InCountry("NA"));
  zero.AddRaw(V4("128.0.0.0"), 1, 0);
  EXPECT_NE(ErrorOf(zero.Finish()).find("invalid record"), std::string::npos);

  MmdbWriter beyond(4, GetParam());
  beyond.Add(V4("10.0.0.0"), 8, InCountry("NA"));
  beyond.AddRaw(V4("128.0.0.0"), 1, 1'000'000);
  EXPECT_NE(ErrorOf(beyond.Finish()).find("invalid record"), std::string::npos);

  MmdbWriter between(4, GetParam());  // into the zeros between tree and data
  between.Add(V4("10.0.0.0"), 8, InCountry("NA"));
  between.AddRaw(V4("128.0.0.0"), 1, between.nodes() + 3);
  EXPECT_NE(ErrorOf(between.Finish()).find("g.mmdb: "), std::string::npos);
}

TEST_P(GeoMmdbTest, NodesThatDoNotFitIntoTheFileAreAnError) {
  MmdbWriter db(4, GetParam());
  db.Add(V4("10.0.0.0"), 8, InCountry("NA"));
  for (const uint64_t claimed : {uint64_t{100'000}, uint64_t{UINT32_MAX},
                                 // times the bytes of a node, a small number in 32 bits
                                 uint64_t{1} << 30, uint64_t{0xaaaa'aaab}}) {
    db.SetNodeCount(claimed);
    EXPECT_NE(ErrorOf(db.Finish()).find("cut short"), std::string::npos) << claimed;
  }
}

TEST_P(GeoMmdbTest, AFileCutAnywhereIsAnErrorOrASmallerTable) {
  MmdbWriter db(6, GetParam());
  db.Add(V4("10.0.0.0"), 96 + 8, InCountry("NA"));
  const std::string whole = db.Finish();
  for (size_t cut = 0; cut < whole.size(); ++cut) {
    EXPECT_NE(ErrorOf(whole.substr(0, cut)), "") << cut;
  }
}

TEST(GeoMmdbRecordTest, ReadsTheShapesThatMakersUse) {
  MmdbWriter db(4, 24);
  db.Add(V4("10.0.0.0"), 16, MmdbMap({{"country_code", MmdbText("IE")}}));
  db.Add(V4("10.1.0.0"), 16, MmdbMap({{"country", MmdbText("EE")}, {"asn", MmdbText("AS64497")}}));
  db.Add(V4("10.2.0.0"), 16, MmdbMap({{"autonomous_system_number", MmdbUint(6, 64498)}}));
  db.Add(V4("10.3.0.0"), 16,
         MmdbMap({{"registered_country", MmdbMap({{"iso_code", MmdbText("FI")}})}}));
  db.Add(V4("10.4.0.0"), 16,
         MmdbMap({{"country", MmdbMap({{"iso_code", MmdbText("IE")}})},
                  {"subdivisions", MmdbArray({MmdbMap({{"iso_code", MmdbText("D")}})})},
                  {"city", MmdbMap({{"names", MmdbMap({{"en", MmdbText("Dublin")}})}})}}));
  const GeoTable geo = std::move(GeoTable::Parse(db.Finish(), "g.mmdb")).value();
  EXPECT_EQ(geo.Find(At("10.0.0.1")).country, "IE");
  EXPECT_EQ(geo.Find(At("10.1.0.1")).country, "EE");
  EXPECT_EQ(geo.Find(At("10.1.0.1")).asn, 64497U);
  EXPECT_EQ(geo.Find(At("10.2.0.1")).asn, 64498U);
  EXPECT_EQ(geo.Find(At("10.3.0.1")).country, "") << "registered is not used in";
  EXPECT_EQ(geo.Find(At("10.3.0.1")).registered, "FI");
  EXPECT_EQ(geo.Find(At("10.4.0.1")).region, "D");
  EXPECT_EQ(geo.Find(At("10.4.0.1")).city, "Dublin");
}

TEST(GeoMmdbRecordTest, FollowsPointersAndRefusesThoseThatGoRound) {
  MmdbWriter db(4, 24);
  const std::string shared = MmdbMap({{"iso_code", MmdbText("IE")}});
  db.Add(V4("10.0.0.0"), 16, shared);  // at offset 0 of the data
  db.Add(V4("10.1.0.0"), 16, MmdbMap({{"country", std::string("\x20\x00", 2)}}));
  EXPECT_EQ(std::move(GeoTable::Parse(db.Finish(), "g")).value().Find(At("10.1.0.1")).country,
            "IE");

  MmdbWriter round(4, 24);
  round.Add(V4("10.0.0.0"), 16, MmdbMap({{"country", std::string("\x20\x00", 2)}}));
  EXPECT_NE(ErrorOf(round.Finish()).find("nests too deep"), std::string::npos);

  MmdbWriter twice(4, 24);
  twice.Add(V4("10.0.0.0"), 16, std::string("\x20\x00", 2));
  EXPECT_NE(ErrorOf(twice.Finish()).find("pointer to a pointer"), std::string::npos);
}

// Each record holds the one before 28 times over: 28^8 values behind two kilobytes.
TEST(GeoMmdbRecordTest, ReadsRecordsOfRecordsInTheTimeTheirBytesTake) {
  MmdbWriter db(4, 24);
  std::string record = MmdbText("x");
  size_t offset = 0, end = record.size();
  db.Add(V4("10.0.0.0"), 16, record);
  for (unsigned level = 1; level <= 8; ++level) {
    std::string pointer(1, static_cast<char>(0x20 | offset >> 8));
    pointer += static_cast<char>(offset);
    record = MmdbArray(std::vector<std::string>(28, pointer));
    db.Add(V4("10.0.0.0") + (AddressNumber{level} << 16), 16, record);
    offset = end;
    end += record.size();
  }
  EXPECT_EQ(std::move(GeoTable::Parse(db.Finish(), "g")).value().sources()[0].networks(), 9U);
}

TEST(GeoMmdbRecordTest, RefusesNestingThatWouldOverflowTheStack) {
  MmdbWriter db(4, 32);
  std::string deep;
  for (int i = 0; i < 1'000'000; ++i) deep += MmdbHead(11, 1);
  db.Add(V4("10.0.0.0"), 16, deep + MmdbText("IE"));
  EXPECT_NE(ErrorOf(db.Finish()).find("nests too deep"), std::string::npos);
}

TEST(GeoMmdbRecordTest, SaysWhatTheFileSaysOfItself) {
  MmdbWriter db(4, 24);
  db.Add(V4("10.0.0.0"), 16, InCountry("NA"));
  db.SetDescription("GeoLite2-Country", "GeoLite2 Country database");
  const GeoTable geo = std::move(GeoTable::Parse(db.Finish(), "x.bin")).value();
  EXPECT_EQ(geo.sources().at(0).description(), "GeoLite2-Country: GeoLite2 Country database");
  EXPECT_EQ(geo.sources().at(0).attribution(),
            "This product includes GeoLite2 data created by MaxMind, available from "
            "https://www.maxmind.com");
  EXPECT_EQ(geo.sources().at(0).sha256().size(), 32U);
  EXPECT_FALSE(geo.sources().at(0).built_is_file_time());
}

}  // namespace
}  // namespace hark
