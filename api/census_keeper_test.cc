#include "api/census_keeper.h"

#include <gtest/gtest.h>

#include <future>

namespace hark {
namespace {

std::shared_ptr<const ApiView> ViewOf(uint64_t generation) {
  auto view = std::make_shared<ApiView>();
  const std::shared_ptr<Store> store = std::move(Store::OpenInMemory()).value();
  view->store = store;
  view->history = store->ReadHistory();
  view->generation = generation;
  return view;
}

TEST(KeptTally, IsNotWaitedForInTheQuickLane) {
  KeptTally<HostTally> tally([](const HistoryReader&, const StopSign&) { return HostTally{7, 0}; });
  EXPECT_EQ(*tally.Get(ViewOf(1), HttpLane::kQuick), nullptr);
  EXPECT_EQ((*tally.Get(ViewOf(1), HttpLane::kPatient))->addresses, 7u);
  EXPECT_EQ((*tally.Get(ViewOf(1), HttpLane::kQuick))->addresses, 7u);
}

TEST(KeptTally, IsMadeOnceForAllWhoWait) {
  std::atomic<int> made = 0;
  std::promise<void> go;
  const std::shared_future<void> may_go = go.get_future().share();
  KeptTally<HostTally> tally([&](const HistoryReader&, const StopSign&) {
    may_go.wait();
    ++made;
    return HostTally{1, 0};
  });
  const auto view = ViewOf(1);
  std::vector<std::future<bool>> askers;
  for (int i = 0; i < 4; ++i) {
    askers.push_back(
        std::async(std::launch::async, [&] { return tally.Get(view, HttpLane::kPatient).ok(); }));
  }
  go.set_value();
  for (auto& asker : askers) EXPECT_TRUE(asker.get());
  EXPECT_EQ(made, 1);
}

TEST(KeptTally, IsMadeAnewForAnotherViewWhenThatIsQuick) {
  uint64_t made = 0;
  KeptTally<HostTally> tally([&](const HistoryReader&, const StopSign&) {
    return HostTally{++made, 0};
  });
  EXPECT_EQ((*tally.Get(ViewOf(1), HttpLane::kPatient))->addresses, 1u);
  EXPECT_EQ((*tally.Get(ViewOf(1), HttpLane::kPatient))->addresses, 1u);
  EXPECT_EQ((*tally.Get(ViewOf(2), HttpLane::kPatient))->addresses, 2u);
}

TEST(KeptTally, AFailureIsToldAndTriedAgain) {
  int tries = 0;
  KeptTally<HostTally> tally([&](const HistoryReader&, const StopSign&) -> Result<HostTally> {
    if (++tries == 1) return IoError("a bad disk");
    return HostTally{};
  });
  EXPECT_EQ(tally.Get(ViewOf(1), HttpLane::kPatient).status().code(), StatusCode::kIo);
  EXPECT_TRUE(tally.Get(ViewOf(1), HttpLane::kPatient).ok());
}

TEST(CensusKeeper, EndsWhileItCounts) {
  const auto view = ViewOf(1);
  CensusKeeper census;
  census.MakeAll([view] { return view; });
}

}  // namespace
}  // namespace hark
