#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <limits>
#include <map>
#include <nlohmann/json.hpp>
#include <regex>
#include <sstream>

#include "base/file.h"
#include "base/strings.h"
#include "cli/status_json.h"
#include "cli/status_text.h"
#include "cli/status_watch.h"
#include "coordinator/fleet_status_fixture.h"

namespace hark {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

proto::FleetStatus Full() {
  return FleetStatusFixture::Full();
}

// The file holds what hark printed when somebody last read it. HARK_UPDATE_GOLDEN=1 writes it anew.
void ExpectAsRead(const std::string& name, const std::string& got) {
  const std::string path = "cli/testdata/" + name;
  // NOLINTNEXTLINE(concurrency-mt-unsafe): never set here
  if (std::getenv("HARK_UPDATE_GOLDEN") != nullptr) {
    ASSERT_TRUE(WriteFileAtomically(path, got).ok());
  }
  const Result<std::string> want = ReadFile(path);
  ASSERT_TRUE(want.ok()) << want.status().message();
  EXPECT_EQ(got, *want);
}

TEST(StatusTextTest, ShowsAFleetAsRead) {
  ExpectAsRead("fleet_status.txt", StatusText(Full(), TextStyle{}));
}

TEST(StatusTextTest, CountsWhatItLeavesOut) {
  const std::string text = StatusText(Full(), TextStyle{}, {3, 1});
  EXPECT_THAT(text, HasSubstr("… and 127 more\n"));  // of 126 pending and 4 leased
  EXPECT_THAT(text, HasSubstr("… and 2 more workers\n"));
}

TEST(StatusTextTest, ShowsThoseInTroubleWhenNotAllAreShown) {
  EXPECT_THAT(WorkersText(Full(), TextStyle{}, 2), Not(HasSubstr("\n  tokyo-1")));
  EXPECT_THAT(WorkersText(Full(), TextStyle{}), HasSubstr("\n  tokyo-1"));
}

TEST(StatusTextTest, KeepsNumbersOfAbsentWorkersToItself) {
  proto::FleetStatus status = Full();
  status.mutable_workers()->DeleteSubrange(0, 2);
  status.mutable_workers(0)->mutable_load()->set_in_flight(77'123);
  EXPECT_THAT(WorkersText(status, TextStyle{}),
              AllOf(HasSubstr("quarantined"), HasSubstr("1h01m ago"), Not(HasSubstr("77,123"))));
}

TEST(StatusTextTest, SaysSoWhenThereIsNothing) {
  EXPECT_THAT(StatusText({}, TextStyle{}),
              AllOf(HasSubstr("no run is open\n"), HasSubstr("no worker has come yet\n")));
}

TEST(StatusTextTest, SaysHundredPercentOnlyOfAll) {
  proto::FleetStatus status = Full();
  status.mutable_runs(0)->set_planned(1'000'000);
  status.mutable_runs(0)->set_covered(999'999);
  EXPECT_THAT(StatusText(status, TextStyle{}), HasSubstr("]  99.9 %"));
  status.mutable_runs(0)->set_covered(1'000'000);
  EXPECT_THAT(StatusText(status, TextStyle{}), HasSubstr("]  100.0 %"));
  status.mutable_runs(0)->set_covered(2'000'000);  // a coordinator's bug must not become ours
  EXPECT_THAT(StatusText(status, TextStyle{}), HasSubstr("[================================]"));
}

TEST(StatusTextTest, WritesBytesAsPeopleSayThem) {
  EXPECT_EQ(BytesText(0), "0 B");
  EXPECT_EQ(BytesText(999), "999 B");
  EXPECT_EQ(BytesText(1'500'000), "1.5 MB");
  EXPECT_EQ(BytesText(268'435'456), "268 MB");
  EXPECT_EQ(BytesText(999'999), "1.0 MB");
  EXPECT_EQ(BytesText(~uint64_t{0}), "18446744 TB");
}

const std::string kHostileName =
    std::string("\x1b[31mx\n\xff\t\"") + '\0' + std::string(5'000, 'y');

proto::FleetStatus Hostile() {
  proto::FleetStatus status = Full();
  status.set_pressure(kHostileName);
  status.set_last_error(kHostileName);
  for (proto::RunStatus& run : *status.mutable_runs()) {
    run.set_name(kHostileName);
    run.set_country(kHostileName);
    run.set_last_error(kHostileName);
    run.mutable_settings()->add_only(kHostileName);
    for (proto::JobStatus& job : *run.mutable_jobs()) {
      job.set_why(kHostileName);
      job.set_worker(kHostileName);
      job.set_base(job.end() + 1);
    }
  }
  for (proto::WorkerStatus& worker : *status.mutable_workers()) {
    worker.set_key("short");
    worker.set_name(kHostileName);
    worker.set_region(kHostileName);
    worker.set_provider(kHostileName);
    worker.set_software(kHostileName);
    worker.set_last_strike(kHostileName);
    worker.set_rate_applied(std::numeric_limits<double>::quiet_NaN());
    worker.set_clock_offset_ms(std::numeric_limits<int64_t>::min());
    worker.set_last_heard_ms(std::numeric_limits<int64_t>::max());
    proto::Preflight& test = *worker.mutable_capabilities()->add_preflight();
    test.set_result(proto::Preflight::WARN);
    test.set_name(kHostileName);
    test.set_detail(kHostileName);
  }
  return status;
}

TEST(StatusTextTest, ShowsHostileNamesWithoutObeyingThem) {
  const std::string text = StatusText(Hostile(), TextStyle{});
  EXPECT_THAT(text, Not(HasSubstr("\x1b")));
  EXPECT_THAT(text, HasSubstr("\\x1b[31mx\\x0a\\xff"));
  for (const std::string_view line : Split(text, '\n')) EXPECT_LT(line.size(), 1'000u) << line;
}

TEST(StatusTextTest, MarksOnATerminalOnly) {
  EXPECT_EQ(StatusText(Full(), TextStyle{false}).find('\x1b'), std::string::npos);
  EXPECT_THAT(StatusText(Full(), TextStyle{true}),
              HasSubstr("\x1b[1;31mno credit is given: the disk is 96 % full\x1b[0m"));
}

TEST(StatusJsonTest, ShowsAFleetAsRead) {
  ExpectAsRead("fleet_status.json", StatusJson(Full()).dump(2) + "\n");
}

TEST(StatusJsonTest, CanBeWrittenWhateverAWorkerCallsItself) {
  const auto json = nlohmann::json::parse(StatusJson(Hostile()).dump());
  EXPECT_EQ(json["workers"][0]["name"], EscapeForDisplay(kHostileName));
  EXPECT_EQ(json["workers"][0]["load"]["rate_applied"], nullptr);
}

// Members of the objects in the order that docs/formats/status.md has them, by the section's title.
std::map<std::string, std::vector<std::string>> DocumentedMembers() {
  static const std::regex kSection("## `(.*)`");
  static const std::regex kRow("\\| (`[a-z0-9_`, ]+`) \\| .+ \\|");
  static const std::regex kWord("`(\\w+)`");
  std::map<std::string, std::vector<std::string>> out;
  std::string section;
  std::istringstream lines(*ReadFile("docs/formats/status.md"));
  for (std::string line; std::getline(lines, line);) {
    std::smatch m;
    if (std::regex_match(line, m, kSection)) section = m[1];
    if (!std::regex_match(line, m, kRow)) continue;
    const std::string cell = m[1];
    for (std::sregex_iterator it(cell.begin(), cell.end(), kWord), end; it != end; ++it) {
      out[section].push_back((*it)[1]);
    }
  }
  return out;
}

TEST(StatusJsonTest, HasTheDocumentedMembersInTheDocumentedOrder) {
  const nlohmann::ordered_json json = StatusJson(Full());
  const auto& run = json["runs"][0];
  const auto& worker = json["workers"][1];
  const std::map<std::string, nlohmann::ordered_json> objects = {
      {"status", json},
      {"runs[]", run},
      {"runs[].settings", run["settings"]},
      {"runs[].sweep", run["sweep"]},
      {"runs[].jobs[]", run["jobs"][0]},
      {"workers[]", worker},
      {"workers[].capabilities", worker["capabilities"]},
      {"workers[].load", worker["load"]}};
  auto documented = DocumentedMembers();
  EXPECT_EQ(documented.size(), objects.size());
  for (const auto& [section, object] : objects) {
    std::vector<std::string> members;
    for (const auto& item : object.items()) members.push_back(item.key());
    EXPECT_EQ(members, documented[section]) << section;
  }
}

TEST(StatusWatchTest, AppendsWhereThereIsNoTerminal) {
  EXPECT_EQ(StatusFrame(Full(), TextStyle{}, {}), StatusText(Full(), TextStyle{}) + "\n");
}

TEST(StatusWatchTest, OverwritesTheFrameBeforeOnATerminal) {
  EXPECT_EQ(FrameOf("a\nb\n", {5, 10}), "\x1b[Ha\x1b[K\nb\x1b[K\n\x1b[J");
}

TEST(StatusWatchTest, NeverScrollsTheTerminal) {
  EXPECT_EQ(FrameOf("a\nb\nc\nd\n", {5, 10}), "\x1b[Ha\x1b[K\nb\x1b[K\nc\x1b[K\nd\x1b[K\n\x1b[J");
  EXPECT_EQ(FrameOf("a\nb\nc\nd\ne\n", {5, 20}),
            "\x1b[Ha\x1b[K\nb\x1b[K\nc\x1b[K\n… and 2 more lines\x1b[K\n\x1b[J");
  const std::string frame = StatusFrame(Full(), TextStyle{true}, {24, 60});
  EXPECT_EQ(std::count(frame.begin(), frame.end(), '\n'), 23);
  for (const std::string_view line : Split(frame, '\n')) {
    const std::regex marks("\x1b\\[[0-9;]*[A-Za-z]");
    EXPECT_LE(DisplayWidth(std::regex_replace(std::string(line), marks, "")), 60u) << line;
  }
}

TEST(StatusWatchTest, CutsALineWithoutLeavingItsColourOn) {
  EXPECT_EQ(CutToColumns("\x1b[1mabcdef\x1b[0mgh", 3), "\x1b[1mabc\x1b[0m");
  EXPECT_EQ(CutToColumns("…bc", 2), "…b");
  EXPECT_EQ(CutToColumns("\x1b[1", 2), "\x1b[1");
}

}  // namespace
}  // namespace hark
