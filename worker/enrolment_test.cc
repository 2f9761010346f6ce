#include "worker/enrolment.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <thread>

#include "base/file.h"
#include "base/strings.h"
#include "base/unique_fd.h"
#include "bus/curve.h"
#include "bus/router.h"

namespace hark {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

// A coordinator that knows one invite and answers every JOIN the same way.
class Doorkeeper {
 public:
  explicit Doorkeeper(proto::Reject::Code refusal = proto::Reject::UNSPECIFIED)
      : refusal_(refusal) {
    RouterOptions options;
    options.endpoints = {"tcp://127.0.0.1:*"};
    options.secret_key = server_.secret_key;
    options.allow = [this](std::string_view key) {
      return key == CurveKeyBytes(invite_.public_key);
    };
    router_ = std::move(Router::Bind(std::move(options))).value();
    thread_ = std::thread([this] { Answer(); });
  }
  ~Doorkeeper() {
    stopping_ = true;
    thread_.join();
  }

  JoinToken Token() const {
    return {router_->endpoints().front(), server_.public_key, invite_.secret_key};
  }
  JoinToken ForeignToken() const {
    return {router_->endpoints().front(), server_.public_key, GenerateKeyPair().secret_key};
  }
  std::string Invite() const { return invite_.public_key; }
  int asked() const { return asked_; }

 private:
  void Answer() {
    while (!stopping_) {
      router_->Wait(20, -1);
      while (const auto in = router_->Receive()) {
        if (!in->envelope.has_join()) continue;
        ++asked_;
        proto::Envelope answer;
        answer.set_major(1);
        if (refusal_ == proto::Reject::UNSPECIFIED) {
          answer.mutable_joined()->set_public_key(in->envelope.join().public_key());
          answer.mutable_joined()->set_name("paris");
        } else {
          answer.mutable_reject()->set_code(refusal_);
          answer.mutable_reject()->set_text("said no\n");
        }
        router_->Send(in->route, answer);
      }
    }
  }

  const proto::Reject::Code refusal_;
  const KeyPair server_ = GenerateKeyPair();
  const KeyPair invite_ = GenerateKeyPair();
  std::unique_ptr<Router> router_;
  std::atomic<bool> stopping_{false};
  std::atomic<int> asked_{0};
  std::thread thread_;
};

class EnrolmentTest : public ::testing::Test {
 protected:
  EnrolmentTest() {
    directory_ = std::filesystem::temp_directory_path() /
                 ("hark_enrolment_test." + std::to_string(getpid()));
    std::filesystem::create_directories(directory_);
  }
  ~EnrolmentTest() override { std::filesystem::remove_all(directory_); }

  WorkerConfig Config() const {
    WorkerConfig config;
    config.state_dir = directory_ / "state";
    return config;
  }
  std::string Write(const std::string& text, int mode = 0600) {
    std::string path = directory_ / "token";
    EXPECT_TRUE(WriteFileAtomically(path, text, mode).ok());
    chmod(path.c_str(), static_cast<mode_t>(mode));
    return path;
  }
  static std::string SomeLine() {
    return EncodeJoinToken(
        {"tcp://h:1", GenerateKeyPair().public_key, GenerateKeyPair().secret_key});
  }

