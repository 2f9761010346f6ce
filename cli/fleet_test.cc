// hark fleet as an operator calls it, over files on disk.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <map>
#include <nlohmann/json.hpp>
#include <thread>

#include "base/file.h"
#include "base/strings.h"
#include "base/testing/temp_directory.h"
#include "bus/curve.h"
#include "bus/join_token.h"
#include "cli/fleet_command.h"
#include "cli/fleet_list.h"
#include "coordinator/fleet_directory.h"
#include "storage/store.h"

namespace hark {
namespace {

using ::testing::HasSubstr;
using State = FleetWorker::State;
using CommandFunction = int (*)(const std::vector<std::string>&);

class FleetCommandTest : public ::testing::Test {
 protected:
  std::string db() const { return directory_ / "db"; }
  FleetDirectory Fleet() const { return FleetDirectory(db() + "/fleet"); }

  // What went to stdout, without its line end.
  std::string Run(CommandFunction command, std::vector<std::string> args, int code = 0) {
    args.insert(args.begin(), "--db=" + db());
    ::testing::internal::CaptureStdout();
    ::testing::internal::CaptureStderr();
    const int got = command(args);
    complaint_ = ::testing::internal::GetCapturedStderr();
    EXPECT_EQ(got, code) << complaint_;
    return std::string(Trim(::testing::internal::GetCapturedStdout()));
  }
  State StateOf(const std::string& z85) {
    return Fleet().Load()->workers().at(CurveKeyBytes(z85)).state;
  }

  TempDirectory directory_;
  std::string complaint_;
};

TEST_F(FleetCommandTest, AnInviteLeadsToTheCoordinatorsKeyAndIsInTheRegistry) {
  const std::string server = Run(RunFleetKeygen, {});
  const auto token = ParseJoinToken(
      Run(RunFleetInvite, {"--endpoint=tcp://scan.example.org:7170", "--name=paris"}));
  ASSERT_TRUE(token.ok()) << token.status().message();
  EXPECT_EQ(token->server_public_key, server);
  EXPECT_EQ(token->endpoint, "tcp://scan.example.org:7170");
  const auto invites = Fleet().Load()->invites();
  ASSERT_EQ(invites.size(), 1U);
  EXPECT_EQ(CurveKeyText(invites.begin()->first), *PublicKeyOf(token->secret_key));
  const std::string text = *ReadFile(Fleet().registry_path());
  EXPECT_EQ(text.find(token->secret_key), std::string::npos) << "the secret is only in the token";
}

TEST_F(FleetCommandTest, AStoreCanBeMadeAroundAFleet) {
  Run(RunFleetInvite, {"--endpoint=tcp://h:1"});
  EXPECT_TRUE(Store::Open(db(), Store::Mode::kReadWrite).ok());
}

TEST_F(FleetCommandTest, AWorkersStatesFollowTheOperator) {
  Run(RunFleetKeygen, {});
  const std::string key = GenerateKeyPair().public_key;
  Run(RunFleetAllow, {"--name=vps-1", "--", key});
  EXPECT_EQ(StateOf(key), State::kAllowed);
  Run(RunFleetDrain, {"vps-1"});
  EXPECT_EQ(StateOf(key), State::kDraining);
  Run(RunFleetRevoke, {"vps-1"});
  EXPECT_EQ(StateOf(key), State::kRevoked);
  Run(RunFleetAllow, {"vps-1"});
  EXPECT_EQ(StateOf(key), State::kAllowed);

  const std::string stranger = GenerateKeyPair().public_key;
  Run(RunFleetDrain, {"--", stranger}, 2);
  Run(RunFleetRevoke, {"--", stranger});  // may be in an --allow_workers file
  EXPECT_EQ(StateOf(stranger), State::kRevoked);
}

TEST_F(FleetCommandTest, RevokingAnInviteWithdrawsIt) {
  const auto token = ParseJoinToken(Run(RunFleetInvite, {"--endpoint=tcp://h:1"}));
  ASSERT_TRUE(token.ok());
  const std::string invite = *PublicKeyOf(token->secret_key);
  Run(RunFleetAllow, {"--", invite}, 2);
  Run(RunFleetRevoke, {"--", invite});
  EXPECT_TRUE(Fleet().Load()->invites().empty());
}

TEST_F(FleetCommandTest, OthersMayReadNoneOfIt) {
  Run(RunFleetInvite, {"--endpoint=tcp://h:1"});
  for (const auto& [name, mode] : std::map<std::string, mode_t>{{"/coordinator.key", 0600},
                                                                {"/fleet", 0700},
                                                                {"/fleet/registry", 0600},
                                                                {"/fleet/lock", 0600}}) {
    struct stat info {};
    ASSERT_EQ(stat((db() + name).c_str(), &info), 0) << name;
    EXPECT_EQ(info.st_mode & 0777, mode) << name;
  }
}

TEST_F(FleetCommandTest, LeavesARegistryItCannotReadAsItIs) {
  Run(RunFleetInvite, {"--endpoint=tcp://h:1"});
  const std::string broken = "hark-fleet 2\n";
  ASSERT_TRUE(WriteFileAtomically(Fleet().registry_path(), broken, 0600).ok());
  Run(RunFleetInvite, {"--endpoint=tcp://h:1"}, 2);
  EXPECT_THAT(complaint_, HasSubstr("registry: line 1"));
  EXPECT_EQ(*ReadFile(Fleet().registry_path()), broken);
}

TEST_F(FleetCommandTest, TwoEditorsLoseNothing) {
  Run(RunFleetKeygen, {});
  const auto edit = [&](char from) {
    for (int i = 0; i < 20; ++i) {
      const std::string key(32, static_cast<char>(from + i));
      const Status status = Fleet().Edit(
          [&](FleetRegistry& registry) -> Result<bool> {
            return registry.SetState(key, State::kAllowed, "", 1);
          },
          std::chrono::seconds(60));
      EXPECT_TRUE(status.ok()) << status.message();
    }
  };
  std::thread other([&] { edit(1); });
  edit(50);
  other.join();
  EXPECT_EQ(Fleet().Load()->workers().size(), 40U);
}

TEST(FleetListTest, TellsWhoIsThereFromWhoWas) {
  constexpr int64_t kNow = 1'700'000'000;
  FleetRegistry registry;
  registry.SetState(std::string(32, 'a'), State::kAllowed, "here", kNow - 100);
  registry.SetState(std::string(32, 'b'), State::kRevoked, "gone", kNow - 100);
  registry.Invite(std::string(32, 'i'), {kNow, "", "late"});
  LiveFleet live;
  live.written = kNow - 3;
  live.workers[std::string(32, 'a')] = {kNow - 4, true, 150, 20, 2, 0, "hark-worker_0.1.0"};
  live.workers[std::string(32, 'b')] = {kNow - 90, false, 150, 0, 0, 0, ""};
  const auto json = nlohmann::json::parse(FleetAsJson(registry, live, kNow));
  EXPECT_EQ(json["workers"][0]["name"], "here");
  EXPECT_EQ(json["workers"][0]["connected"], true);
  EXPECT_EQ(json["workers"][0]["probes_per_second"], 150);
  EXPECT_EQ(json["workers"][1]["connected"], false);
  EXPECT_EQ(json["invites"][0]["state"], "expired");
  EXPECT_THAT(FleetAsText(registry, live, kNow, {}), HasSubstr("1m30s ago"));
  const auto later = nlohmann::json::parse(FleetAsJson(registry, live, kNow + 60));
  EXPECT_EQ(later["workers"][0]["connected"], false) << "the coordinator has gone silent";
}

}  // namespace
}  // namespace hark
