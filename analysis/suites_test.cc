#include "analysis/suites.h"

#include <gtest/gtest.h>

#include "analysis/shared_keys.h"
#include "base/strings.h"

namespace hark {
namespace {

TEST(SuitePolicyTest, ThePapersRuleCallsBadWhatTheScriptDid) {
  const SuitePolicy policy = SuitePolicy::Paper();
  for (const uint16_t bad : {0x0000, 0x0003, 0x0004, 0x0005, 0x0009, 0x000a, 0x0018, 0x001b, 0x0035,
                             0x002f, 0x009c, 0xc007, 0xc011, 0xc018, 0xdead}) {
    EXPECT_TRUE(policy.IsBad(bad)) << bad;
  }
  for (const uint16_t good : {0x0016, 0x0033, 0x009e, 0xc012, 0xc013, 0xc02f, 0xcca8, 0x1301}) {
    EXPECT_FALSE(policy.IsBad(good)) << good;
  }
}

TEST(SuitePolicyTest, TheFirstRuleThatMatchesDecides) {
  const auto policy = SuitePolicy::Parse(
      "# ours\n"
      "good suite 0x009C   # one that is let pass\n"
      "\n"
      "bad prefix TLS_RSA\n"
      "bad contains 3DES\r\n",
      "ours.policy");
  ASSERT_TRUE(policy.ok()) << policy.status().message();
  EXPECT_EQ(policy->name(), "ours.policy");
  EXPECT_FALSE(policy->IsBad(0x009c));
  EXPECT_TRUE(policy->IsBad(0x009d));
  EXPECT_TRUE(policy->IsBad(0x0016));
  EXPECT_FALSE(policy->IsBad(0x0018)) << "RC4, of which this policy says nothing";
  EXPECT_FALSE(policy->IsBad(0xdead));
}

TEST(SuitePolicyTest, ALineThatIsNoRuleIsNamed) {
  const std::pair<const char*, const char*> cases[] = {
      {"bad prefix TLS_RSA\nugly unknown\n", "p line 2: 'ugly' is neither bad nor good"},
      {"bad prefix",
       "p line 1: after bad or good comes prefix TEXT, contains TEXT, suite 0x1234 or unknown"},
      {"bad suite 5",
       "p line 1: after bad or good comes prefix TEXT, contains TEXT, suite 0x1234 or unknown"},
      {"bad unknown suite",
       "p line 1: after bad or good comes prefix TEXT, contains TEXT, suite 0x1234 or unknown"},
      {"# nothing\n", "p: no rule in it"},
  };
  for (const auto& [text, message] : cases) {
    const auto policy = SuitePolicy::Parse(text, "p");
    EXPECT_EQ(policy.status().code(), StatusCode::kInvalidInput);
    EXPECT_EQ(policy.status().message(), message);
  }
}

TEST(SuiteTallyTest, CountsHostPortsHostsAndKeys) {
  SuiteTally tally(SuitePolicy::Paper());
  tally.Add(1, true, 0x0005, 10);  // two ports of one host, one key
  tally.Add(1, true, 0x0005, 10);
  tally.Add(2, true, 0x0005, 11);
  tally.Add(2, true, 0x0035, 11);
  tally.Add(3, true, 0xc02f, 10);
  tally.Add(4, true, 0x0035, SharedKeys::kNone);  // a key of its own
  tally.Add(5, false, 0x0035, SharedKeys::kNone);
  const SuiteCounts counts = std::move(tally).Finish();
  EXPECT_EQ(counts.suites.at(0x0005), (SuiteCount{"TLS_RSA_WITH_RC4_128_SHA", true, 3, 3, 2, 2}));
  EXPECT_EQ(counts.suites.at(0x0035),
            (SuiteCount{"TLS_RSA_WITH_AES_256_CBC_SHA", true, 3, 2, 2, 1}));
  EXPECT_EQ(counts.suites.at(0xc02f),
            (SuiteCount{"TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", false, 1, 1, 1, 0}));
  EXPECT_EQ(counts.host_ports, 7U);
  EXPECT_EQ(counts.clustered_host_ports, 6U);
  EXPECT_EQ(counts.bad_clustered_hosts, 3U);
  EXPECT_EQ(counts.bad_clustered_keys, 2U);
}

}  // namespace
}  // namespace hark
