#include "exchange/import_queue.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <thread>

#include "base/strings.h"

namespace hark {
namespace {

// Remembers what it was given; waits at a gate, fails at a batch.
class FakeTarget : public ImportTarget {
 public:
  Status Write(ImportBatch batch) override {
    if (gate.valid()) gate.wait();
    if (++written == fails_at) return IoError("the disk is gone");
    for (const ImportedHost& host : batch.hosts) hosts.push_back(host.host.name());
    for (const RejectedLine& line : batch.rejected) lines.push_back(line.line);
    last = batch.progress;
    return Status::Ok();
  }
  Status Finish() override {
    finished = true;
    return Status::Ok();
  }

  std::shared_future<void> gate;
  size_t written = 0;
  size_t fails_at = 0;
  std::vector<std::string> hosts;
  std::vector<uint64_t> lines;
  ImportProgress last;
  bool finished = false;
};

ImportedHost Host(uint64_t n) {
  ImportedHost host;
  host.host = *HostId::Parse(StrCat("host", n, ".example"));
  host.ports.resize(2);
  return host;
}

// A record a line, each a batch of its own.
Status AddLine(ImportQueue& queue, uint64_t n) {
  HARK_RETURN_IF_ERROR(queue.Add(Host(n)));
  return queue.Reached(n + 1, n * ImportQueue::kBatchBytes);
}

TEST(ImportQueueTest, GivesEverythingInOrderWithThePlaceThatBelongsToIt) {
  FakeTarget target;
  ImportQueue queue(target, {});
  for (uint64_t n = 1; n <= 50; ++n) {
    ASSERT_TRUE(AddLine(queue, n).ok());
    if (n % 10 == 0) {
      ASSERT_TRUE(queue.Reject({n, "why", "text"}).ok());
    }
  }
  ASSERT_TRUE(queue.Finish(true).ok());
  ASSERT_EQ(target.hosts.size(), 50U);
  EXPECT_EQ(target.hosts.front(), "host1.example");
  EXPECT_EQ(target.hosts.back(), "host50.example");
  EXPECT_THAT(target.lines, ::testing::ElementsAre(10, 20, 30, 40, 50));
  EXPECT_TRUE(target.last.done);
  EXPECT_EQ(target.last.next_line, 51U);
  EXPECT_EQ(target.last.counts.hosts, 50U);
  EXPECT_EQ(target.last.counts.ports, 100U);
  EXPECT_EQ(target.last.counts.reasons.at("why"), 5U);
  EXPECT_TRUE(target.finished);
}

TEST(ImportQueueTest, TellsTheReaderThatTheStoreFailed) {
  FakeTarget target;
  target.fails_at = 3;
  ImportQueue queue(target, {});
  Status status;
  for (uint64_t n = 1; status.ok() && n < 1000; ++n) status = AddLine(queue, n);
  EXPECT_EQ(status.code(), StatusCode::kIo);
  EXPECT_EQ(queue.Finish(true).code(), StatusCode::kIo);
  EXPECT_EQ(target.written, 3U);
  EXPECT_FALSE(target.finished);
}

TEST(ImportQueueTest, TheReaderWaitsForASlowStore) {
  std::promise<void> open;
  FakeTarget target;
  target.gate = open.get_future().share();
  ImportQueue queue(target, {});
  std::atomic<uint64_t> added = 0;
  std::thread reader([&] {
    for (uint64_t n = 1; n <= 100; ++n) {
      EXPECT_TRUE(AddLine(queue, n).ok());
      added = n;
    }
  });
  // One is being written and as many wait as may; the next one does not come through.
  while (added < ImportQueue::kMostWaiting) std::this_thread::yield();
  EXPECT_LE(added, ImportQueue::kMostWaiting + 1);
  open.set_value();
  reader.join();
  ASSERT_TRUE(queue.Finish(false).ok());
  EXPECT_EQ(target.hosts.size(), 100U);
  EXPECT_FALSE(target.last.done);
}

TEST(ImportQueueTest, GivesUpWithoutAnEnd) {
  FakeTarget target;
  {
    ImportQueue queue(target, {});
    ASSERT_TRUE(queue.Add(Host(1)).ok());
  }
  EXPECT_TRUE(target.hosts.empty());
  EXPECT_FALSE(target.finished);
}

}  // namespace
}  // namespace hark
