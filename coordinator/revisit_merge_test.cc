#include "coordinator/revisit_merge.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/outcome.h"

namespace hark {
namespace {

using testing::ElementsAre;

proto::PortRow Visit(Outcome outcome, Stage stage) {
  proto::PortRow row;
  proto::PortObservation& seen = *row.mutable_observation();
  seen.set_port(22);
  seen.set_outcome(static_cast<uint32_t>(outcome));
  seen.set_stage(static_cast<uint32_t>(stage));
  seen.set_connections(2);
  seen.set_duration_ms(100);
  return row;
}

void AddKey(proto::PortRow& row, const std::string& blob, Proof proof) {
  proto::SshHostKey& key = *row.mutable_observation()->mutable_ssh()->add_keys();
  key.set_blob(blob);
  key.set_proof(static_cast<uint32_t>(proof));
  row.add_keys("id of " + blob);
}

std::vector<std::string> Blobs(const proto::PortRow& row) {
  std::vector<std::string> blobs;
  for (const auto& key : row.observation().ssh().keys()) blobs.push_back(key.blob());
  return blobs;
}

TEST(RevisitMergeTest, KeepsTheKeysLearntBeforeAndTakesTheBetterOutcome) {
  proto::PortRow known = Visit(Outcome::kThrottled, Stage::kGreeting);
  known.mutable_observation()->mutable_ssh()->set_identification("SSH-2.0-old");
  known.mutable_observation()->set_detail("Not allowed at this time");
  AddKey(known, "ed25519", Proof::kUnverified);
  proto::PortRow again = Visit(Outcome::kOk, Stage::kDone);
  again.mutable_observation()->mutable_ssh()->set_identification("SSH-2.0-new");
  again.mutable_observation()->mutable_ssh()->mutable_kex_init()->set_kex_algorithms("curve");
  AddKey(again, "rsa", Proof::kVerified);
  AddKey(again, "ed25519", Proof::kVerified);
  const proto::PortRow row = MergeVisits(known, again, 2);
  EXPECT_EQ(row.observation().outcome(), static_cast<uint32_t>(Outcome::kOk));
  EXPECT_EQ(row.observation().stage(), static_cast<uint32_t>(Stage::kDone));
  EXPECT_EQ(row.observation().detail(), "");
  EXPECT_EQ(row.observation().ssh().identification(), "SSH-2.0-new");
  EXPECT_THAT(Blobs(row), ElementsAre("ed25519", "rsa"));
  EXPECT_EQ(row.observation().ssh().keys(0).proof(), static_cast<uint32_t>(Proof::kVerified));
  EXPECT_THAT(row.keys(), ElementsAre("id of ed25519", "id of rsa"));
  EXPECT_EQ(row.observation().connections(), 4U);
  EXPECT_EQ(row.observation().duration_ms(), 200U);
  EXPECT_EQ(row.visits(), 2U);
}

TEST(RevisitMergeTest, ForgetsNothingWhenTheHostIsThrottledAgain) {
  proto::PortRow known = Visit(Outcome::kThrottled, Stage::kKeyExchange);
  known.mutable_observation()->set_greeting("SSH-2.0-x");
  known.mutable_observation()->mutable_ssh()->set_identification("SSH-2.0-x");
  known.mutable_observation()->mutable_ssh()->mutable_kex_init()->set_kex_algorithms("curve");
  AddKey(known, "ed25519", Proof::kVerified);
  for (const auto& [outcome, stage] : {std::pair{Outcome::kThrottled, Stage::kGreeting},
                                       {Outcome::kSilent, Stage::kConnect},
                                       {Outcome::kRefused, Stage::kConnect},
                                       {Outcome::kReset, Stage::kGreeting},
                                       {Outcome::kLocalError, Stage::kConnect}}) {
    proto::PortRow again = Visit(outcome, stage);
    again.mutable_observation()->set_detail("something else");
    const proto::PortRow row = MergeVisits(known, again, 3);
    EXPECT_EQ(row.observation().outcome(), static_cast<uint32_t>(Outcome::kThrottled));
    EXPECT_EQ(row.observation().detail(), "");
    EXPECT_EQ(row.observation().greeting(), "SSH-2.0-x");
    EXPECT_EQ(row.observation().ssh().kex_init().kex_algorithms(), "curve");
    EXPECT_THAT(Blobs(row), ElementsAre("ed25519"));
    EXPECT_EQ(row.visits(), 3U);
  }
}

TEST(RevisitMergeTest, KeepsTheCapabilitiesOfAMailServerThatTurnsUsAwaySoonerNow) {
  proto::PortRow known = Visit(Outcome::kThrottled, Stage::kStartTls);
  known.mutable_observation()->mutable_mail()->set_capabilities("250 STARTTLS");
  proto::PortRow again = Visit(Outcome::kThrottled, Stage::kGreeting);
  again.mutable_observation()->mutable_mail()->set_said_helo(true);
  EXPECT_EQ(MergeVisits(known, again, 2).observation().mail().capabilities(), "250 STARTTLS");
  again.mutable_observation()->mutable_mail()->set_capabilities("250 SIZE");
  EXPECT_EQ(MergeVisits(known, again, 2).observation().mail().capabilities(), "250 SIZE");
}

TEST(RevisitMergeTest, KeepsTheOtherCertificateOfAServerThatShowsAnotherNow) {
  proto::PortRow known = Visit(Outcome::kThrottled, Stage::kCertificate);
  known.mutable_observation()->mutable_tls()->add_chain_sha256("rsa leaf");
  known.add_keys("id of rsa leaf");
  proto::PortRow again = Visit(Outcome::kOk, Stage::kDone);
  again.mutable_observation()->mutable_tls()->add_chain_sha256("ecdsa leaf");
  again.add_keys("id of ecdsa leaf");
  const proto::PortRow row = MergeVisits(known, again, 2);
  EXPECT_EQ(row.observation().tls().chain_sha256(0), "ecdsa leaf");
  EXPECT_EQ(row.observation().tls().other_leaf().chain_sha256(0), "rsa leaf");
  EXPECT_THAT(row.keys(), ElementsAre("id of ecdsa leaf", "id of rsa leaf"));
}

TEST(RevisitMergeTest, KeepsACertificateThatTheNextVisitDidNotReach) {
  proto::PortRow known = Visit(Outcome::kThrottled, Stage::kCertificate);
  known.mutable_observation()->mutable_tls()->add_chain_sha256("leaf");
  known.mutable_observation()->mutable_tls()->set_version(0x0303);
  proto::PortRow again = Visit(Outcome::kTlsAlert, Stage::kHello);
  again.mutable_observation()->mutable_tls()->set_alert(41);
  const proto::PortRow row = MergeVisits(known, again, 2);
  EXPECT_EQ(row.observation().tls().chain_sha256_size(), 1);
  EXPECT_EQ(row.observation().tls().version(), 0x0303U);
}

TEST(RevisitMergeTest, AHostThatSaysSomethingElseIsNoLongerThrottled) {
  EXPECT_FALSE(StaysThrottled(Visit(Outcome::kOk, Stage::kDone).observation()));
  EXPECT_FALSE(StaysThrottled(Visit(Outcome::kNotThisProtocol, Stage::kGreeting).observation()));
  EXPECT_FALSE(StaysThrottled(Visit(Outcome::kReset, Stage::kKeyExchange).observation()));
  proto::PortRow spoke = Visit(Outcome::kClosed, Stage::kGreeting);
  EXPECT_TRUE(StaysThrottled(spoke.observation()));
  spoke.mutable_observation()->set_greeting("220 hello");
  EXPECT_FALSE(StaysThrottled(spoke.observation()));
}

}  // namespace
}  // namespace hark
