#include "worker/worker_config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

#include "base/file.h"
#include "base/strings.h"
#include "bus/curve.h"
#include "worker/coordinator_link.h"

namespace hark {
namespace {

using ::testing::HasSubstr;

class WorkerConfigTest : public ::testing::Test {
 protected:
  WorkerConfigTest() {
    directory_ =
        std::filesystem::temp_directory_path() / ("hark_config_test." + std::to_string(getpid()));
    std::filesystem::create_directories(directory_);
  }
  ~WorkerConfigTest() override { std::filesystem::remove_all(directory_); }

  std::string Write(const std::string& text, int mode = 0600) {
    std::string path = (directory_ / "worker.conf").string();
    EXPECT_TRUE(WriteFileAtomically(path, text, mode).ok());
    chmod(path.c_str(), static_cast<mode_t>(mode));
    return path;
  }
  std::string ErrorOf(const std::string& text, int mode = 0600) {
    WorkerConfig config;
    Status status = LoadWorkerConfig(Write(text, mode), &config);
    if (status.ok()) status = FinishWorkerConfig(&config);
    EXPECT_EQ(status.code(), status.ok() ? StatusCode::kOk : StatusCode::kInvalidInput);
    return status.message();
  }

  std::filesystem::path directory_;
  KeyPair own_ = GenerateKeyPair();
  KeyPair server_ = GenerateKeyPair();
  std::string good_ =
      StrCat("# a comment\ncoordinator = ipc:///nowhere\n\nserver_public_key=", server_.public_key,
             "\npublic_key = ", own_.public_key, "\nsecret_key = ", own_.secret_key,
             "\nstate_dir = /nowhere\nmax_pps = 150\n");
};

TEST_F(WorkerConfigTest, ReadsKeysAndFillsTheRest) {
  WorkerConfig config;
  ASSERT_TRUE(LoadWorkerConfig(Write(good_), &config).ok());
  ASSERT_TRUE(FinishWorkerConfig(&config).ok());
  EXPECT_EQ(config.coordinator, "ipc:///nowhere");
  EXPECT_EQ(config.secret_key, own_.secret_key);
  EXPECT_EQ(config.max_pps, 150U);
  EXPECT_EQ(config.max_parallel, 1000U);
  EXPECT_FALSE(config.name.empty());
}

TEST_F(WorkerConfigTest, AnErrorNamesFileLineAndKeyInOneLine) {
  EXPECT_EQ(ErrorOf(good_), "");
  EXPECT_THAT(ErrorOf("coordinator = x\nno equals sign\n"), HasSubstr("worker.conf:2: expected"));
  EXPECT_THAT(ErrorOf(good_ + "colour = blue\n"), HasSubstr("unknown key 'colour'"));
  EXPECT_THAT(ErrorOf(good_ + "max_parallel = many\n"), HasSubstr("max_parallel is not a number"));
  EXPECT_THAT(ErrorOf(good_ + "max_parallel = 0\n"), HasSubstr("at least 1"));
  EXPECT_THAT(ErrorOf(good_ + "source_address = host\n"), HasSubstr("source_address"));
  EXPECT_THAT(ErrorOf(good_ + "source_address = 127.0.0.1,127.0.0.2\n"), HasSubstr("one family"));
  for (const char* ports : {"4000", "80-90", "5000-4000", "60000-70000", "a-b"}) {
    EXPECT_THAT(ErrorOf(good_ + "source_ports = " + ports + "\n"), HasSubstr("LO-HI")) << ports;
  }
  EXPECT_THAT(ErrorOf(good_ + "threads = 0\n"), HasSubstr("threads must be 1 to 64"));
  EXPECT_THAT(ErrorOf(good_ + "contact = two words\n"), HasSubstr("contact"));
  EXPECT_THAT(ErrorOf(good_ + "ehlo_name = two words\n"), HasSubstr("ehlo_name"));
  EXPECT_THAT(ErrorOf("state_dir = x\n"), HasSubstr("coordinator is missing"));
  EXPECT_THAT(ErrorOf(good_ + "public_key = " + server_.public_key + "\n"),
              HasSubstr("do not belong together"));
  EXPECT_THAT(ErrorOf(good_ + "server_public_key = short\n"), HasSubstr("not a Z85 key"));
}

TEST(WorkerSourceTest, IsOneAddressOfEachFamilyAndARangeOfPorts) {
  WorkerConfig config;
  config.source_address = "127.0.0.2, ::1";
  config.source_ports = "40000-40999";
  const auto source = SourceOf(config);
  ASSERT_TRUE(source.ok());
  EXPECT_EQ(source->v4->ToString(), "127.0.0.2");
  EXPECT_EQ(source->v6->ToString(), "::1");
  EXPECT_EQ(source->first_port, 40000);
  EXPECT_EQ(source->last_port, 40999);
  EXPECT_FALSE(SourceOf(WorkerConfig())->has_ports());
}

TEST_F(WorkerConfigTest, ASecretOthersMayReadIsRefused) {
  EXPECT_THAT(ErrorOf(good_, 0644), HasSubstr("chmod 600"));
  EXPECT_THAT(ErrorOf("name = public\n", 0644), HasSubstr("coordinator is missing"));
}

TEST_F(WorkerConfigTest, ANewKeyFileIsPrivateUsableAndNeverOverwritten) {
  const std::string path = (directory_ / "worker.key").string();
  const auto public_key = WriteNewKeyFile(path);
  ASSERT_TRUE(public_key.ok());
  struct stat info {};
  ASSERT_EQ(stat(path.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600U);
  EXPECT_FALSE(WriteNewKeyFile(path).ok());
  WorkerConfig config;
  config.coordinator = "ipc:///nowhere";
  config.state_dir = "/nowhere";
  config.server_public_key = server_.public_key;
  config.key_file = path;
  ASSERT_TRUE(FinishWorkerConfig(&config).ok());
  EXPECT_EQ(config.public_key, *public_key);
  EXPECT_EQ(*PublicKeyOf(config.secret_key), *public_key);
}

TEST_F(WorkerConfigTest, TheLinkWaitsLongerAfterEachFailureAndShortAgainAfterSuccess) {
  LinkOptions options;
  options.dealer = {"ipc://" + (directory_ / "nobody").string(), server_.public_key,
                    own_.public_key, own_.secret_key};
  CoordinatorLink link(options);
  ManualClock clock;
  Duration last{0};
  for (int failure = 0; failure < 12; ++failure) {
    ASSERT_TRUE(link.OpenIfDue(clock.Now()).ok());
    ASSERT_TRUE(link.up()) << failure;
    link.Close(clock.Now());
    EXPECT_EQ(link.wake_fd(), -1);
    Duration waited{0};
    while (!link.up()) {
      clock.Advance(std::chrono::milliseconds(250));
      waited += std::chrono::milliseconds(250);
      ASSERT_TRUE(link.OpenIfDue(clock.Now()).ok());
    }
    const Duration whole =
        std::min<Duration>(std::chrono::seconds(1 << failure), options.last_wait);
    EXPECT_GE(waited, whole / 2);
    EXPECT_LE(waited, whole + std::chrono::milliseconds(250));
    last = waited;
  }
  EXPECT_GE(last, std::chrono::minutes(2));
  link.Settled();
  link.Close(clock.Now());
  clock.Advance(std::chrono::seconds(1));
  ASSERT_TRUE(link.OpenIfDue(clock.Now()).ok());
  EXPECT_TRUE(link.up());
}

}  // namespace
}  // namespace hark
