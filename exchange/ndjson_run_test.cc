#include <gtest/gtest.h>

#include "exchange/export_fixture.h"
#include "exchange/ndjson_format.h"
#include "exchange/ndjson_reader.h"
#include "exchange/ndjson_run_writer.h"

namespace hark {
namespace {

class NdjsonRunTest : public ExportFixture {
 protected:
  NdjsonRunTest() { FillRun(); }

  static std::string Export(const Store& store, const std::string& run,
                            const NdjsonRunOptions& options = {}) {
    std::string text;
    const auto reader = store.ReadRun(run);
    EXPECT_TRUE(reader.ok());
    const Status written = WriteRunNdjson(store, **reader, options, [&](std::string_view piece) {
      text += piece;
      return Status::Ok();
    });
    EXPECT_TRUE(written.ok()) << written.message();
    return text;
  }

  Result<NdjsonSummary> Import(Store& store, const std::vector<std::string>& lines,
                               const NdjsonReaderOptions& options = {}) {
    rejected_.clear();
    NdjsonReader reader(store, options, [&](const RejectedLine& line) {
      rejected_.push_back(line.reason);
      return Status::Ok();
    });
    for (const std::string& line : lines) HARK_RETURN_IF_ERROR(reader.Line(line));
    return reader.Finish();
  }

  std::vector<std::string> rejected_;
};

TEST_F(NdjsonRunTest, ARunReadIntoAnotherStoreIsTheSameToItsDigestAndItsSecondExport) {
  const std::string text = Export(*store_, kRun);
  const auto other = OpenStore("other");
  const auto summary = Import(*other, Lines(text));
  ASSERT_TRUE(summary.ok()) << summary.status().message();
  EXPECT_EQ(rejected_, std::vector<std::string>());
  EXPECT_EQ(summary->run, kRun);
  EXPECT_EQ(summary->hosts, 5U);
  EXPECT_EQ(summary->ports, 6U);
  EXPECT_EQ(summary->certificates, 2U);
  EXPECT_EQ(summary->same_digest, true);
  EXPECT_EQ(Digest(*other), Digest(*store_));
  EXPECT_EQ(Export(*other, kRun), text);
}

TEST_F(NdjsonRunTest, ReadTwiceItIsThereOnce) {
  const std::string text = Export(*store_, kRun);
  const auto other = OpenStore("other");
  ASSERT_TRUE(Import(*other, Lines(text)).ok());
  const auto again = Import(*other, Lines(text));
  ASSERT_TRUE(again.ok()) << again.status().message();
  EXPECT_EQ(again->same_digest, true);
  EXPECT_EQ(other->Runs()->size(), 1U);
  EXPECT_EQ(Export(*other, kRun), text);
}

TEST_F(NdjsonRunTest, BesideOtherRunsItGetsANumberOfItsOwn) {
  const std::string text = Export(*store_, kRun);
  const auto summary = Import(*store_, Lines(text), {"copy"});
  ASSERT_TRUE(summary.ok()) << summary.status().message();
  EXPECT_EQ(store_->FindRun("copy")->id(), 2U);
  EXPECT_EQ(Digest(*store_, "copy"), Digest(*store_));
}

TEST_F(NdjsonRunTest, AnotherRunOfTheSameNameIsRefused) {
  std::vector<std::string> lines = Lines(Export(*store_, kRun));
  const auto other = OpenStore("other");
  proto::RunRow run;
  run.set_id(1);
  run.set_name(kRun);
  run.set_seed(99);
  const auto write = other->NewWrite();
  write->PutRun(run);
  ASSERT_TRUE(other->Commit(*write, true).ok());
  EXPECT_EQ(Import(*other, lines).status().code(), StatusCode::kInvalidInput);
}

TEST_F(NdjsonRunTest, WhatIsCutShortStaysOpenAndCancelledUntilItIsReadAgain) {
  const std::vector<std::string> lines = Lines(Export(*store_, kRun));
  const auto other = OpenStore("other");
  const std::vector<std::string> half(lines.begin(), lines.end() - 3);
  EXPECT_EQ(Import(*other, half).status().code(), StatusCode::kInvalidInput);
  EXPECT_EQ(other->FindRun(kRun)->state(), proto::RunRow::OPEN);
  EXPECT_TRUE(other->FindRun(kRun)->settings().cancelled());
  const auto summary = Import(*other, lines);
  ASSERT_TRUE(summary.ok()) << summary.status().message();
  EXPECT_EQ(summary->same_digest, true);
  EXPECT_EQ(other->FindRun(kRun)->state(), proto::RunRow::DONE);
}

TEST_F(NdjsonRunTest, BadLinesAreRejectedWithAReasonAndTheOthersRead) {
  std::vector<std::string> lines = Lines(Export(*store_, kRun));
  const auto port = std::find_if(lines.begin(), lines.end(), [](const std::string& line) {
    return line.rfind("{\"type\":\"port\"", 0) == 0;
  });
  ASSERT_NE(port, lines.end());
  const size_t at = port->find("\"port\":22");
  ASSERT_NE(at, std::string::npos);
  port->replace(at, 9, "\"port\":23");
  lines.insert(lines.begin() + 2, "{\"type\":\"port\"");
  lines.insert(lines.begin() + 2, "[[[[[[[[");
  lines.insert(lines.begin() + 2, "{\"type\":\"surprise\"}");
  lines.insert(lines.begin() + 2,
               R"({"type":"certificate","sha256":")" + std::string(64, '0') + R"(","der":"AAAA"})");
  const auto other = OpenStore("other");
  EXPECT_FALSE(Import(*other, lines).ok());  // the end counts other lines
  ASSERT_EQ(rejected_.size(), 6U);
  EXPECT_EQ(rejected_[0], "a certificate that is not its hash's");
  EXPECT_EQ(rejected_[1], "a type we do not know");
  EXPECT_EQ(rejected_[4], "the row is another port's");
}

TEST_F(NdjsonRunTest, WhatIsNoHarkNdjsonIsRefusedAtOnce) {
  const auto other = OpenStore("other");
  for (const std::string line : {"", "hello", "[]", R"({"ip":"192.0.2.1"})", R"({"type":"header"})",
                                 R"({"type":"header","hark_ndjson":2,"content":"run"})",
                                 R"({"type":"header","hark_ndjson":1,"content":"soup"})"}) {
    EXPECT_EQ(Import(*other, {line}).status().code(), StatusCode::kInvalidInput) << line;
  }
  EXPECT_TRUE(other->Runs()->empty());
}

TEST_F(NdjsonRunTest, APartHasNoPlanAndIsReadAsARunOfItsOwn) {
  const std::vector<std::string> lines = Lines(Export(*store_, kRun, {{"port 22"}}));
  const auto other = OpenStore("other");
  const auto summary = Import(*other, lines);
  ASSERT_TRUE(summary.ok()) << summary.status().message();
  EXPECT_EQ(summary->same_digest, std::nullopt);
  EXPECT_EQ(other->FindRun(kRun)->planned(), 0U);
  EXPECT_TRUE(other->Jobs(1)->empty());
  EXPECT_EQ(*other->ListenerCount(1), 0U);
}

}  // namespace
}  // namespace hark
