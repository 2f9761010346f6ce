#include "coordinator/status_log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <regex>

#include "base/file.h"
#include "base/log.h"
#include "coordinator/fleet_status_fixture.h"

namespace hark {
namespace {

using json = nlohmann::ordered_json;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::IsEmpty;

class StatusLogTest : public testing::Test {
 protected:
  StatusLogTest() {
    SetLogLevel(LogLevel::kInfo);
    EXPECT_TRUE(SetLogFormat("json").ok());
    SetLogSink([this](LogLevel, std::string_view line) { said_.push_back(json::parse(line)); });
  }
  ~StatusLogTest() override {
    SetLogSink(nullptr);
    SetLogLevel(LogLevel::kWarning);
    EXPECT_TRUE(SetLogFormat("text").ok());
  }

  // "event" of what was said since the last call.
  std::vector<std::string> Events() {
    std::vector<std::string> out;
    for (const json& event : said_) out.push_back(event["event"]);
    last_ = said_.empty() ? json() : said_.back();
    said_.clear();
    return out;
  }

  std::vector<json> said_;
  json last_;
  MonoTime now_{};
  StatusLog log_;
  proto::FleetStatus status_ = FleetStatusFixture::Full();
};

TEST_F(StatusLogTest, TellsEverythingAtOnceAndThenOnceAMinute) {
  status_.clear_pressure();
  const auto all = ElementsAre("fleet", "run", "run", "worker", "worker", "worker");
  log_.Note(status_, now_);
  EXPECT_THAT(Events(), all);
  log_.Note(status_, now_ + seconds(59));
  EXPECT_THAT(Events(), IsEmpty());
  log_.Note(status_, now_ + seconds(60));
  EXPECT_THAT(Events(), all);
  log_.Note(status_, now_ + seconds(61));
  EXPECT_THAT(Events(), IsEmpty());
}

TEST_F(StatusLogTest, CutsNothingFromItsEvents) {
  log_.Note(status_, now_);
  for (const json& event : said_) EXPECT_FALSE(event.contains("cut")) << event;
  EXPECT_EQ(said_[2]["covered"], 241'500);
  EXPECT_EQ(said_[2]["eta_seconds"], 7380);
  EXPECT_EQ(said_[3]["run"], "list-20261122");
  EXPECT_EQ(said_[3]["eta_seconds"], nullptr);
  EXPECT_EQ(said_[4]["worker"], "tokyo-1");
}

// "`run` | `run` `state` …" of docs/logs.md.
std::vector<std::string> DocumentedFacts(const std::string& event) {
  static const std::regex kWord("`(\\w+)`");
  const std::string text = *ReadFile("docs/logs.md");
  const std::string row = "\n| `" + event + "` | ";
  const size_t at = text.find(row);
  if (at == text.npos) return {};
  const std::string facts = text.substr(at + row.size(), text.find('\n', at + 1) - at - row.size());
  std::vector<std::string> out;
  for (std::sregex_iterator it(facts.begin(), facts.end(), kWord), end; it != end; ++it) {
    out.push_back((*it)[1]);
  }
  return out;
}

TEST_F(StatusLogTest, TellsTheDocumentedFacts) {
  LogFleetStatus(status_);
  ASSERT_EQ(said_.size(), 6u);
  for (const json& event : said_) {
    std::vector<std::string> facts;
    for (const auto& item : event.items()) facts.push_back(item.key());
    facts.erase(facts.begin(), facts.begin() + 4);  // time, level, module, event
    EXPECT_EQ(facts, DocumentedFacts(event["event"]));
  }
}

TEST_F(StatusLogTest, TellsARunsNewStateOnce) {
  log_.Note(status_, now_);
  Events();
  status_.mutable_runs(0)->set_state(proto::RunStatus::PAUSED);
  log_.Note(status_, now_);
  EXPECT_THAT(Events(), ElementsAre("run changed its state"));
  EXPECT_EQ(last_["run"], "NA-20261122");
  EXPECT_EQ(last_["was"], "open");
  EXPECT_EQ(last_["state"], "paused");
  log_.Note(status_, now_);
  EXPECT_THAT(Events(), IsEmpty());
}

TEST_F(StatusLogTest, TellsWhoComesAndWhoGoes) {
  log_.Note(status_, now_);
  Events();
  status_.mutable_workers(0)->set_connected(false);
  status_.mutable_workers(2)->set_connected(true);
  log_.Note(status_, now_);
  EXPECT_THAT(Events(), ElementsAre("worker went", "worker came"));
  EXPECT_EQ(last_["worker"], "oslo-3");
  log_.Note(status_, now_);
  EXPECT_THAT(Events(), IsEmpty());
}

TEST_F(StatusLogTest, WarnsWhenCreditStopsAndComesBackAndOfErrors) {
  SetLogLevel(LogLevel::kWarning);
  log_.Note(status_, now_);
  EXPECT_THAT(Events(), ElementsAre("no credit is given"));
  EXPECT_EQ(last_["why"], "the disk is 96 % full");
  status_.clear_pressure();
  log_.Note(status_, now_);
  EXPECT_THAT(Events(), ElementsAre("credit is given again"));
  status_.set_last_error("it broke");
  status_.set_last_error_unix_ms(status_.unix_ms());
  log_.Note(status_, now_);
  EXPECT_THAT(Events(), ElementsAre("failed"));
  EXPECT_EQ(last_["why"], "it broke");
  log_.Note(status_, now_);
  EXPECT_THAT(Events(), IsEmpty());
}

}  // namespace
}  // namespace hark
