#include "worker/batch_builder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace hark {
namespace {

using testing::HasSubstr;

constexpr size_t kMost = size_t{255} * 1024;

// What the worst server may make us keep (worker/probe/limits.h): two chains of 128 KiB, 20 keys of
// 64 KiB, every text at its bound.
proto::HostObservation Worst() {
  proto::HostObservation host;
  host.set_address("\x7f\x01\x02\x03");
  for (uint32_t number = 1; number <= 7; ++number) {
    proto::PortObservation& port = *host.add_ports();
    port.set_port(number);
    port.set_detail("as it was");
    port.set_greeting(std::string(4 << 10, 'g'));
    port.mutable_mail()->set_capabilities(std::string(8 << 10, 'c'));
    port.mutable_http()->set_headers(std::string(16 << 10, 'h'));
    port.mutable_tls()->add_chain(std::string(128 << 10, 'd'));
    port.mutable_tls()->mutable_other_leaf()->add_chain(std::string(128 << 10, 'o'));
    for (int i = 0; i < 20; ++i) {
      port.mutable_ssh()->add_keys()->set_blob(std::string(64 << 10, 'k'));
    }
  }
  return host;
}

TEST(ShrinkToFit, MakesTheWorstHostFitAndSaysSoOnEveryPortItCut) {
  proto::HostObservation host = Worst();
  ShrinkToFit(&host, kMost);
  EXPECT_LE(host.ByteSizeLong(), kMost);
  ASSERT_EQ(host.ports_size(), 7);
  for (const proto::PortObservation& port : host.ports()) {
    EXPECT_THAT(port.detail(), HasSubstr("dropped: the observation was too large"));
  }
}

TEST(ShrinkToFit, DropsBothChainsBeforeAKey) {
  proto::HostObservation host = Worst();
  host.mutable_ports()->DeleteSubrange(1, 6);
  host.mutable_ports(0)->mutable_ssh()->mutable_keys()->DeleteSubrange(1, 19);
  ShrinkToFit(&host, kMost);
  EXPECT_EQ(host.ports(0).tls().chain_size() + host.ports(0).tls().other_leaf().chain_size(), 0);
  EXPECT_EQ(host.ports(0).ssh().keys_size(), 1);
  EXPECT_EQ(host.ports(0).greeting().size(), size_t{4} << 10);
  EXPECT_EQ(host.ports(0).detail(), "chain dropped: the observation was too large; as it was");
}

TEST(ShrinkToFit, SaysThatTextsAreGoneAndOnlyWhereTheyWere) {
  proto::HostObservation host;
  host.add_ports()->set_greeting(std::string(300 << 10, 'g'));
  host.add_ports()->set_detail("as it was");
  ShrinkToFit(&host, kMost);
  EXPECT_EQ(host.ports(0).greeting(), "");
  EXPECT_THAT(host.ports(0).detail(), HasSubstr("texts dropped"));
  EXPECT_EQ(host.ports(1).detail(), "as it was");
}

TEST(ShrinkToFit, LeavesAloneWhatFits) {
  proto::HostObservation host;
  host.add_ports()->mutable_tls()->add_chain("der");
  const std::string before = host.SerializeAsString();
  ShrinkToFit(&host, kMost);
  EXPECT_EQ(host.SerializeAsString(), before);
}

TEST(SweepBatch, SaysOfEachTargetWhatItCounts) {
  SweepBatch builder(40, BatchLimits());
  const MonoTime now{};
  builder.Add(KnockResult::kRefused, Address(), now);
  builder.Add(KnockResult::kAnswered, Address::V4(0x7f000001), now);
  builder.Add(KnockResult::kSilent, Address(), now);
  builder.Add(KnockResult::kExcluded, Address(), now);
  builder.Add(KnockResult::kLocalError, Address(), now);
  builder.Add(KnockResult::kUnreachable, Address(), now);
  const proto::Batch batch = builder.Take();
  ASSERT_EQ(batch.codec(), proto::Batch::RAW) << "too small to shrink";
  proto::BatchPayload payload;
  ASSERT_TRUE(payload.ParseFromString(batch.payload()));
  EXPECT_EQ(payload.sweep().states(), std::string("\x31\x40\x25", 3));
  EXPECT_EQ(payload.sweep().hits(0).index(), 41U);
  builder.Add(KnockResult::kRefused, Address(), now);
  const proto::Batch next = builder.Take();
  ASSERT_TRUE(payload.ParseFromString(next.payload()));
  EXPECT_EQ(payload.sweep().states(), std::string("\x01", 1)) << "the next begins anew";
}

}  // namespace
}  // namespace hark
