// Servers that want something from us: time, memory, CPU or a wrong verdict.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/bytes.h"
#include "base/strings.h"
#include "worker/probe/limits.h"
#include "worker/probe/ssh_survey.h"
#include "worker/probe/testing/fake_ssh_server.h"

namespace hark {
namespace {

using ::testing::HasSubstr;

constexpr MonoTime kStart{std::chrono::hours(1)};

std::vector<FakeHostKey>& Keys() {
  static std::vector<FakeHostKey> keys = [] {
    std::vector<FakeHostKey> made;
    made.push_back(NewEd25519HostKey());
    return made;
  }();
  return keys;
}

// Lets only so many bytes of another peer through, then hangs up.
class CutOff final : public FakePeer {
 public:
  CutOff(std::unique_ptr<FakePeer> peer, size_t bytes) : peer_(std::move(peer)), left_(bytes) {}

  std::string OnConnect() override { return Through(peer_->OnConnect()); }
  std::string OnBytes(std::string_view bytes) override { return Through(peer_->OnBytes(bytes)); }
  bool hangs_up() const override { return left_ == 0; }

 private:
  std::string Through(std::string bytes) {
    bytes.resize(std::min(bytes.size(), left_));
    left_ -= bytes.size();
    return bytes;
  }

  std::unique_ptr<FakePeer> peer_;
  size_t left_;
};

PortObservation SeeCutOff(const FakeSshBehaviour& behaviour, size_t bytes) {
  const auto survey = SurveyFactory(TestOptions()).Make(22);
  return Play(*survey, [&] {
    return std::make_unique<CutOff>(std::make_unique<FakeSshServer>(Keys(), behaviour), bytes);
  });
}

TEST(SshPeersThatHangUp, AfterAnyByteLeaveWhatTheyShowedBefore) {
  FakeSshBehaviour behaviour;
  behaviour.greeting = "welcome\r\nSSH-2.0-Fake_1.0\r\n";
  size_t bytes = 0;
  bool lines = false, identified = false, listed = false;
  for (;; ++bytes) {
    const PortObservation seen = SeeCutOff(behaviour, bytes);
    if (seen.outcome == Outcome::kOk) break;
    ASSERT_LT(bytes, 2000u);
    EXPECT_EQ(seen.connections, 1u);
    EXPECT_EQ(seen.outcome == Outcome::kThrottled, bytes == 0) << bytes;
    if (!seen.ssh) {
      EXPECT_FALSE(lines) << "lost what was learnt at " << bytes;
      continue;
    }
    EXPECT_TRUE(seen.ssh->keys.empty()) << "no reply is whole before the last byte";
    EXPECT_GE(!seen.ssh->pre_lines.empty(), lines);
    EXPECT_GE(!seen.ssh->identification.empty(), identified);
    EXPECT_GE(seen.ssh->kex_init.has_value(), listed);
    lines = !seen.ssh->pre_lines.empty();
    identified = !seen.ssh->identification.empty();
    listed = seen.ssh->kex_init.has_value();
  }
  EXPECT_TRUE(lines && identified && listed);
  EXPECT_GT(bytes, 300u) << "the whole conversation was cut at each byte";
}

// When and how a probe ends that hears one more of these bytes every five seconds for ever.
Verdict Dripped(const std::string& at_once, const std::string& drops) {
  const ProbeOptions options = TestOptions();
  SshProbe probe(options, "ssh-ed25519");
  MonoTime now = kStart;
  probe.OnConnected(now);
  if (!at_once.empty()) probe.OnBytes(at_once, now);
  for (size_t i = 0; !probe.done(); ++i) {
    const MonoTime next = kStart + std::chrono::seconds(5) * (i + 1);
    if (probe.deadline() <= next) {
      probe.OnDeadline(probe.deadline());
    } else {
      probe.OnBytes({&drops[i % drops.size()], 1}, next);
    }
  }
  return probe.verdict();
}

TEST(SshTarpits, ThatSendAByteEveryFiveSecondsMeetTheDeadlineOfSilentOnes) {
  const ProbeOptions options = TestOptions();
  for (const char* drops : {"x", "line\r\n", "SSH-2.0-x"}) {
    const Verdict verdict = Dripped("", drops);
    EXPECT_EQ(verdict.outcome, Outcome::kTooSlow) << drops;
    EXPECT_EQ(verdict.duration, options.greeting_timeout);
  }
  const std::string hello = "SSH-2.0-x\r\n";
  for (const std::string& at_once : {hello, hello + ssh::Packet(std::string("\x02\0\0\0\0", 5))}) {
    const Verdict verdict = Dripped(at_once, ssh::Packet("\x02" + std::string(200, 'x')));
    EXPECT_EQ(verdict.outcome, Outcome::kTooSlow);
    EXPECT_EQ(verdict.duration, options.step_timeout);
  }
}

TEST(SshTarpits, ThatSayNothingAreSilent) {
  const ProbeOptions options = TestOptions();
  SshProbe probe(options, "ssh-ed25519");
  probe.OnConnected(kStart);
  EXPECT_EQ(probe.deadline(), kStart + options.greeting_timeout);
  probe.OnDeadline(probe.deadline());
  EXPECT_EQ(probe.verdict().outcome, Outcome::kSilent);
}

// A KEXINIT whose first list has these names, in one packet however long.
std::string KexInitWith(const std::string& names) {
  ByteWriter payload;
  payload.U8(ssh::kKexInit);
  payload.Bytes(std::string(16, 'c'));
  payload.String32(names);
  for (int i = 0; i < 9; ++i) payload.String32("");
  payload.Bytes(std::string(5, '\0'));
  return ssh::Packet(payload.str());
}

Verdict AfterHello(const std::string& bytes) {
  const ProbeOptions options = TestOptions();
  SshProbe probe(options, "ssh-ed25519");
  Hear(probe, "SSH-2.0-x\r\n" + bytes, Cuts::Random(bytes.size()));
  return probe.verdict();
}

TEST(SshKexInits, OfTenMegabytesOrAHundredThousandNamesAreTooLong) {
  EXPECT_EQ(AfterHello(KexInitWith(std::string(10 << 20, 'k'))).outcome, Outcome::kTooLong);
  std::string names;
  for (int i = 0; i < 100'000; ++i) names += "k,";
  EXPECT_EQ(AfterHello(KexInitWith(names)).outcome, Outcome::kTooLong);
}

TEST(SshKexInits, OfAllTheNamesThatFitAreReadAndRefused) {
  std::string names;
  while (names.size() + 2 <= kMaxSshNameList) names += "k,";
  const Verdict verdict = AfterHello(KexInitWith(names));
  EXPECT_EQ(verdict.outcome, Outcome::kNoCommonAlgorithm) << verdict.detail;
}

TEST(SshServersWithAThousandKeyTypes, GetAsManyConnectionsAsTheLimitAllows) {
  FakeSshBehaviour behaviour;
  behaviour.host_key_algorithms = "ssh-ed25519";
  for (int i = 0; i < 1000; ++i) behaviour.host_key_algorithms += StrCat(",type-", i);
  const auto survey = SurveyFactory(TestOptions()).Make(22);
  size_t dialled = 0;
  const PortObservation seen = Play(*survey, [&] {
    ++dialled;
    return std::make_unique<FakeSshServer>(Keys(), behaviour);
  });
  EXPECT_EQ(dialled, kMaxSshConnections);
  EXPECT_EQ(seen.connections, kMaxSshConnections);
  EXPECT_EQ(seen.outcome, Outcome::kOk);
  EXPECT_EQ(seen.ssh->keys.size(), 1u);
}

TEST(SshServersWithUnknownKeyTypesOnly, GetAsManyConnectionsAsTheLimitAllowsToo) {
  FakeSshBehaviour behaviour;
  behaviour.host_key_algorithms = "type-x";
  for (int i = 0; i < 1000; ++i) behaviour.host_key_algorithms += StrCat(",type-", i);
  const auto survey = SurveyFactory(TestOptions()).Make(22);
  const PortObservation seen =
      Play(*survey, [&] { return std::make_unique<FakeSshServer>(Keys(), behaviour); });
  EXPECT_EQ(seen.connections, kMaxSshConnections);
  EXPECT_EQ(seen.outcome, Outcome::kNoCommonAlgorithm);
}

}  // namespace
}  // namespace hark
