#include "coordinator/audit.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <string>

#include "base/outcome.h"

namespace hark {
namespace {

const std::string kSecret(32, 's');
constexpr uint64_t kLarge = 1'000'000;

uint64_t SizeOf(const std::vector<AuditSample::Stretch>& stretches) {
  uint64_t size = 0;
  for (const auto& stretch : stretches) size += stretch.to - stretch.from;
  return size;
}

proto::HostObservation Host(Outcome outcome, const std::vector<std::string>& blobs = {}) {
  proto::HostObservation host;
  host.set_address(std::string(Address::V4(0x7f000001).bytes()));
  proto::PortObservation& port = *host.add_ports();
  port.set_port(22);
  port.set_outcome(static_cast<uint32_t>(outcome));
  for (const std::string& blob : blobs) port.mutable_ssh()->add_keys()->set_blob(blob);
  return host;
}

AuditCount Compared(const proto::HostObservation& first, const proto::HostObservation& second) {
  return CompareHost(*AuditHostOf(first), second);
}

void ExpectCount(const AuditCount& count, uint64_t audited, uint64_t disagreed) {
  EXPECT_EQ(count.audited, audited);
  EXPECT_EQ(count.disagreed, disagreed);
}

TEST(AuditSampleTest, IsTheSameHoweverTheIndicesAreCut) {
  const AuditSample sample(kSecret, 7, kLarge, 0.005);
  const auto whole = sample.Within(0, kLarge);
  std::vector<AuditSample::Stretch> pieces;
  for (uint64_t from = 0; from < kLarge; from += 777) {
    for (const auto& piece : sample.Within(from, std::min(from + 777, kLarge))) {
      if (!pieces.empty() && pieces.back().to == piece.from) {
        pieces.back().to = piece.to;
      } else {
        pieces.push_back(piece);
      }
    }
  }
  ASSERT_EQ(pieces.size(), whole.size());
  for (size_t i = 0; i < whole.size(); ++i) {
    EXPECT_EQ(pieces[i].from, whole[i].from);
    EXPECT_EQ(pieces[i].to, whole[i].to);
  }
}

TEST(AuditSampleTest, IsAsLargeAsAskedFor) {
  for (const double share : {0.0005, 0.005, 0.3, 1.0}) {
    const AuditSample sample(kSecret, 7, kLarge, share);
    const auto size = static_cast<double>(SizeOf(sample.Within(0, kLarge)));
    EXPECT_GE(size, share * kLarge);
    EXPECT_LE(size, share * kLarge + 70);  // a block's part is rounded up
    double hosts = 0;
    for (uint32_t i = 0; i < 100'000; ++i) hosts += sample.Has(Address::V4(0x0a000000 + i)) ? 1 : 0;
    EXPECT_NEAR(hosts, share * 100'000, 5 * std::sqrt(100'000 * share * (1 - share)) + 1);
  }
}

TEST(AuditSampleTest, IsAnotherForEverySecretAndRun) {
  const auto where = [](std::string_view secret, uint32_t run) {
    return AuditSample(secret, run, kLarge, 0.005).Within(0, kLarge).front().from;
  };
  EXPECT_NE(where(kSecret, 1), where(kSecret, 2));
  EXPECT_NE(where(kSecret, 1), where(std::string(32, 't'), 1));
  EXPECT_EQ(where(kSecret, 1), where(kSecret, 1));
}

TEST(AuditSampleTest, IsEmptyWithoutASecretOrAShare) {
  for (const auto& sample : {AuditSample("", 1, 100, 0.5), AuditSample(kSecret, 1, 100, 0),
                             AuditSample(kSecret, 1, 100, -1)}) {
    EXPECT_TRUE(sample.Within(0, 100).empty());
    EXPECT_FALSE(sample.Has(Address::V4(1)));
  }
}

TEST(AuditSampleTest, OfASmallRunIsWithinIt) {
  for (uint64_t planned = 1; planned < 50; ++planned) {
    const auto stretches = AuditSample(kSecret, 1, planned, 0.01).Within(0, UINT64_MAX);
    ASSERT_EQ(stretches.size(), 1U);
    EXPECT_EQ(SizeOf(stretches), 1U);
    EXPECT_LT(stretches[0].from, planned);
  }
}

TEST(AuditSweepTest, CountsListenersThatOnlyOneSaw) {
  proto::AuditClaim claim;
  for (const uint64_t hit : {3, 5, 9, 20}) claim.add_hits(hit);
  ExpectCount(CompareSweep(0, 10, {3, 5, 9}, 0, &claim), 3, 0);
  ExpectCount(CompareSweep(0, 10, {}, 0, &claim), 3, 3);
  ExpectCount(CompareSweep(0, 10, {3, 4, 8}, 0, &claim), 5, 4);
  ExpectCount(CompareSweep(10, 30, {20}, 0, &claim), 1, 0);
  ExpectCount(CompareSweep(10, 20, {}, 0, &claim), 0, 0);
}

TEST(AuditSweepTest, ExcusesWhatCouldNotBeKnockedAt) {
  proto::AuditClaim claim;
  for (const uint64_t hit : {3, 5, 9}) claim.add_hits(hit);
  ExpectCount(CompareSweep(0, 10, {3}, 2, &claim), 1, 0);
  ExpectCount(CompareSweep(0, 10, {3}, 1, &claim), 2, 1);
  claim.set_doubtful(1);
  ExpectCount(CompareSweep(0, 10, {1, 2, 3, 5, 9}, 0, &claim), 4, 1);
  EXPECT_EQ(claim.doubtful(), 0U) << "an excuse counts once";
}

TEST(AuditHostTest, TheSameKeysAgreeAndOthersDoNot) {
  ExpectCount(Compared(Host(Outcome::kOk, {"a", "b"}), Host(Outcome::kOk, {"b", "a"})), 1, 0);
  ExpectCount(Compared(Host(Outcome::kOk, {"a"}), Host(Outcome::kOk, {"b"})), 1, 1);
  ExpectCount(Compared(Host(Outcome::kOk, {"a", "b"}), Host(Outcome::kOk, {"a"})), 1, 1);
}

TEST(AuditHostTest, KeysThatOnlyOneSawDisagree) {
  for (const Outcome nothing :
       {Outcome::kSilent, Outcome::kRefused, Outcome::kReset, Outcome::kProtocolError}) {
    ExpectCount(Compared(Host(Outcome::kOk, {"a"}), Host(nothing)), 1, 1);
    ExpectCount(Compared(Host(nothing), Host(Outcome::kOk, {"a"})), 1, 1);
  }
}

TEST(AuditHostTest, AnInterruptedVisitMayHaveSeenFewerKeys) {
  ExpectCount(Compared(Host(Outcome::kOk, {"a", "b"}), Host(Outcome::kReset, {"a"})), 1, 0);
  ExpectCount(Compared(Host(Outcome::kReset, {"a"}), Host(Outcome::kOk, {"a", "b"})), 1, 0);
  ExpectCount(Compared(Host(Outcome::kReset, {"c"}), Host(Outcome::kOk, {"a", "b"})), 1, 1);
}

TEST(AuditHostTest, WhatNeitherSawIsNoFinding) {
  ExpectCount(Compared(Host(Outcome::kSilent), Host(Outcome::kRefused)), 0, 0);
  ExpectCount(Compared(Host(Outcome::kNotThisProtocol), Host(Outcome::kSilent)), 0, 0);
}

TEST(AuditHostTest, ThrottledHostsAreLeftAlone) {
  EXPECT_FALSE(AuditHostOf(Host(Outcome::kThrottled)));
  ExpectCount(Compared(Host(Outcome::kOk, {"a"}), Host(Outcome::kThrottled)), 0, 0);
}

TEST(AuditHostTest, OurOwnFailuresAndExclusionsSayNothing) {
  ExpectCount(Compared(Host(Outcome::kLocalError), Host(Outcome::kOk, {"a"})), 0, 0);
  ExpectCount(Compared(Host(Outcome::kOk, {"a"}), Host(Outcome::kLocalError)), 0, 0);
  proto::HostObservation excluded = Host(Outcome::kLocalError);
  excluded.set_excluded(true);
  EXPECT_FALSE(AuditHostOf(excluded));
  ExpectCount(Compared(Host(Outcome::kOk, {"a"}), excluded), 0, 0);
}

TEST(AuditHostTest, AVisitOfFewerPortsIsComparedAsFarAsItGoes) {
  proto::HostObservation none;
  ExpectCount(Compared(Host(Outcome::kOk, {"a"}), none), 0, 0);
}

TEST(StandsOutTest, OneOfThreeThatSeesNothingIsFoundAndTheOthersAreNot) {
  // 40 findings a pair: the two good ones agree, who sees nothing agrees with neither.
  const AuditCount bad{80, 80}, among_good{40, 0};
  const AuditCount good{80, 40}, good_and_bad{40, 40};
  EXPECT_TRUE(StandsOut(bad, among_good));
  EXPECT_FALSE(StandsOut(good, good_and_bad));
}

TEST(StandsOutTest, ItDoesNotMatterWhoAuditsWhomHowOften) {
  // One good worker is audited mostly by the bad one.
  EXPECT_TRUE(StandsOut({590, 225}, {380, 0}));
  EXPECT_FALSE(StandsOut({284, 183}, {306, 184}));
}

TEST(StandsOutTest, AFewAccidentsAreNone) {
  EXPECT_FALSE(StandsOut({1000, 10}, {5000, 50}));
  EXPECT_FALSE(StandsOut({1000, 15}, {5000, 50}));
  EXPECT_TRUE(StandsOut({1000, 60}, {5000, 50}));
  EXPECT_FALSE(StandsOut({kFewestAudited - 1, kFewestAudited - 1}, {5000, 0}));
  EXPECT_TRUE(StandsOut({kFewestAudited, kFewestAudited}, {5000, 0}));
}

TEST(StandsOutTest, TwoWorkersThatDisagreeAreBothNotToldApart) {
  EXPECT_FALSE(StandsOut({50, 50}, {50, 50}));
  EXPECT_FALSE(StandsOut({50, 50}, {0, 0})) << "nobody to be compared with";
}

}  // namespace
}  // namespace hark
