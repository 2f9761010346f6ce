#include "cli/kept_flags.h"

#include <gtest/gtest.h>

namespace hark {
namespace {

TEST(KeptFlags, AreNoneForTheSameCommand) {
  proto::ProbePolicy policy;
  policy.set_contact("me@example.org");
  EXPECT_EQ(KeptFlags(policy, policy), "");
}

TEST(KeptFlags, NameEachFlagThatDiffersWithTheValueOfTheRun) {
  proto::ProbePolicy run, asked;
  run.set_contact("a@example.org");
  asked.set_contact("b@example.org");
  asked.set_http_get(true);
  asked.set_handshake(1);
  run.set_throttle_retries(2);
  asked.set_throttle_retries(3);
  run.set_host_pause_min_ms(2000);
  EXPECT_EQ(KeptFlags(run, asked),
            " --pause_min_ms=2000 --contact=a@example.org --handshake=full --http_get=false "
            "--throttle_retries=2");
}

// Who adds a field to the policy adds it here: a default that differs must not pass unsaid.
TEST(KeptFlags, KnowEveryFieldOfThePolicy) {
  proto::ProbePolicy asked;
  asked.set_connect_timeout_ms(1);
  asked.set_greeting_timeout_ms(1);
  asked.set_conversation_timeout_ms(1);
  asked.set_host_pause_min_ms(1);
  asked.set_host_pause_max_ms(1);
  asked.set_concurrency(1);
  asked.set_contact("x");
  asked.set_ehlo_name("x");
  asked.set_handshake(1);
  asked.set_all_leaves(true);
  asked.set_force_starttls(true);
  asked.set_http_get(true);
  asked.set_adapt(true);
  asked.set_throttle_retries(1);
  asked.set_throttle_backoff_ms(1);
  EXPECT_EQ(KeptFlags(proto::ProbePolicy(), asked),
            " --connect_timeout_ms=0 --greeting_timeout_ms=0 --conversation_timeout_ms=0"
            " --pause_min_ms=0 --pause_max_ms=0 --concurrency=0 --contact= --ehlo_name="
            " --handshake=full --all_leaves=false --force_starttls=false --http_get=false"
            " --adapt=false --throttle_retries=0 --throttle_backoff_ms=0");
}

}  // namespace
}  // namespace hark
