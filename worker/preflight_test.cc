#include "worker/preflight.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "base/strings.h"
#include "worker/engine/engine_test_util.h"

namespace hark {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

MachineFacts GoodMachine() {
  MachineFacts facts;
  facts.raw_sockets = facts.ipv4 = facts.ipv6 = proto::Capabilities::WORKS;
  facts.outbound_25 = facts.clock = proto::Capabilities::WORKS;
  facts.open_files = 1 << 20;
  facts.max_sockets = (1 << 20) - 130;
  facts.source_ports = 28232;
  facts.conntrack_max = 1 << 20;
  facts.memory_bytes = uint64_t{1} << 30;
  facts.disk_free_bytes = uint64_t{10} << 30;
  facts.own_address = *Address::Parse("5.6.7.8");
  facts.reverse_name = facts.ehlo.name = "scan-1.example.org";
  return facts;
}

// The lines that are not PASS.
std::vector<std::string> Complaints(const proto::Capabilities& capabilities) {
  std::vector<std::string> out;
  for (const proto::Preflight& line : capabilities.preflight()) {
    EXPECT_LE(line.detail().size(), kMaxPreflightDetail);
    if (line.result() != proto::Preflight::PASS) out.push_back(PreflightLine(line));
  }
  return out;
}

std::string OnlyComplaint(const MachineFacts& facts, const WorkerConfig& config = {}) {
  const auto complaints = Complaints(Judge(facts, config));
  EXPECT_EQ(complaints.size(), 1U);
  return complaints.empty() ? "" : complaints[0];
}

TEST(Preflight, OfAGoodMachinePasses) {
  const proto::Capabilities good = Judge(GoodMachine(), {});
  EXPECT_THAT(Complaints(good), IsEmpty());
  EXPECT_TRUE(IsFit(good));
  EXPECT_EQ(good.max_sockets(), (1U << 20) - 130);
  EXPECT_EQ(good.spool_bytes(), uint64_t{256} << 20);  // the quota, the disk has more
  EXPECT_EQ(good.preflight_size(), 13);
}

TEST(Preflight, SaysWhatToSet) {
  MachineFacts facts = GoodMachine();
  facts.conntrack_max = 65536;
  EXPECT_THAT(OnlyComplaint(facts), HasSubstr("sysctl -w net.netfilter.nf_conntrack_max=121000"));
  facts = GoodMachine();
  facts.conntrack_max.reset();
  EXPECT_THAT(Complaints(Judge(facts, {})), IsEmpty());
  facts = GoodMachine();
  facts.max_sockets = 700;
  EXPECT_THAT(OnlyComplaint(facts), HasSubstr("LimitNOFILE=1256"));
  facts = GoodMachine();
  facts.source_ports = 500;
  EXPECT_THAT(OnlyComplaint(facts), HasSubstr("net.ipv4.ip_local_port_range"));
  WorkerConfig config;
  config.source_ports = "40000-40499";
  EXPECT_THAT(OnlyComplaint(facts, config), HasSubstr("widen source_ports"));
  facts = GoodMachine();
  facts.clock = proto::Capabilities::FAILS;
  EXPECT_THAT(OnlyComplaint(facts), HasSubstr("WARN clock: the kernel says"));
  facts = GoodMachine();
  facts.memory_bytes = uint64_t{100} << 20;
  EXPECT_THAT(OnlyComplaint(facts), HasSubstr("lower max_parallel"));
  facts = GoodMachine();
  facts.outbound_25 = proto::Capabilities::FAILS;
  EXPECT_THAT(OnlyComplaint(facts), HasSubstr("filter port 25"));
}

TEST(Preflight, SaysWhatStrangersWouldFindOfUs) {
  MachineFacts facts = GoodMachine();
  facts.reverse_name = "";
  EXPECT_THAT(OnlyComplaint(facts), HasSubstr("WARN reverse DNS: 5.6.7.8 has no name"));
  facts.own_address = *Address::Parse("10.0.0.1");
  EXPECT_THAT(Complaints(Judge(facts, {})), IsEmpty());
  facts = GoodMachine();
  facts.ehlo.warning = "ehlo_name 'x' does not lead to 5.6.7.8";
  EXPECT_THAT(OnlyComplaint(facts), HasSubstr("WARN ehlo name: ehlo_name 'x'"));
  WorkerConfig config;
  config.contact = "someone";
  EXPECT_THAT(OnlyComplaint(GoodMachine(), config), HasSubstr("neither a URL nor a mail"));
  for (const char* contact : {"abuse@example.org", "https://scan.example.org/"}) {
    config.contact = contact;
    EXPECT_THAT(Complaints(Judge(GoodMachine(), config)), IsEmpty()) << contact;
  }
}

TEST(Preflight, WhatWasNotTestedIsNoComplaintAndNotClaimed) {
  MachineFacts facts = GoodMachine();
  facts.outbound_25 = proto::Capabilities::NOT_TESTED;
  facts.raw_sockets = facts.ipv6 = proto::Capabilities::FAILS;
  const proto::Capabilities judged = Judge(facts, {});
  EXPECT_THAT(Complaints(judged), IsEmpty());
  EXPECT_EQ(judged.outbound_25(), proto::Capabilities::NOT_TESTED);
  EXPECT_EQ(judged.ipv6(), proto::Capabilities::FAILS);
}

TEST(Preflight, WithoutRoomForSocketsOrBatchesFails) {
  MachineFacts facts = GoodMachine();
  facts.max_sockets = 100;
  EXPECT_FALSE(IsFit(Judge(facts, {})));
  facts = GoodMachine();
  facts.disk_free_bytes = uint64_t{100} << 20;
  EXPECT_TRUE(IsFit(Judge(facts, {})));
  EXPECT_EQ(Judge(facts, {}).spool_bytes(), uint64_t{100} << 20);
  facts.disk_free_bytes = 1 << 20;
  EXPECT_FALSE(IsFit(Judge(facts, {})));
}

TEST(MachineFactsTest, AreThisMachines) {
  WorkerConfig config;
  config.state_dir = StrCat(::testing::TempDir(), "hark-facts-", getpid());
  const MachineFacts facts = FindMachineFacts(config);
  EXPECT_EQ(facts.outbound_25, proto::Capabilities::NOT_TESTED);
  EXPECT_NE(facts.raw_sockets, proto::Capabilities::NOT_TESTED);
  EXPECT_GT(facts.open_files, facts.max_sockets);
  EXPECT_GT(facts.source_ports, 0U);
  EXPECT_GT(facts.memory_bytes, uint64_t{1} << 20);
  EXPECT_GT(facts.disk_free_bytes, 0U);
  EXPECT_GT(ResidentBytes(), uint64_t{1} << 20);
  rmdir(config.state_dir.c_str());
}

TEST(MachineFactsTest, Outbound25IsTriedOnlyWhereTheOperatorSaid) {
  LoopbackServer server;
  WorkerConfig config;
  config.check_25 = StrCat("127.0.0.1:", server.port());
  EXPECT_EQ(FindMachineFacts(config).outbound_25, proto::Capabilities::WORKS);
  EXPECT_TRUE(server.Accept().valid());
  config.check_25 = StrCat("127.0.0.1:", LoopbackServer::ClosedPort());
  EXPECT_EQ(FindMachineFacts(config).outbound_25, proto::Capabilities::FAILS);
  EXPECT_FALSE(server.Accept().valid());
}

}  // namespace
}  // namespace hark
