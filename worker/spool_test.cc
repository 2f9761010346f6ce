#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>

#include "base/file.h"
#include "base/log.h"
#include "worker/file_spool.h"
#include "worker/memory_spool.h"

namespace hark {
namespace {

proto::Job MakeJob(uint32_t number, uint64_t end = 1000) {
  proto::Job job;
  JobKey{7, number, 3, 99}.Put(&job);
  job.set_kind(proto::Job::SWEEP);
  job.set_end(end);
  return job;
}

proto::Batch MakeBatch(const proto::Job& job, uint64_t seq, size_t bytes = 100) {
  proto::Batch batch;
  JobKey::Of(job).Put(&batch);
  batch.set_seq(seq);
  batch.set_from_index(seq * 10);
  batch.set_to_index(seq * 10 + 10);
  batch.set_final(batch.to_index() == job.end());
  batch.set_payload(std::string(bytes, static_cast<char>('a' + seq % 26)));
  return batch;
}

class FileSpoolTest : public ::testing::Test {
 protected:
  FileSpoolTest() {
    directory_ =
        std::filesystem::temp_directory_path() / ("hark_spool_test." + std::to_string(getpid()));
    std::filesystem::remove_all(directory_);
    Reopen();
    SetLogLevel(LogLevel::kError);
  }
  ~FileSpoolTest() override {
    std::filesystem::remove_all(directory_);
    SetLogLevel(LogLevel::kWarning);
  }

  void Reopen() {
    spool_.reset();
    auto opened = FileSpool::Open(directory_.string());
    ASSERT_TRUE(opened.ok()) << opened.status().message();
    spool_ = std::move(opened).value();
  }
  std::filesystem::path OnlyFile() {
    std::vector<std::filesystem::path> found;
    for (const auto& entry : std::filesystem::directory_iterator(directory_)) {
      found.push_back(entry.path());
    }
    EXPECT_EQ(found.size(), 1U);
    return found.at(0);
  }

