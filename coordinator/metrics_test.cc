#include "coordinator/metrics.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <prometheus/text_serializer.h>
#include <sys/socket.h>

#include <limits>
#include <map>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <thread>

#include "base/file.h"
#include "base/strings.h"
#include "base/unique_fd.h"
#include "coordinator/fleet_status_fixture.h"
#include "coordinator/metrics_server.h"

namespace hark {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::HasSubstr;
using testing::Not;

// What a scrape says: "name{a="b"}" -> value, and the type and the label names of every family.
struct Scrape {
  struct Family {
    std::string type;
    std::set<std::string> labels;
    bool operator==(const Family&) const = default;
  };
  std::map<std::string, double> samples;
  std::map<std::string, Family> families;

  // Fails the test on a line that is not of the text format.
  static Scrape Parse(const std::string& text) {
    static const std::regex kType("# TYPE (\\w+) (counter|gauge|summary)");
    static const std::regex kSample("((\\w+?)(?:_sum|_count)?)(\\{(.*)\\})? (\\S+)");
    static const std::regex kLabel("([a-z_]+)=\"(?:[^\"\\\\\n]|\\\\[\\\\n\"])*\",?");
    Scrape out;
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) {
      std::smatch m;
      if (line.substr(0, 7) == "# HELP ") continue;
      if (std::regex_match(line, m, kType)) {
        EXPECT_TRUE(out.families.emplace(m[1], Family{m[2], {}}).second) << "twice: " << line;
        continue;
      }
      if (!std::regex_match(line, m, kSample)) {
        ADD_FAILURE() << "not a line of the format: " << line;
        continue;
      }
      auto family = out.families.find(m[1]);
      if (family == out.families.end()) family = out.families.find(m[2]);
      if (family == out.families.end()) {
        ADD_FAILURE() << "before its type: " << line;
        continue;
      }
      const std::string labels = m[4];
      EXPECT_EQ(std::regex_replace(labels, kLabel, ""), "") << line;
      for (std::sregex_iterator it(labels.begin(), labels.end(), kLabel), end; it != end; ++it) {
        family->second.labels.insert((*it)[1]);
      }
      const std::string series = m[1].str() + m[3].str();
      EXPECT_TRUE(out.samples.emplace(series, std::stod(m[5])).second) << "twice: " << line;
    }
    return out;
  }
};

std::string Get(uint16_t port, const std::string& path = "/metrics") {
  const UniqueFd fd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(port);
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (connect(fd.get(), reinterpret_cast<const sockaddr*>(&to), sizeof to) != 0) return "";
  const std::string ask = "GET " + path + " HTTP/1.0\r\n\r\n";
  EXPECT_EQ(send(fd.get(), ask.data(), ask.size(), MSG_NOSIGNAL), static_cast<ssize_t>(ask.size()));
  std::string all, piece(65536, '\0');
  for (ssize_t n; (n = recv(fd.get(), piece.data(), piece.size(), 0)) > 0;) {
    all.append(piece, 0, static_cast<size_t>(n));
  }
  EXPECT_THAT(all, testing::StartsWith("HTTP/1.1 200")) << path;
  const size_t body = all.find("\r\n\r\n");
  return body == all.npos ? "" : all.substr(body + 4);
}

Scrape Of(const proto::FleetStatus& status) {
  return Scrape::Parse(prometheus::TextSerializer().Serialize(FleetMetrics(status)));
}

std::map<std::string, Scrape::Family> Documented() {
  static const std::regex kRow("\\| `(\\w+)` \\| (counter|gauge|summary) \\| ([^|]*)\\| .* \\|");
  static const std::regex kWord("`(\\w+)`");
  std::map<std::string, Scrape::Family> out;
  std::istringstream lines(*ReadFile("docs/metrics.md"));
  for (std::string line; std::getline(lines, line);) {
    std::smatch m;
    if (!std::regex_match(line, m, kRow)) continue;
    Scrape::Family& family = out[m[1]];
    family.type = m[2];
    const std::string labels = m[3];
    for (std::sregex_iterator it(labels.begin(), labels.end(), kWord), end; it != end; ++it) {
      family.labels.insert((*it)[1]);
    }
  }
  return out;
}

