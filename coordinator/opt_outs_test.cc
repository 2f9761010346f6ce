#include "coordinator/opt_outs.h"

#include <gtest/gtest.h>

#include "base/strings.h"

namespace hark {
namespace {

constexpr int64_t kNow = 1'700'000'000'000;

proto::AddOptOuts Entries(const std::vector<std::string>& entries) {
  proto::AddOptOuts out;
  out.set_reason("asked");
  for (const std::string& entry : entries) out.add_entries(entry);
  return out;
}

TEST(OptOutsTest, GrowStepByStepAndStay) {
  const std::unique_ptr<Store> store = std::move(*Store::OpenInMemory());
  EXPECT_EQ(LoadOptOuts(*store)->version, 0U);
  EXPECT_EQ(*AddOptOuts(*store, Entries({"192.0.2.0/25", "192.0.2.200"}), kNow), 1U);
  EXPECT_EQ(*AddOptOuts(*store, Entries({"198.51.100.1-198.51.100.9"}), kNow + 1), 2U);
  const OptOuts all = *LoadOptOuts(*store);
  EXPECT_EQ(all.version, 2U);
  EXPECT_EQ(all.addresses.v4().size(), 128U + 1 + 9);
  ASSERT_EQ(all.steps.size(), 2U);
  EXPECT_EQ(all.steps[0].entries(1), "192.0.2.200");
  EXPECT_EQ(all.steps[1].unix_ms(), kNow + 1);
  EXPECT_EQ(all.steps[1].reason(), "asked");
}

TEST(OptOutsTest, WhatIsThereAlreadyMakesNoVersion) {
  const std::unique_ptr<Store> store = std::move(*Store::OpenInMemory());
  ASSERT_EQ(*AddOptOuts(*store, Entries({"192.0.2.0/24"}), kNow), 1U);
  EXPECT_EQ(*AddOptOuts(*store, Entries({"192.0.2.7", "192.0.2.128/25"}), kNow), 1U);
  EXPECT_EQ(LoadOptOuts(*store)->steps.size(), 1U);
}

TEST(OptOutsTest, OneBadEntryAddsNone) {
  const std::unique_ptr<Store> store = std::move(*Store::OpenInMemory());
  const std::vector<std::string> bad = {"nonsense", "192.0.2.1/24",         "2001:db8::1/64",
                                        "AS0",      std::string(1000, '1'), ""};
  for (const std::string& entry : bad) {
    const auto added = AddOptOuts(*store, Entries({"192.0.2.7", entry}), kNow);
    EXPECT_EQ(added.status().code(), StatusCode::kInvalidInput) << entry;
  }
  EXPECT_FALSE(AddOptOuts(*store, Entries({}), kNow).ok());
  EXPECT_EQ(LoadOptOuts(*store)->version, 0U);
}

TEST(OptOutsTest, AreBoundedAtOnce) {
  const std::vector<std::string> many(kMaxOptOutEntries, "192.0.2.7");
  EXPECT_TRUE(ParseOptOuts(Entries(many)).ok());
  const std::vector<std::string> more(kMaxOptOutEntries + 1, "192.0.2.7");
  EXPECT_FALSE(ParseOptOuts(Entries(more)).ok());
  proto::AddOptOuts wordy = Entries({"192.0.2.7"});
  wordy.set_reason(std::string(501, 'x'));
  EXPECT_FALSE(ParseOptOuts(wordy).ok());
}

TEST(OptOutsTest, HoldBothFamiliesAndWhoAsked) {
  const std::unique_ptr<Store> store = std::move(*Store::OpenInMemory());
  proto::AddOptOuts what = Entries({"2001:db8::/32", "192.0.2.7"});
  what.add_notes()->set_date("2026-11-20");
  what.add_notes()->set_reason("mail of their NOC");
  ASSERT_TRUE(AddOptOuts(*store, what, kNow).ok());
  const OptOuts all = *LoadOptOuts(*store);
  EXPECT_TRUE(all.addresses.Contains(*Address::Parse("2001:db8:1::5")));
  EXPECT_FALSE(all.addresses.Contains(*Address::Parse("2001:db9::5")));
  EXPECT_EQ(all.steps[0].notes(0).date(), "2026-11-20");
  what.mutable_notes()->RemoveLast();
  EXPECT_FALSE(AddOptOuts(*store, what, kNow).ok()) << "a note for each entry, or for none";
}

GeoTable Geo(const char* csv) {
  return *GeoTable::Parse(csv, "geo.csv");
}

TEST(OptOutsTest, AnAsIsWhatItAnnouncedThenAndWhatItAnnouncesNow) {
  const std::unique_ptr<Store> store = std::move(*Store::OpenInMemory());
  proto::AddOptOuts what = Entries({"AS64496"});
  EXPECT_NE(AddOptOuts(*store, what, kNow).status().message().find("geo data"), std::string::npos);
  ASSERT_TRUE(AddAsRanges(Geo("192.0.2.0/24,NA,64496\n198.51.100.0/24,NA,64497\n"), &what).ok());
  ASSERT_EQ(*AddOptOuts(*store, what, kNow), 1U);
  const OptOuts all = *LoadOptOuts(*store);
  EXPECT_EQ(all.addresses.v4().size(), 256U);
  EXPECT_EQ(all.ases, std::vector<uint32_t>{64496});
  const GeoTable later = Geo("203.0.113.0/24,NA,64496\n");
  EXPECT_EQ(OptOutsUnder(all, later).v4().size(), 512U);
  EXPECT_EQ(OptOutsUnder(all, GeoTable()).v4().size(), 256U);
  proto::AddOptOuts unknown = Entries({"AS64499"});
  EXPECT_FALSE(AddAsRanges(later, &unknown).ok()) << "a number mistyped would leave nobody out";
}

TEST(OptOutsTest, AnAsIsItsNetworksOfBothFamilies) {
  const std::unique_ptr<Store> store = std::move(*Store::OpenInMemory());
  proto::AddOptOuts what = Entries({"AS64496"});
  ASSERT_TRUE(AddAsRanges(Geo("192.0.2.0/24,NA,64496\n"
                              "2001:db8::/33,NA,64496\n"
                              "2001:db8:8000::/33,IE,64496\n"
                              "2001:db9::/32,NA,64497\n"),
                          &what)
                  .ok());
  ASSERT_TRUE(AddOptOuts(*store, what, kNow).ok());
  const OptOuts all = *LoadOptOuts(*store);
  EXPECT_EQ(all.addresses.spans(), 2U);  // the halves of a prefix are one
  EXPECT_TRUE(all.addresses.Contains(*Address::Parse("192.0.2.7")));
  EXPECT_TRUE(all.addresses.Contains(*Address::Parse("2001:db8:ffff::1")));
  EXPECT_FALSE(all.addresses.Contains(*Address::Parse("2001:db9::1")));
  const AddressSet later = OptOutsUnder(all, Geo("2001:dba::/32,NA,64496\n"));
  EXPECT_TRUE(later.Contains(*Address::Parse("2001:dba::1")));
  EXPECT_TRUE(later.Contains(*Address::Parse("2001:db8::1")));  // what it once was stays
}

TEST(OptOutsTest, MoreThanFitAMessageToAWorkerAreRefused) {
  const std::unique_ptr<Store> store = std::move(*Store::OpenInMemory());
  const auto add = [&](int from, int to) {
    proto::AddOptOuts what;
    for (int i = from; i < to; ++i) {
      what.add_entries(StrCat("2001:db8:", i / 10000, ":", i % 10000, "::1"));
    }
    return AddOptOuts(*store, what, kNow);
  };
  constexpr int kFit = 2'000'000 / 34;
  for (int from = 0; from < kFit; from += kMaxOptOutEntries) {
    ASSERT_TRUE(add(from, std::min(from + kMaxOptOutEntries, kFit)).ok());
  }
  EXPECT_EQ(add(kFit, kFit + 1).status().code(), StatusCode::kInvalidInput);
}

TEST(OptOutsTest, PurgingMakesAStepThoughAllAreThere) {
  const std::unique_ptr<Store> store = std::move(*Store::OpenInMemory());
  proto::AddOptOuts what = Entries({"192.0.2.7"});
  ASSERT_EQ(*AddOptOuts(*store, what, kNow), 1U);
  EXPECT_TRUE(LoadOptOuts(*store)->purged.empty());
  what.set_purge(true);
  EXPECT_EQ(*AddOptOuts(*store, what, kNow), 2U);
  EXPECT_EQ(LoadOptOuts(*store)->purged.v4().size(), 1U);
}

}  // namespace
}  // namespace hark