  std::filesystem::path directory_;
  std::unique_ptr<FileSpool> spool_;
  proto::Job job_ = MakeJob(1);
  JobKey key_ = JobKey::Of(job_);
};

TEST_F(FileSpoolTest, ARestartedWorkerFindsJobsBatchesAndPlaceInThem) {
  ASSERT_TRUE(spool_->Begin(job_).ok());
  for (uint64_t seq = 0; seq < 5; ++seq) ASSERT_TRUE(spool_->Append(MakeBatch(job_, seq)).ok());
  ASSERT_TRUE(spool_->Begin(MakeJob(2)).ok());
  Reopen();
  const auto jobs = spool_->Recovered();
  ASSERT_EQ(jobs.size(), 2U);
  EXPECT_EQ(jobs[0].job.SerializeAsString(), job_.SerializeAsString());
  EXPECT_EQ(jobs[0].low_seq, 0U);
  EXPECT_EQ(jobs[0].next_seq, 5U);
  EXPECT_EQ(jobs[0].cursor, 50U);
  EXPECT_FALSE(jobs[0].final);
  EXPECT_EQ(jobs[1].next_seq, 0U);
  EXPECT_EQ(spool_->Read(key_, 3)->SerializeAsString(), MakeBatch(job_, 3).SerializeAsString());
  EXPECT_FALSE(spool_->Read(key_, 5));
  // and goes on where it was
  ASSERT_TRUE(spool_->Append(MakeBatch(job_, 5)).ok());
  EXPECT_TRUE(spool_->Read(key_, 5));
}

TEST_F(FileSpoolTest, AFileCutAtAnyByteGivesAllWholeRecordsBeforeTheCut) {
  ASSERT_TRUE(spool_->Begin(job_).ok());
  std::vector<uintmax_t> ends = {std::filesystem::file_size(OnlyFile())};
  for (uint64_t seq = 0; seq < 3; ++seq) {
    ASSERT_TRUE(spool_->Append(MakeBatch(job_, seq, 20)).ok());
    ends.push_back(std::filesystem::file_size(OnlyFile()));
  }
  const std::filesystem::path path = OnlyFile();
  const std::string whole = *ReadFile(path.string());
  for (size_t cut = 0; cut < whole.size(); ++cut) {
    spool_.reset();
    std::ofstream(path, std::ios::binary | std::ios::trunc) << whole.substr(0, cut);
    Reopen();
    const auto jobs = spool_->Recovered();
    if (cut < ends[0]) {
      EXPECT_TRUE(jobs.empty()) << cut;
      continue;
    }
    uint64_t batches = 0;
    while (batches + 1 < ends.size() && ends[batches + 1] <= cut) ++batches;
    ASSERT_EQ(jobs.size(), 1U) << cut;
    EXPECT_EQ(jobs[0].next_seq, batches) << cut;
    EXPECT_EQ(jobs[0].cursor, batches * 10) << cut;
    ASSERT_TRUE(spool_->Append(MakeBatch(job_, batches, 20)).ok());
    EXPECT_EQ(*ReadFile(path.string()), whole.substr(0, ends[batches + 1])) << cut;
  }
}

TEST_F(FileSpoolTest, AFlippedBitAnywhereIsNeverTakenForData) {
  ASSERT_TRUE(spool_->Begin(job_).ok());
  for (uint64_t seq = 0; seq < 3; ++seq) {
    ASSERT_TRUE(spool_->Append(MakeBatch(job_, seq, 20)).ok());
  }
  const std::filesystem::path path = OnlyFile();
  const std::string whole = *ReadFile(path.string());
  for (size_t at = 0; at < whole.size(); ++at) {
    spool_.reset();
    std::string damaged = whole;
    damaged[at] = static_cast<char>(damaged[at] ^ 0x10);
    std::ofstream(path, std::ios::binary | std::ios::trunc) << damaged;
    Reopen();
    for (const SpooledJob& job : spool_->Recovered()) {
      EXPECT_LT(job.next_seq, 3U) << at;
      for (uint64_t seq = 0; seq < job.next_seq; ++seq) {
        EXPECT_EQ(spool_->Read(key_, seq)->SerializeAsString(),
                  MakeBatch(job_, seq, 20).SerializeAsString());
      }
    }
  }
}

TEST_F(FileSpoolTest, AcknowledgedBatchesCostNoQuotaAndDroppedJobsNoDisk) {
  ASSERT_TRUE(spool_->Begin(job_).ok());
  EXPECT_EQ(spool_->unacked_bytes(), 0U);
  for (uint64_t seq = 0; seq < 4; ++seq) ASSERT_TRUE(spool_->Append(MakeBatch(job_, seq)).ok());
  const uint64_t all = spool_->unacked_bytes();
  EXPECT_GT(all, 400U);
  spool_->Acked(key_, 2);
  EXPECT_NEAR(static_cast<double>(spool_->unacked_bytes()), static_cast<double>(all) / 2, 8);
  EXPECT_FALSE(spool_->Read(key_, 1));
  EXPECT_TRUE(spool_->Read(key_, 2));
  spool_->Acked(key_, 4);
  EXPECT_EQ(spool_->unacked_bytes(), 0U);
  spool_->Drop(key_);
  EXPECT_TRUE(std::filesystem::is_empty(directory_));
}

TEST_F(FileSpoolTest, ALongJobsFileIsRewrittenWithoutItsAcknowledgedPart) {
  ASSERT_TRUE(spool_->Begin(job_).ok());
  ASSERT_TRUE(spool_->SetEnd(key_, 900).ok());
  constexpr size_t kBig = size_t{300} * 1024;
  uint64_t seq = 0;
  for (; seq < 40; ++seq) {
    ASSERT_TRUE(spool_->Append(MakeBatch(job_, seq, kBig)).ok());
    if (seq >= 2) spool_->Acked(key_, seq - 1);
    ASSERT_LT(std::filesystem::file_size(OnlyFile()), 8U << 20);
  }
  Reopen();
  const SpooledJob job = spool_->Recovered().at(0);
  EXPECT_EQ(job.next_seq, 40U);
  EXPECT_EQ(job.cursor, 400U);
  EXPECT_EQ(job.end, 900U);
  EXPECT_GT(job.low_seq, 0U);
  for (uint64_t s = job.low_seq; s < 40; ++s) EXPECT_TRUE(spool_->Read(key_, s)) << s;
  EXPECT_TRUE(spool_->Append(MakeBatch(job_, 40)).ok());
}

TEST_F(FileSpoolTest, ATrimmedEndAndAFinalBatchAreRemembered) {
  ASSERT_TRUE(spool_->Begin(job_).ok());
  ASSERT_TRUE(spool_->SetEnd(key_, 10).ok());
  proto::Batch last = MakeBatch(job_, 0);
  last.set_final(true);
  ASSERT_TRUE(spool_->Append(last).ok());
  Reopen();
  EXPECT_EQ(spool_->Recovered().at(0).end, 10U);
  EXPECT_TRUE(spool_->Recovered().at(0).final);
}

TEST_F(FileSpoolTest, AFullDiskIsToldAndLeavesWhatWasThere) {
  ASSERT_TRUE(spool_->Begin(job_).ok());
  ASSERT_TRUE(spool_->Append(MakeBatch(job_, 0)).ok());
  // The file size limit fails writes as a full disk does, half-way through the record.
  rlimit before{};
  getrlimit(RLIMIT_FSIZE, &before);
  const auto old_handler = std::signal(SIGXFSZ, SIG_IGN);
  const rlimit small{std::filesystem::file_size(OnlyFile()) + 50, before.rlim_max};
  setrlimit(RLIMIT_FSIZE, &small);
  EXPECT_FALSE(spool_->Append(MakeBatch(job_, 1)).ok());
  setrlimit(RLIMIT_FSIZE, &before);
  std::signal(SIGXFSZ, old_handler);
  EXPECT_TRUE(spool_->Append(MakeBatch(job_, 1)).ok());
  Reopen();
  EXPECT_EQ(spool_->Recovered().at(0).next_seq, 2U);
}

TEST(MemorySpoolTest, BehavesAsTheFileDoes) {
  MemorySpool spool;
  const proto::Job job = MakeJob(1);
  const JobKey key = JobKey::Of(job);
  ASSERT_TRUE(spool.Begin(job).ok());
  for (uint64_t seq = 0; seq < 4; ++seq) ASSERT_TRUE(spool.Append(MakeBatch(job, seq)).ok());
  EXPECT_FALSE(spool.Append(MakeBatch(job, 9)).ok());
  spool.Acked(key, 2);
  spool.LoseTail(1);
  const SpooledJob state = spool.Recovered().at(0);
  EXPECT_EQ(state.low_seq, 2U);
  EXPECT_EQ(state.next_seq, 3U);
  EXPECT_EQ(state.cursor, 30U);
  EXPECT_FALSE(spool.Read(key, 1));
  EXPECT_TRUE(spool.Read(key, 2));
}

}  // namespace
}  // namespace hark
