#include "coordinator/unsent_jobs.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace hark {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;

TEST(UnsentJobsTest, AJobIsSentWhenTheRowsOfItsRunAreWritten) {
  UnsentJobs unsent;
  unsent.Add({1, 7}, "a");
  unsent.Add({2, 3}, "a");
  unsent.Add({1, 5}, "b");
  EXPECT_TRUE(unsent.Submitted(1, 10));
  EXPECT_FALSE(unsent.Submitted(1, 11)) << "nothing new";
  EXPECT_TRUE(unsent.Submitted(2, 12));
  EXPECT_EQ(unsent.CountOf("a"), 2U);
  EXPECT_THAT(unsent.TakeWritten(10), ElementsAre(Pair(1, 7), Pair(1, 5)));
  EXPECT_THAT(unsent.TakeWritten(10), IsEmpty());
  EXPECT_FALSE(unsent.Has({1, 7}));
  EXPECT_THAT(unsent.Of("a"), ElementsAre(Pair(2, 3)));
  EXPECT_THAT(unsent.TakeWritten(12), ElementsAre(Pair(2, 3)));
  EXPECT_EQ(unsent.CountOf("a"), 0U);
}

TEST(UnsentJobsTest, OneThatWasTakenBackIsNotSentWhateverIsWrittenLater) {
  UnsentJobs unsent;
  unsent.Add({1, 7}, "a");
  unsent.Drop({1, 7});
  EXPECT_FALSE(unsent.Submitted(1, 10)) << "before its row was submitted";
  unsent.Add({1, 8}, "a");
  ASSERT_TRUE(unsent.Submitted(1, 11));
  unsent.Drop({1, 8});
  unsent.Add({1, 8}, "b");
  ASSERT_TRUE(unsent.Submitted(1, 12));
  EXPECT_THAT(unsent.TakeWritten(11), IsEmpty()) << "b's lease is in the next write";
  EXPECT_THAT(unsent.TakeWritten(12), ElementsAre(Pair(1, 8)));
}

TEST(UnsentJobsTest, ANoJobComesAfterTheJobsThatAreStillToCome) {
  UnsentJobs unsent;
  unsent.Add({1, 7}, "a");
  unsent.Add({1, 8}, "a");
  unsent.OweNoJob("a");
  unsent.OweNoJob("b");
  EXPECT_THAT(unsent.TakeOwed(), ElementsAre("b"));
  ASSERT_TRUE(unsent.Submitted(1, 10));
  unsent.Drop({1, 8});
  EXPECT_THAT(unsent.TakeOwed(), IsEmpty());
  unsent.TakeWritten(10);
  EXPECT_THAT(unsent.TakeOwed(), ElementsAre("a"));
  EXPECT_THAT(unsent.TakeOwed(), IsEmpty());
}

}  // namespace
}  // namespace hark