  std::filesystem::path directory_;
  const SystemClock clock_;
};

TEST_F(EnrolmentTest, JoinsOnceAndNeverNeedsTheTokenAgain) {
  Doorkeeper door;
  WorkerConfig config = Config();
  EXPECT_FALSE(HasIdentity(config));
  const Status status = Enrol(door.Token(), -1, clock_, &config);
  ASSERT_TRUE(status.ok()) << status.message();
  EXPECT_EQ(config.coordinator, door.Token().endpoint);
  EXPECT_EQ(config.server_public_key, door.Token().server_public_key);
  EXPECT_TRUE(FinishWorkerConfig(&config).ok()) << "its keys belong together";

  struct stat info {};
  ASSERT_EQ(stat((config.state_dir + "/identity.conf").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600U);
  const std::string text = *ReadFile(config.state_dir + "/identity.conf");
  EXPECT_THAT(text, Not(HasSubstr(door.Token().secret_key))) << "the token is not kept";

  WorkerConfig later = Config();
  EXPECT_TRUE(HasIdentity(later));
  ASSERT_TRUE(Enrol(std::nullopt, -1, clock_, &later).ok());
  EXPECT_EQ(later.secret_key, config.secret_key);
  EXPECT_EQ(later.name, "paris") << "the coordinator's name for it";
  WorkerConfig with_token = Config();
  ASSERT_TRUE(Enrol(door.Token(), -1, clock_, &with_token).ok());
  EXPECT_EQ(with_token.secret_key, config.secret_key);
  EXPECT_EQ(door.asked(), 1);
}

TEST_F(EnrolmentTest, ACrashBeforeTheAnswerAsksAgainWithTheSameKey) {
  {
    Doorkeeper door(proto::Reject::INVITE_EXPIRED);
    WorkerConfig config = Config();
    ASSERT_FALSE(Enrol(door.Token(), -1, clock_, &config).ok());
  }
  WorkerConfig identity;
  ASSERT_TRUE(LoadWorkerConfig(directory_ / "state/identity.conf", &identity).ok());
  WorkerConfig config = Config();
  EXPECT_THAT(Enrol(std::nullopt, -1, clock_, &config).message(), HasSubstr("token again"));
  Doorkeeper door;
  config = Config();
  ASSERT_TRUE(Enrol(door.Token(), -1, clock_, &config).ok());
  EXPECT_EQ(config.public_key, identity.public_key);
}

TEST_F(EnrolmentTest, SaysInOneLineWhyItWasRefused) {
  Doorkeeper door(proto::Reject::INVITE_SPENT);
  WorkerConfig config = Config();
  const Status status = Enrol(door.Token(), -1, clock_, &config);
  EXPECT_EQ(status.code(), StatusCode::kInvalidInput);
  EXPECT_THAT(status.message(), HasSubstr("said no\\x0a"));
  EXPECT_THAT(status.message(), HasSubstr("hark fleet invite"));
}

TEST_F(EnrolmentTest, SaysWhenTheCoordinatorDoesNotKnowTheToken) {
  Doorkeeper door;
  WorkerConfig config = Config();
  const Status status = Enrol(door.ForeignToken(), -1, clock_, &config);
  EXPECT_EQ(status.code(), StatusCode::kInvalidInput);
  EXPECT_THAT(status.message(), HasSubstr("does not know this token"));
}

TEST_F(EnrolmentTest, KeepsOneCoordinatorAStateDirectory) {
  Doorkeeper door;
  WorkerConfig config = Config();
  ASSERT_TRUE(Enrol(door.Token(), -1, clock_, &config).ok());
  JoinToken other = door.Token();
  other.server_public_key = GenerateKeyPair().public_key;
  config = Config();
  EXPECT_THAT(Enrol(other, -1, clock_, &config).message(), HasSubstr("another coordinator"));
}

TEST_F(EnrolmentTest, StopsWaitingForASignal) {
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  const UniqueFd read_end(ends[0]), write_end(ends[1]);
  ASSERT_EQ(write(write_end.get(), "x", 1), 1);
  Doorkeeper door(proto::Reject::BUSY);
  JoinToken token = door.Token();
  token.endpoint = "tcp://127.0.0.1:1";  // nobody
  WorkerConfig config = Config();
  EXPECT_EQ(Enrol(token, read_end.get(), clock_, &config).code(), StatusCode::kInterrupted);
}

TEST_F(EnrolmentTest, TakesTheTokenFromOnePlace) {
  WorkerConfig config = Config();
  EXPECT_FALSE(FindJoinToken("", "", config)->has_value());
  EXPECT_TRUE(FindJoinToken(SomeLine(), "", config)->has_value());
  EXPECT_TRUE(FindJoinToken("", SomeLine(), config)->has_value());
  EXPECT_TRUE(FindJoinToken(SomeLine(), "rubbish", config)->has_value());
  EXPECT_THAT(FindJoinToken("", "rubbish", config).status().message(), HasSubstr("HARK_JOIN"));
  config.join_file = Write(SomeLine() + "\n");
  EXPECT_TRUE(FindJoinToken("", "", config)->has_value());
  EXPECT_THAT(FindJoinToken(SomeLine(), "", config).status().message(), HasSubstr("one of"));
}

TEST_F(EnrolmentTest, RefusesATokenFileThatOthersMayReadOrThatIsNone) {
  WorkerConfig config = Config();
  config.join_file = Write(SomeLine(), 0644);
  EXPECT_THAT(FindJoinToken("", "", config).status().message(), HasSubstr("chmod 600"));
  config.join_file = Write(" \n");
  EXPECT_THAT(FindJoinToken("", "", config).status().message(), HasSubstr("empty"));
  config.join_file = Write("not a token\n");
  EXPECT_THAT(FindJoinToken("", "", config).status().message(), HasSubstr("not a whole token"));
  config.join_file = directory_ / "missing";
  EXPECT_EQ(FindJoinToken("", "", config).status().code(), StatusCode::kInvalidInput);
}

TEST_F(EnrolmentTest, ATokenFileMayBeDeletedAfterJoining) {
  Doorkeeper door;
  WorkerConfig config = Config();
  ASSERT_TRUE(Enrol(door.Token(), -1, clock_, &config).ok());
  config = Config();
  config.join_file = directory_ / "missing";
  const auto token = FindJoinToken("", "", config);
  ASSERT_TRUE(token.ok()) << token.status().message();
  EXPECT_FALSE(token->has_value());
  EXPECT_TRUE(Enrol(*token, -1, clock_, &config).ok());
}

TEST_F(EnrolmentTest, WantsNoKeysBesideAToken) {
  WorkerConfig config = Config();
  config.key_file = "some.key";
  EXPECT_THAT(Enrol(*ParseJoinToken(SomeLine()), -1, clock_, &config).message(),
              HasSubstr("leave out"));
}

}  // namespace
}  // namespace hark