std::string Show(const std::map<std::string, Scrape::Family>& families) {
  std::string out;
  for (const auto& [name, family] : families) {
    out += StrCat(name, " ", family.type);
    for (const std::string& label : family.labels) out += " " + label;
    out += "\n";
  }
  return out;
}

TEST(MetricsServerTest, TellsOverHttpExactlyWhatIsDocumented) {
  const auto server = MetricsServer::Start("127.0.0.1:0");
  ASSERT_TRUE(server.ok()) << server.status().message();
  (*server)->Update(FleetStatusFixture::Full());
  Get((*server)->port());  // the library tells of scrapes from the second on
  const Scrape scrape = Scrape::Parse(Get((*server)->port()));
  EXPECT_EQ(Show(scrape.families), Show(Documented()));
  EXPECT_EQ(scrape.samples.at("hark_run_targets_covered{run=\"NA-20261122\"}"), 241'500);
  EXPECT_GT(scrape.samples.at("process_resident_memory_bytes"), 1e6);
  EXPECT_GT(scrape.samples.at("process_open_fds"), 2);
  EXPECT_GT(scrape.samples.at("process_start_time_seconds"), 1.6e9);
}

TEST(MetricsServerTest, TellsTheNewestStatusWhoeverGivesIt) {
  const auto server = MetricsServer::Start("127.0.0.1:0");
  ASSERT_TRUE(server.ok()) << server.status().message();
  std::thread teller([&] {
    proto::FleetStatus status = FleetStatusFixture::Full();
    for (uint64_t i = 1; i <= 200; ++i) {
      status.set_commits_waiting(i);
      (*server)->Update(status);
    }
  });
  double before = 0;
  for (int i = 0; i < 20; ++i) {
    const Scrape scrape = Scrape::Parse(Get((*server)->port()));
    const auto it = scrape.samples.find("hark_commit_queue");
    if (it == scrape.samples.end()) continue;  // nothing told yet
    EXPECT_GE(it->second, before);
    before = it->second;
  }
  teller.join();
  EXPECT_EQ(Scrape::Parse(Get((*server)->port())).samples.at("hark_commit_queue"), 200);
}

// A local worker that inherited the port would keep it from the coordinator's next start.
TEST(MetricsServerTest, LeavesItsPortToNoChild) {
  const auto server = MetricsServer::Start("127.0.0.1:0");
  ASSERT_TRUE(server.ok()) << server.status().message();
  int found = 0;
  for (int fd = 0; fd < 256; ++fd) {
    sockaddr_in name{};
    socklen_t size = sizeof name;
    if (getsockname(fd, reinterpret_cast<sockaddr*>(&name), &size) != 0) continue;
    if (name.sin_family != AF_INET || ntohs(name.sin_port) != (*server)->port()) continue;
    ++found;
    EXPECT_NE(fcntl(fd, F_GETFD) & FD_CLOEXEC, 0);
  }
  EXPECT_EQ(found, 1);
}

TEST(MetricsServerTest, RefusesEveryAddressThatOthersCouldReach) {
  for (const char* address :
       {"0.0.0.0:9464", "192.0.2.1:9464", "126.255.255.255:1", "128.0.0.0:1"}) {
    const auto server = MetricsServer::Start(address);
    ASSERT_FALSE(server.ok()) << address;
    EXPECT_EQ(server.status().code(), StatusCode::kInvalidInput) << address;
    EXPECT_THAT(server.status().message(), HasSubstr("loopback only, not at ")) << address;
  }
}

TEST(MetricsServerTest, RefusesWhatIsNoAddressBeforeTheLibraryReadsIt) {
  for (const char* address :
       {"", "9464", ":9464", "+9464", "localhost:9464", "127.0.0.1",
        "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:9464s", "::1:9464", "[::]:9464",
        "[127.0.0.1]:1", "127.0.0.1:1,0.0.0.0:9464", "127.0.0.1:1\n"}) {
    const auto server = MetricsServer::Start(address);
    ASSERT_FALSE(server.ok()) << address;
    EXPECT_EQ(server.status().code(), StatusCode::kInvalidInput) << address;
    EXPECT_EQ(server.status().message().find('\n'), std::string::npos);
  }
}

TEST(MetricsServerTest, SaysWhyItCannotListen) {
  const auto first = MetricsServer::Start("127.0.0.1:0");
  ASSERT_TRUE(first.ok()) << first.status().message();
  const std::string address = StrCat("127.0.0.1:", (*first)->port());
  const auto second = MetricsServer::Start(address);
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.status().code(), StatusCode::kUnavailable);
  EXPECT_EQ(second.status().message(), "no metrics at " + address + ": Address already in use");
}

