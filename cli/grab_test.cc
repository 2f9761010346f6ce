// Which hosts `hark grab` would visit, and how what it finds is shown.

#include <gtest/gtest.h>

#include "base/file.h"
#include "base/outcome.h"
#include "base/testing/temp_directory.h"
#include "cli/contact_rules.h"
#include "cli/grab_options.h"
#include "cli/grab_targets.h"
#include "cli/grab_text.h"

namespace hark {
namespace {

ContactRules Rules(const std::vector<std::string>& allow, const std::vector<std::string>& exclude) {
  Result<ContactRules> rules = ContactRules::Make(allow, exclude);
  EXPECT_TRUE(rules.ok()) << rules.status().message();
  return *rules;
}

// "127.0.0.1:22,443 ::1:25 …" after the rules.
std::string Visited(const std::vector<std::string>& words, const ContactRules& rules) {
  GrabTargets targets({22, 443});
  for (const std::string& word : words) EXPECT_TRUE(targets.Add(word).ok()) << word;
  targets.Close(rules);
  std::string out;
  for (uint64_t i = 0; i < targets.size(); ++i) {
    const GrabTarget target = targets.At(i);
    out += (i > 0 ? " " : "") + target.address.ToString();
    for (size_t k = 0; k < target.ports.size(); ++k) {
      out += (k == 0 ? ":" : ",") + std::to_string(target.ports[k]);
    }
  }
  return out;
}

std::string Complaint(const std::string& word) {
  return GrabTargets({22}).Add(word).message();
}

TEST(GrabTargets, TakesAddressesWithAndWithoutPortAndPrefixes) {
  const ContactRules rules = Rules({"127.0.0.0/8", "::1"}, {});
  EXPECT_EQ(Visited({"127.0.0.1", "127.0.0.8/31", "[::1]:25", "127.0.0.2:2222"}, rules),
            "127.0.0.1:22,443 127.0.0.8:22,443 127.0.0.9:22,443 127.0.0.2:2222 ::1:25");
}

TEST(GrabTargets, VisitsAHostOnceHoweverOftenItIsNamed) {
  const ContactRules rules = Rules({"127.0.0.0/8", "::1"}, {});
  EXPECT_EQ(Visited({"127.0.0.1:25", "127.0.0.0/30", "127.0.0.1", "::1", "[::1]:25"}, rules),
            "127.0.0.0:22,443 127.0.0.2:22,443 127.0.0.3:22,443 127.0.0.1:22,25,443 "
            "::1:22,25,443");
}

TEST(GrabTargets, LeavesOutWhatIsSpecialOrExcluded) {
  EXPECT_EQ(Visited({"127.0.0.1", "10.0.0.1:22", "::1", "fe80::1"}, Rules({}, {})), "");
  EXPECT_EQ(
      Visited({"192.0.0.1", "8.8.8.8/31", "[2600::1]:22"}, Rules({}, {"8.8.8.9", "2600::/16"})),
      "8.8.8.8:22,443");
}

TEST(GrabTargets, SaysWhatIsWrongWithAWord) {
  EXPECT_EQ(Complaint("example.org:22"), "not ADDRESS:PORT; names are not resolved");
  EXPECT_EQ(Complaint("127.0.0.1:0"), "no port 1 to 65535");
  EXPECT_EQ(Complaint("127.0.0.1:65536"), "no port 1 to 65535");
  EXPECT_EQ(Complaint("[::1]"), "an IPv6 address with a port is [ADDRESS]:PORT");
  EXPECT_NE(Complaint("2600::/64").find("cannot be searched"), std::string::npos);
  EXPECT_NE(Complaint("example.org"), "");
}

TEST(GrabTargets, SearchesASmallIpv6Prefix) {
  GrabTargets targets({22});
  ASSERT_TRUE(targets.Add("2600::1:fff8/125").ok());
  EXPECT_EQ(targets.Close(Rules({}, {"2600::1:ffff"})), 1U);
  ASSERT_EQ(targets.size(), 7U);
  EXPECT_EQ(targets.At(0).address.ToString(), "2600::1:fff8");
  EXPECT_EQ(targets.At(6).address.ToString(), "2600::1:fffe");
}

TEST(ContactRules, NeverOpensIpv4InDisguise) {
  const ContactRules rules = Rules({"::/0"}, {});
  for (const char* hidden : {"::ffff:127.0.0.1", "::7f00:1", "64:ff9b::7f00:1",
                             "2002:7f00:1::", "ff02::1", "::", "2001::1"}) {
    EXPECT_FALSE(rules.MayContact(*Address::Parse(hidden))) << hidden;
  }
  EXPECT_TRUE(rules.MayContact(*Address::Parse("::1")));
  EXPECT_TRUE(rules.MayContact(*Address::Parse("fe80::1")));
}

TEST(ContactRules, ExclusionsWinOverOpening) {
  const ContactRules rules = Rules({"127.0.0.0/8", "::1"}, {"127.0.0.7", "::1"});
  EXPECT_TRUE(rules.MayContact(*Address::Parse("127.0.0.1")));
  EXPECT_FALSE(rules.MayContact(*Address::Parse("127.0.0.7")));
  EXPECT_FALSE(rules.MayContact(*Address::Parse("::1")));
}

TEST(ContactRules, ReadsFilesAndNamesTheLine) {
  const TempDirectory directory;
  const std::string path = directory / "opt_out";
  ASSERT_TRUE(WriteFileAtomically(path, "# asked on Monday\n8.8.8.8 2600::/16\n").ok());
  const ContactRules rules = Rules({}, {path});
  EXPECT_FALSE(rules.MayContact(*Address::Parse("8.8.8.8")));
  EXPECT_FALSE(rules.MayContact(*Address::Parse("2600::1")));
  ASSERT_TRUE(WriteFileAtomically(path, "8.8.8.8\nnobody\n").ok());
  const std::string said = ContactRules::Make({}, {path}).status().message();
  EXPECT_NE(said.find(":2: 'nobody'"), std::string::npos) << said;
}

TEST(GrabOptions, AsksForAContactOnlyWhereStrangersAre) {
  const auto plan = [](std::vector<std::string> args) {
    const auto options = ParseGrabOptions(args);
    EXPECT_TRUE(options.ok());
    return PlanGrab(**options).status().message();
  };
  EXPECT_NE(plan({"8.8.8.8"}).find("give --contact"), std::string::npos);
  EXPECT_NE(plan({"[2600::1]:22"}).find("give --contact"), std::string::npos);
  EXPECT_EQ(plan({"8.8.8.8", "--contact=me@example.org"}), "");
  EXPECT_EQ(plan({"127.0.0.1", "--allow_special=127.0.0.0/8"}), "");
  EXPECT_NE(plan({"127.0.0.1"}).find("no targets; 1 are excluded"), std::string::npos);
}

TEST(GrabOptions, IsAsPoliteAsAScanUnlessToldOtherwise) {
  const auto options = ParseGrabOptions({"127.0.0.1", "--contact=me@example.org"});
  ASSERT_TRUE(options.ok());
  const ProbeOptions probes = ProbesOf(**options);
  EXPECT_EQ(probes.pause_min, std::chrono::seconds(2));
  EXPECT_EQ(probes.pause_max, std::chrono::seconds(5));
  EXPECT_EQ(probes.greeting_timeout, std::chrono::seconds(30));
  EXPECT_TRUE(probes.all_ssh_keys);
  EXPECT_EQ(probes.contact, "me@example.org");
  EXPECT_FALSE(probes.ehlo_name.empty());
}

TEST(GrabOptions, TakesAnyNumberOfTargetsAmongTheFlags) {
  const auto options = ParseGrabOptions({"127.0.0.1", "--quiet", "127.0.0.2", "--", "::1"});
  ASSERT_TRUE(options.ok());
  EXPECT_EQ((*options)->words, (std::vector<std::string>{"127.0.0.1", "127.0.0.2", "::1"}));
  EXPECT_NE(ParseGrabOptions({}).status().message().find("needs a TARGET"), std::string::npos);
}

TEST(GrabOptions, KnowsWhatIsSpokenWhere) {
  const auto spoken = [](const std::string& speak) {
    return SpokenOn(**ParseGrabOptions({"127.0.0.1", "--speak=" + speak}));
  };
  const auto both = spoken("2222=ssh,8443=https");
  ASSERT_TRUE(both.ok());
  EXPECT_EQ(both->at(2222), Protocol::kSsh);
  EXPECT_EQ(both->at(8443), Protocol::kHttps);
  for (const char* wrong : {"2222", "2222=", "=ssh", "0=ssh", "65536=ssh", "22=telnet"}) {
    EXPECT_FALSE(spoken(wrong).ok()) << wrong;
  }
}

TEST(GrabText, ShowsAPortALineAndClosedPortsTogether) {
  proto::HostObservation host;
  host.set_address(std::string(Address::Parse("192.0.2.7")->bytes()));
  proto::PortObservation& ssh = *host.add_ports();
  ssh.set_port(22);
  ssh.set_protocol(static_cast<uint32_t>(Protocol::kSsh));
  ssh.set_stage(static_cast<uint32_t>(Stage::kDone));
  ssh.mutable_ssh()->set_identification("SSH-2.0-x\x1b[2J");
  for (const uint32_t port : {25U, 443U}) {
    proto::PortObservation& closed = *host.add_ports();
    closed.set_port(port);
    closed.set_outcome(static_cast<uint32_t>(Outcome::kRefused));
  }
  EXPECT_EQ(HostAsText(host, TextStyle{}),
            "192.0.2.7\n"
            "     22  ssh     ok  SSH-2.0-x\\x1b[2J\n"
            "         refused: 25, 443\n");
}

}  // namespace
}  // namespace hark
