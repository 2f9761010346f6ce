#include "base/log.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <limits.h>
#include <unistd.h>

#include <cmath>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/log_format.h"
#include "base/strings.h"
#include "base/unique_fd.h"

namespace hark {
namespace {

using testing::ElementsAre;
using testing::EndsWith;
using testing::HasSubstr;
using testing::StartsWith;

constexpr int64_t kThen = 1'795'292'616'007;  // 2026-11-21T20:23:36.007Z
const std::string kHostile = std::string("a\x1b[2J\n\xff\"}\\ =") + '\0';

TEST(LogFormatTest, WritesAnEventAsALineForPeople) {
  EXPECT_EQ(LogLineAsText({kThen,
                           LogLevel::kWarning,
                           "coordinator",
                           "a batch was refused",
                           {{"worker", "tokyo-1"}, {"job", 7}, {"why", "not its lease"}}}),
            "2026-11-21T20:23:36.007Z W coordinator: a batch was refused worker=tokyo-1 job=7 "
            "why=\"not its lease\"");
}

TEST(LogFormatTest, WritesAnEventAsAnObjectForMachines) {
  EXPECT_EQ(LogLineAsJson({kThen,
                           LogLevel::kInfo,
                           "coordinator",
                           "run",
                           {{"run", "NA"},
                            {"covered", uint64_t{1} << 63},
                            {"skew", -5},
                            {"rate", 2.5},
                            {"paused", false},
                            {"odd", std::nan("")}}}),
            "{\"time\":\"2026-11-21T20:23:36.007Z\",\"level\":\"info\",\"module\":\"coordinator\","
            "\"event\":\"run\",\"run\":\"NA\",\"covered\":9223372036854775808,\"skew\":-5,"
            "\"rate\":2.5,\"paused\":false,\"odd\":null}");
}

TEST(LogFormatTest, ShowsHostileBytesWithoutObeyingThem) {
  const std::initializer_list<LogField> fields = {{"name", kHostile}};
  const LogRecord record{kThen, LogLevel::kError, "m", kHostile, fields};
  EXPECT_THAT(LogLineAsText(record), EndsWith("m: a\\x1b[2J\\x0a\\xff\"}\\ =\\x00 "
                                              "name=\"a\\x1b[2J\\x0a\\xff\\\"}\\\\ =\\x00\""));
  const auto json = nlohmann::json::parse(LogLineAsJson(record));
  EXPECT_EQ(json["name"], EscapeForDisplay(kHostile));
  EXPECT_EQ(json["level"], "error");
  EXPECT_EQ(json.size(), 5u);
}

TEST(LogFormatTest, KeepsALineShortEnoughToBeWrittenInOnePiece) {
  const std::string quotes(100'000, '"'), bytes(100'000, '\xff');
  const std::initializer_list<LogField> fields = {{"a", bytes}, {"b", quotes}, {"c", bytes},
                                                  {"d", bytes}, {"e", quotes}, {"f", bytes},
                                                  {"g", bytes}, {"h", bytes},  {"last", 1}};
  for (const std::string* text : {&quotes, &bytes}) {
    const LogRecord record{kThen, LogLevel::kInfo, "m", *text, fields};
    const std::string line = LogLineAsText(record);
    EXPECT_LT(line.size(), size_t{PIPE_BUF});
    EXPECT_THAT(line, EndsWith(" cut=true"));
    const std::string object = LogLineAsJson(record);
    EXPECT_LT(object.size(), size_t{PIPE_BUF});
    const auto json = nlohmann::json::parse(object);
    EXPECT_EQ(json["cut"], true);
    EXPECT_THAT(json["event"].get<std::string>(), EndsWith("..."));
    EXPECT_TRUE(json.contains("b"));
  }
}

TEST(LogFormatTest, MarksNothingAsCutThatFits) {
  const std::string value(300, 'x');
  const std::initializer_list<LogField> fields = {{"a", value}, {"b", value}, {"last", 1}};
  EXPECT_THAT(LogLineAsText({kThen, LogLevel::kInfo, "m", "t", fields}), EndsWith(" last=1"));
  EXPECT_THAT(LogLineAsJson({kThen, LogLevel::kInfo, "m", "t", fields}), EndsWith(",\"last\":1}"));
}

// Collects lines; puts everything back at its end.
class LogTest : public testing::Test {
 protected:
  LogTest() {
    SetLogSink([this](LogLevel, std::string_view line) { lines_.emplace_back(line); });
  }
  ~LogTest() override {
    SetLogSink(nullptr);
    SetLogLevel(LogLevel::kWarning);
    EXPECT_TRUE(SetLogFormat("text").ok());
  }
  std::vector<std::string> lines_;
};

TEST_F(LogTest, DropsWhatIsBelowTheLevel) {
  LogInfo("m", "not this");
  LogEvent(LogLevel::kDebug, "m", "nor this", {{"a", 1}});
  LogWarning("m", "but this");
  SetLogLevel(LogLevel::kDebug);
  LogEvent(LogLevel::kDebug, "m", "and this", {{"a", 1}});
  EXPECT_THAT(lines_, ElementsAre(EndsWith(" W m: but this"), EndsWith(" D m: and this a=1")));
}

TEST_F(LogTest, ChangesItsFormWhenTold) {
  ASSERT_TRUE(SetLogFormat("json").ok());
  LogWarning("m", "as an object");
  const Status refused = SetLogFormat("xml\n");
  EXPECT_EQ(refused.code(), StatusCode::kInvalidInput);
  EXPECT_EQ(refused.message(), "log_format is text or json, not 'xml\\x0a'");
  LogWarning("m", "still");
  ASSERT_TRUE(SetLogFormat("text").ok());
  LogWarning("m", "as a line");
  ASSERT_EQ(lines_.size(), 3u);
  EXPECT_EQ(nlohmann::json::parse(lines_[0])["event"], "as an object");
  EXPECT_EQ(nlohmann::json::parse(lines_[1])["event"], "still");
  EXPECT_THAT(lines_[2], EndsWith(" W m: as a line"));
}

// stderr as a pipe that nobody reads, until told.
class FullStderr {
 public:
  FullStderr() : saved_(dup(STDERR_FILENO)) {
    int ends[2];
    EXPECT_EQ(pipe2(ends, O_CLOEXEC), 0);
    read_ = UniqueFd(ends[0]);
    const UniqueFd write(ends[1]);
    fcntl(write.get(), F_SETFL, O_NONBLOCK);
    const std::string page(4096, '.');
    while (::write(write.get(), page.data(), page.size()) > 0) {
    }
    fcntl(write.get(), F_SETFL, 0);  // from now on a write would wait
    dup2(write.get(), STDERR_FILENO);
  }
  ~FullStderr() { dup2(saved_.get(), STDERR_FILENO); }

  // What is in the pipe, without the filling.
  std::string Read() {
    fcntl(read_.get(), F_SETFL, O_NONBLOCK);
    std::string all(1 << 20, '\0');
    std::string text;
    for (ssize_t n; (n = read(read_.get(), all.data(), all.size())) > 0;) {
      text.append(all, 0, static_cast<size_t>(n));
    }
    text.erase(0, text.find_first_not_of('.'));
    return text;
  }

 private:
  UniqueFd saved_;
  UniqueFd read_;
};

TEST(LogWriteTest, NeverWaitsForWhoReadsAndCountsWhatIsLost) {
  FullStderr stderr_pipe;
  LogWarning("m", "lost one");  // would hang here
  LogWarning("m", "lost two");
  EXPECT_EQ(stderr_pipe.Read(), "");
  LogWarning("m", "heard");
  const std::string text = stderr_pipe.Read();
  EXPECT_THAT(text, HasSubstr(" W base/log: lines were lost: stderr did not take them lines=2\n"));
  EXPECT_THAT(text, EndsWith(" W m: heard\n"));
  LogWarning("m", "again");
  EXPECT_THAT(stderr_pipe.Read(), testing::Not(HasSubstr("lost")));
}

}  // namespace
}  // namespace hark
