#include "coordinator/committer.h"

#include <gtest/gtest.h>
#include <poll.h>

#include "base/outcome.h"
#include "coordinator/opt_outs.h"

namespace hark {
namespace {

constexpr uint32_t kRun = 1;
constexpr uint32_t kPort = 22;

HostBatch OneHost(uint32_t number, int64_t started_unix_ms) {
  auto arena = std::make_unique<google::protobuf::Arena>();
  auto* const payload = google::protobuf::Arena::CreateMessage<proto::BatchPayload>(arena.get());
  proto::HostObservation& host = *payload->add_hosts();
  host.set_address(std::string(Address::V4(number).bytes()));
  host.set_started_unix_ms(started_unix_ms);
  proto::PortObservation& port = *host.add_ports();
  port.set_port(kPort);
  port.set_outcome(static_cast<uint32_t>(Outcome::kThrottled));
  return {std::move(arena), payload};
}

CommitItem VisitOf(uint32_t number, uint32_t round, uint64_t ticket) {
  CommitItem item;
  item.run = kRun;
  item.round = round;
  item.hosts = OneHost(number, 1'000 + round);
  item.must_sync = true;
  item.ticket = ticket;
  return item;
}

class CommitterTest : public testing::Test {
 protected:
  std::unique_ptr<Store> store_ = Store::OpenInMemory().value();
  GeoTable geo_;
  Committer committer_{*store_, geo_, {}};
};

TEST_F(CommitterTest, WhatWasSubmittedIsDurableInThisOrder) {
  std::vector<uint64_t> wanted;
  for (uint64_t ticket = 1; ticket <= 300; ++ticket) {
    committer_.Submit(VisitOf(static_cast<uint32_t>(ticket), 0, ticket));
    wanted.push_back(ticket);
  }
  ASSERT_TRUE(committer_.Flush().ok());
  EXPECT_EQ(committer_.TakeDurable(), wanted);
  EXPECT_EQ(committer_.waiting(), 0U);
  for (uint32_t number = 1; number <= 300; ++number) {
    EXPECT_TRUE(store_->FindPort(kRun, Address::V4(number), kPort).ok()) << number;
  }
}

TEST_F(CommitterTest, PurgesWhatWasSubmittedBeforeAndNothingElse) {
  const auto write = store_->NewWrite();
  proto::RunRow run;
  run.set_id(kRun);
  run.set_name("r");
  write->PutRun(run);
  ASSERT_TRUE(store_->Commit(*write, true).ok());
  proto::AddOptOuts what;
  what.add_entries("0.0.0.1-0.0.0.200");
  what.set_purge(true);
  ASSERT_TRUE(AddOptOuts(*store_, what, 0).ok());
  for (uint32_t number = 1; number <= 300; ++number) committer_.Submit(VisitOf(number, 0, number));
  CommitItem purge;
  purge.purge = true;
  committer_.Submit(std::move(purge));
  committer_.Submit(VisitOf(301, 0, 301));
  ASSERT_TRUE(committer_.Flush().ok());
  const std::vector<Result<uint64_t>> purged = committer_.TakePurged();
  ASSERT_EQ(purged.size(), 1U);
  EXPECT_EQ(*purged[0], 200U);
  EXPECT_EQ(committer_.TakeDurable().size(), 301U);
  EXPECT_EQ(committer_.waiting(), 0U);
  for (uint32_t number = 1; number <= 301; ++number) {
    EXPECT_EQ(store_->FindPort(kRun, Address::V4(number), kPort).ok(), number > 200) << number;
  }
}

TEST(CommitterGeoTest, StoresEachHostAsInOrOutOfTheRunsCountryOrUnknown) {
  const GeoTable geo = std::move(GeoTable::Parse("10.0.0.0/24,IE,64500\n10.0.1.0/24,EE,64501\n"
                                                 "10.0.2.0/24,,64502\n2001:db8::/32,IE,64503\n",
                                                 "g"))
                           .value();
  const std::unique_ptr<Store> store = Store::OpenInMemory().value();
  Committer committer(*store, geo, {{kRun, "IE"}, {kRun + 1, ""}});
  const std::vector<std::pair<const char*, proto::HostRow::Country>> hosts = {
      {"10.0.0.7", proto::HostRow::IN},        {"10.0.1.7", proto::HostRow::OUT},
      {"10.0.2.7", proto::HostRow::UNKNOWN},   {"10.0.3.7", proto::HostRow::UNKNOWN},
      {"2001:db8::7", proto::HostRow::IN},     {"2001:db9::7", proto::HostRow::UNKNOWN},
      {"::ffff:10.0.1.7", proto::HostRow::OUT}};
  uint64_t ticket = 0;
  for (const uint32_t run : {kRun, kRun + 1}) {
    for (const auto& [text, country] : hosts) {
      CommitItem item = VisitOf(1, 0, ++ticket);
      item.run = run;
      (*item.hosts.begin()).set_address(std::string(Address::Parse(text)->bytes()));
      committer.Submit(std::move(item));
    }
  }
  ASSERT_TRUE(committer.Flush().ok());
  for (const auto& [text, country] : hosts) {
    const Address address = *Address::Parse(text);
    EXPECT_EQ(store->FindHost(kRun, address)->in_country(), country) << text;
    EXPECT_EQ(store->FindHost(kRun + 1, address)->in_country(), proto::HostRow::UNKNOWN)
        << "a list has no country";
  }
  EXPECT_EQ(store->FindHost(kRun, *Address::Parse("2001:db8::7"))->asn(), 64503U);
  EXPECT_EQ(store->FindHost(kRun, *Address::Parse("10.0.2.7"))->asn(), 64502U);
}

// Rows are made while earlier ones are written; a host's own must be there all the same.
TEST_F(CommitterTest, AVisitAddsToTheOneBeforeHoweverCloseTheyFollow) {
  constexpr uint32_t kHosts = 100;
  constexpr uint32_t kRounds = 3;
  for (uint32_t number = 1; number <= kHosts; ++number) {
    for (uint32_t round = 0; round < kRounds; ++round) {
      committer_.Submit(VisitOf(number, round, 0));
    }
  }
  ASSERT_TRUE(committer_.Flush().ok());
  for (uint32_t number = 1; number <= kHosts; ++number) {
    const proto::HostRow host = store_->FindHost(kRun, Address::V4(number)).value();
    EXPECT_EQ(host.started_unix_ms(), 1'000) << number;
    EXPECT_EQ(host.last_visit_unix_ms(), 1'000 + kRounds - 1) << number;
    EXPECT_EQ(store_->FindPort(kRun, Address::V4(number), kPort)->visits(), kRounds) << number;
  }
}

TEST_F(CommitterTest, NewsWakeWhoeverWaitsForThem) {
  committer_.Submit(VisitOf(1, 0, 7));
  ASSERT_TRUE(committer_.Flush().ok());
  pollfd news{committer_.wake_fd(), POLLIN, 0};
  EXPECT_EQ(poll(&news, 1, 0), 1);
  EXPECT_EQ(committer_.TakeDurable(), std::vector<uint64_t>{7});
  EXPECT_EQ(poll(&news, 1, 0), 0);
}

TEST(CommitterEndTest, ItWritesWhatWasSubmittedBeforeItGoes) {
  const std::unique_ptr<Store> store = Store::OpenInMemory().value();
  const GeoTable geo;
  {
    Committer committer(*store, geo, {});
    for (uint32_t number = 1; number <= 200; ++number) committer.Submit(VisitOf(number, 0, 0));
  }
  EXPECT_TRUE(store->FindHost(kRun, Address::V4(200)).ok());
}

}  // namespace
}  // namespace hark
