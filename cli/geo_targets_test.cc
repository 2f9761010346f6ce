#include "cli/geo_targets.h"

#include <gtest/gtest.h>

namespace hark {
namespace {

const char kCities[] =
    "1.0.0.0,1.0.0.255,EU,IE,Leinster,Dublin,5,6\n1.0.1.0,1.0.1.255,EU,IE,Munster,Cork,5,6\n"
    "1.0.2.0,1.0.2.255,EU,EE,Harju,Tallinn,5,6\n";

class GeoTargetsTest : public testing::Test {
 protected:
  GeoTargetsTest() { wishes_.geo = "g.csv"; }

  // The number of targets, or the error.
  std::string Of(const char* text, const std::string& country) const {
    const GeoTable geo = std::move(GeoTable::Parse(text, "g.csv")).value();
    const Result<RangeSet> targets = GeoTargets(wishes_, country, geo);
    return targets.ok() ? std::to_string(targets->size()) : targets.status().message();
  }
  std::string Check() { return CheckGeoTargets(wishes_).message(); }

  PlanWishes wishes_;
};

TEST_F(GeoTargetsTest, MakesCodesOfNames) {
  wishes_.country = "Ireland, ee,UK,south korea";
  EXPECT_EQ(Check(), "");
  EXPECT_EQ(wishes_.country, "IE,EE,GB,KR");
  wishes_.country = "Irelend";
  EXPECT_EQ(Check(), "--country: no country is called 'Irelend'; did you mean Ireland?");
  wishes_.country = "IE,,EE";
  EXPECT_EQ(Check(), "--country has an empty entry");
}

TEST_F(GeoTargetsTest, WantsOneKindOfTargetsAndAFileToFindThem) {
  EXPECT_EQ(Check(), "give either --targets or --country (or --asn)");
  wishes_.country = "IE";
  wishes_.from.targets = "10.0.0.1";
  EXPECT_EQ(Check(), "give either --targets or --country (or --asn)");
  wishes_.from.targets = "";
  wishes_.geo = "";
  EXPECT_EQ(Check(), "--country needs --geo=FILE to know its addresses");
}

TEST_F(GeoTargetsTest, ARegionBringsItsCountry) {
  wishes_.region = "ie-leinster";
  EXPECT_EQ(Check(), "");
  EXPECT_EQ(wishes_.country, "IE");
  EXPECT_EQ(Of(kCities, "IE"), "256");
  EXPECT_EQ(GeoTargetsText(wishes_, "IE"), "country IE, region leinster");
  wishes_.country = "EE";
  EXPECT_EQ(Check(), "--region=ie-leinster is not in --country=EE");
  wishes_.region = "Leinster";
  EXPECT_EQ(Check(), "--region is a country code, '-' and the region, e.g. IE-D");
}

TEST_F(GeoTargetsTest, ACityIsLookedForInItsCountryOnly) {
  wishes_.city = "dublin";
  wishes_.country = "IE";
  EXPECT_EQ(Check(), "");
  EXPECT_EQ(Of(kCities, "IE"), "256");
  EXPECT_EQ(Of(kCities, "EE"), "--city: no 'dublin' there in g.csv");
  wishes_.country = "";
  EXPECT_EQ(Check(), "--city needs its --country");
}

TEST_F(GeoTargetsTest, SaysWhatTheFileHasWhenItHasNothingOfTheKind) {
  wishes_.country = "FI";
  EXPECT_EQ(Of(kCities, "FI"), "--country: no 'FI' in g.csv; it has EE IE");
  wishes_.region = "IE-Ulster";
  EXPECT_EQ(Of(kCities, "IE"), "--region: g.csv has of IE: Leinster Munster");
  EXPECT_EQ(Of("10.0.0.0/8,IE\n", "IE"), "--region: g.csv has no regions of IE");
}

TEST_F(GeoTargetsTest, TakesAsesOfAnyCountryOrOfOne) {
  const char kAses[] = "10.0.0.0/24,IE,64500\n10.0.1.0/24,EE,64500\n10.0.2.0/24,IE,64501\n";
  wishes_.asn = "AS64500";
  EXPECT_EQ(Check(), "");
  EXPECT_EQ(Of(kAses, ""), "512");
  EXPECT_EQ(Of(kAses, "IE"), "256");
  wishes_.asn = "AS64500, 64501";
  EXPECT_EQ(Of(kAses, ""), "768");
  EXPECT_EQ(GeoTargetsText(wishes_, "IE"), "country IE, AS64500, AS64501");
  wishes_.asn = "64510";
  EXPECT_EQ(Of(kAses, ""), "--asn: g.csv has no address of it there");
  wishes_.asn = "ASX";
  EXPECT_EQ(Check(), "--asn: 'ASX' is not an AS number");
}

}  // namespace
}  // namespace hark