TEST(FleetMetricsTest, ForgetsRunsAndWorkersThatAreGone) {
  proto::FleetStatus status = FleetStatusFixture::Full();
  const std::string before = prometheus::TextSerializer().Serialize(FleetMetrics(status));
  EXPECT_THAT(before, AllOf(HasSubstr("\"NA-20261122\""), HasSubstr("\"tokyo-1\"")));
  status.mutable_runs()->DeleteSubrange(0, 1);
  status.mutable_workers()->DeleteSubrange(0, 1);
  const std::string after = prometheus::TextSerializer().Serialize(FleetMetrics(status));
  EXPECT_THAT(after, Not(HasSubstr("NA-20261122")));
  EXPECT_THAT(after, Not(HasSubstr("tokyo-1")));
  EXPECT_THAT(after, AllOf(HasSubstr("\"list-20261122\""), HasSubstr("\"oslo-2\"")));
}

TEST(FleetMetricsTest, LeavesOutWhatIsNotKnown) {
  const Scrape scrape = Of(FleetStatusFixture::Full());
  const std::string key = "\",key=\"";
  for (const char* name :
       {"hark_run_eta_seconds", "hark_run_oldest_lease_seconds", "hark_run_next_revisit_seconds"}) {
    EXPECT_EQ(scrape.samples.count(std::string(name) + "{run=\"NA-20261122\"}"), 1u) << name;
    EXPECT_EQ(scrape.samples.count(std::string(name) + "{run=\"list-20261122\"}"), 0u) << name;
  }
  int up = 0, spools = 0;
  for (const auto& [series, value] : scrape.samples) {
    up += series.find("hark_worker_up{") == 0;
    spools += series.find("hark_worker_spool_bytes{") == 0;
    EXPECT_TRUE(series.find("oslo-3") == series.npos || value < 4000) << series;
  }
  EXPECT_EQ(up, 3);
  EXPECT_EQ(spools, 2);  // the third is not there to ask
}

TEST(FleetMetricsTest, KeepsAScrapeWholeWhateverAWorkerCallsItself) {
  proto::FleetStatus status = FleetStatusFixture::Full();
  const std::string name = std::string("\"} 1\nevil 2\\\xff\xc3\x28") + '\0';
  for (proto::WorkerStatus& worker : *status.mutable_workers()) {
    worker.set_name(name);  // all of one name, too
    worker.set_region(name);
    worker.set_software(name);
    worker.set_rate_applied(std::numeric_limits<double>::quiet_NaN());
  }
  status.mutable_workers(2)->set_key("short");
  *status.add_workers() = status.workers(0);
  *status.add_runs() = status.runs(0);
  const Scrape scrape = Of(status);
  EXPECT_EQ(scrape.samples.count("evil"), 0u);
  EXPECT_EQ(scrape.families.count("hark_worker_rate_applied"), 0u);
  int up = 0;
  for (const auto& [series, value] : scrape.samples) up += series.find("hark_worker_up{") == 0;
  EXPECT_EQ(up, 3);
}

}  // namespace
}  // namespace hark
