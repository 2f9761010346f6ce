#include "api/audit_log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "base/file.h"
#include "base/log.h"
#include "base/strings.h"
#include "base/testing/temp_directory.h"

namespace hark {
namespace {

AuditEvent Event(const std::string& target) {
  AuditEvent event;
  event.unix_ms = 1'500'000'000'123;
  event.user = "misp";
  event.client = "192.0.2.7";
  event.method = "GET";
  event.target = target;
  event.status = 200;
  event.body_bytes = 42;
  event.duration_us = 7;
  return event;
}

class AuditLogTest : public testing::Test {
 protected:
  std::vector<nlohmann::json> Lines(const std::string& file) {
    std::vector<nlohmann::json> out;
    const Result<std::string> text = ReadFile(file);
    if (!text.ok()) return out;
    for (const std::string_view line : Split(*text, '\n')) {
      if (!line.empty()) out.push_back(nlohmann::json::parse(line));
    }
    return out;
  }

  TempDirectory directory_;
  std::string file_ = directory_ / "audit";
};

TEST_F(AuditLogTest, SaysWhoAskedWhatInOneLineOfAscii) {
  const std::string line = AuditLine(Event("/host/\"\n\xff<b>"));
  EXPECT_EQ(std::count(line.begin(), line.end(), '\n'), 1);
  for (const char c : line) EXPECT_LT(static_cast<unsigned char>(c), 0x7f);
  const auto json = nlohmann::json::parse(line);
  EXPECT_EQ(json["time"], "2017-07-14T02:40:00.123Z");
  EXPECT_EQ(json["key"], "misp");
  EXPECT_EQ(json["client"], "192.0.2.7");
  EXPECT_EQ(json["target"], "/host/\"\\x0a\\xff<b>");
  EXPECT_EQ(json["status"], 200);
  EXPECT_EQ(json["bytes"], 42);
  EXPECT_EQ(json["us"], 7);
}

TEST_F(AuditLogTest, WritesEverythingBeforeItEnds) {
  {
    const auto log = AuditLog::Open(file_).value();
    for (int i = 0; i < 1000; ++i) log->Add(Event(StrCat("/", i)));
  }
  const auto lines = Lines(file_);
  ASSERT_EQ(lines.size(), 1000U);
  EXPECT_EQ(lines[999]["target"], "/999");
}

TEST_F(AuditLogTest, AFileThatIsMovedAwayIsBegunAnew) {
  const auto log = AuditLog::Open(file_).value();
  log->Add(Event("/first"));
  while (Lines(file_).empty()) std::this_thread::yield();
  ASSERT_EQ(std::rename(file_.c_str(), (file_ + ".1").c_str()), 0);
  log->Add(Event("/second"));
  while (Lines(file_).empty()) std::this_thread::yield();
  EXPECT_EQ(Lines(file_)[0]["target"], "/second");
  EXPECT_EQ(Lines(file_ + ".1").size(), 1U);
}

TEST_F(AuditLogTest, WhatAFullDiskDoesNotTakeIsBoundedAndCounted) {
  SetLogSink([](LogLevel, std::string_view) {});
  {
    // Every write fails as on a full disk.
    const auto log = AuditLog::Open("/dev/full", 64 * 1024).value();
    for (int i = 0; i < 10'000; ++i) log->Add(Event("/x"));
  }
  SetLogSink(nullptr);
  const auto log = AuditLog::Open(file_, 10 * 1024).value();
  for (int i = 0; i < 10'000; ++i) log->Add(Event("/x"));
  uint64_t written = 0, lost = 0;
  while (lost == 0) {
    written = lost = 0;
    for (const auto& line : Lines(file_)) {
      ++(line.contains("lost") ? lost : written);
    }
    std::this_thread::yield();
  }
  EXPECT_GT(written, 0U);
}

TEST_F(AuditLogTest, AFileThatCannotBeMadeIsToldAtOnce) {
  EXPECT_EQ(AuditLog::Open("/nowhere/audit").status().code(), StatusCode::kInvalidInput);
}

}  // namespace
}  // namespace hark
