// hark compare as an operator calls it, over a store on disk.

#include "cli/compare_command.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>

#include "analysis/facts_fixture.h"
#include "analysis/paper_super_clusters_fixture.h"
#include "analysis/table_xv_fixture.h"
#include "cli/command_fixture.h"
#include "keys/sha256.h"

namespace hark {
namespace {

class CompareCommandTest : public CommandTest {
 protected:
  void StoreTableXv() {
    const TableXvFixture fixture;
    Store(*fixture.before);
    Store(*fixture.after);
  }

  std::string Output(std::vector<std::string> args) {
    return CommandTest::Output(RunCompare, std::move(args));
  }

  nlohmann::json Json(std::vector<std::string> args) {
    args.push_back("--format=json");
    return nlohmann::json::parse(Output(std::move(args)));
  }

  // The one line on stderr; the command failed with 2.
  std::string Complaint(std::vector<std::string> args) {
    const std::string said = CommandTest::Complaint(RunCompare, std::move(args));
    EXPECT_FALSE(std::filesystem::exists(directory_ / "output"));
    EXPECT_EQ(exit_code_, 2);
    return said;
  }
};

bool Has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

const std::vector<std::string> kIreland = {"IE-20171130", "IE-20180316"};

std::vector<std::string> Ireland(const std::string& flag) {
  return {kIreland[0], kIreland[1], flag};
}

TEST_F(CompareCommandTest, JsonHasTableXvAndWhatStandsBehindIt) {
  StoreTableXv();
  const auto json = Json(kIreland);
  EXPECT_EQ(exit_code_, 0);
  EXPECT_EQ(json["before"]["run"], "IE-20171130");
  EXPECT_EQ(json["after"]["clusters"], 1437);
  EXPECT_EQ(json["categories"], nlohmann::json::parse(R"({"disappeared": 168, "appeared": 777,
      "address": 36, "key": 16, "both": 584, "complex": {"before": 19, "after": 24}})"));
  EXPECT_EQ(json["clusters_before"].size(), 823U);
  EXPECT_EQ(json["complex"].size(), 13U);
  EXPECT_EQ(json["complex"][0]["links"].size(), 4U);
  size_t splits = 0, merges = 0;
  for (const auto& event : json["cluster_events"]) {
    event["event"] == "split" ? ++splits : ++merges;
    EXPECT_GE(event.contains("into") ? event["into"].size() : event["of"].size(), 2U);
  }
  EXPECT_EQ(splits, 9U);  // 5 into two, 2 into three, and both of the two into three
  EXPECT_EQ(merges, 6U);  // 5, and the middle one of two into three
  // Every link names clusters that are there, and a matched one says the same as its clusters.
  std::map<std::string, nlohmann::json> before;
  for (const auto& cluster : json["clusters_before"]) before[cluster["id"]] = cluster;
  size_t matched = 0;
  for (const auto& link : json["links"]) {
    ASSERT_TRUE(before.count(link["before"]));
    if (!link["matched"]) continue;
    ++matched;
    EXPECT_EQ(before[link["before"]]["match"], link["after"]);
  }
  EXPECT_EQ(json["matched"]["matched"], matched);
}

TEST_F(CompareCommandTest, EventsAreListedAsFarAsAskedAndCountedWhole) {
  StoreTableXv();
  const auto few = Json(Ireland("--max_events=2"));
  EXPECT_EQ(few["rotations"].size(), 2U);
  const auto many = Json(Ireland("--max_events=100000"));
  EXPECT_EQ(few["hosts"], many["hosts"]);
  EXPECT_EQ(few["ports"], many["ports"]);
  EXPECT_EQ(many["rotations"].size(), many["ports"]["rotated"]);
  uint64_t events = 0;
  for (const auto& [name, n] : many["hosts"].items())
    events += name == "same-keys" ? 0 : n.get<uint64_t>();
  EXPECT_EQ(many["host_events"].size(), events);
  EXPECT_EQ(many["moves"].size(),
            many["keys"]["moved"].get<size_t>() + many["keys"]["shifted"].get<size_t>());
  for (const auto& rotation : many["rotations"]) {
    EXPECT_FALSE(rotation["before"].empty());
    EXPECT_FALSE(rotation["after"].empty());
  }
  EXPECT_TRUE(Json(Ireland("--max_events=0"))["host_events"].empty());
}

TEST_F(CompareCommandTest, TextMarkdownAndCsvTellTheSameNumbers) {
  StoreTableXv();
  const std::string text = Output(kIreland);
  EXPECT_TRUE(Has(text, "run IE-20171130 to IE-20180316"));
  EXPECT_TRUE(Has(text, "  linked by both               584          584\n")) << text;
  EXPECT_TRUE(Has(text, "  complex                       19           24\n"));
  EXPECT_TRUE(Has(text, "10 of 13 shown"));
  EXPECT_TRUE(Has(Output(Ireland("--format=markdown")), "| linked by both | 584 | 584 |"));
  const std::string csv = Output(Ireland("--format=csv"));
  EXPECT_TRUE(Has(csv, "table,row,column,value\ncategories,disappeared,IE-20171130,168\n"));
  EXPECT_TRUE(Has(csv, "categories,complex,IE-20180316,24\n"));
  EXPECT_TRUE(Has(csv, "\nlinks,c"));
  EXPECT_FALSE(Has(csv, "shown;"));
}

TEST_F(CompareCommandTest, PicturesShowTheComplexPartOnly) {
  StoreTableXv();
  const std::string svg = Output(Ireland("--format=svg"));
  EXPECT_EQ(svg.find("<?xml"), 0U);
  const auto count = [](const std::string& text, const std::string& part) {
    size_t n = 0;
    for (size_t at = text.find(part); at != text.npos; at = text.find(part, at + 1)) ++n;
    return n;
  };
  EXPECT_EQ(count(svg, "<rect class=\"b\""), 19U);
  EXPECT_EQ(count(svg, "<rect class=\"a\""), 24U);
  const std::string dot = Output(Ireland("--format=dot"));
  EXPECT_EQ(count(dot, "fillcolor=orange"), 19U);
  EXPECT_EQ(count(dot, "fillcolor=green"), 24U);
  EXPECT_GT(count(dot, "color=blue"), 0U);
  EXPECT_GT(count(dot, "color=black"), 0U);
}

TEST_F(CompareCommandTest, CrossFindsScna14InEveryFormat) {
  CrossRuns fixture;
  for (const PaperMember& row : kTableXviii) fixture.AddMember(row, "the key of SCNA14");
  fixture.AddCluster("IE", 2, "a pair");
  fixture.AddCluster("EE", 2, "a pair");
  std::vector<std::string> runs = {"--cross"};
  for (const auto& run : fixture.runs) {
    Store(*run);
    runs.push_back(run->run().name());
  }
  std::swap(runs[1], runs[2]);  // NA first, as in the paper's matrix
  const auto json = Json(runs);
  EXPECT_EQ(json["links"], 46);
  EXPECT_EQ(json["additional"], 1);
  EXPECT_EQ(json["hosts_sum"], 84);
  EXPECT_EQ(json["matrix"][0][1], 1);
  const auto& scna = json["components"][0];
  EXPECT_EQ(scna["name"], "SCNA1");
  EXPECT_EQ(scna["sum"]["tls_keys"], 33);
  EXPECT_EQ(scna["distinct"]["tls_keys"], 24);
  EXPECT_EQ(scna["members"].size(), 10U);
  EXPECT_EQ(scna["links"].size(), 45U);
  EXPECT_EQ(scna["linking_keys"][0]["clusters"].size(), 10U);

  const auto with = [&](const std::string& flag) {
    std::vector<std::string> args = runs;
    args.push_back(flag);
    return args;
  };
  EXPECT_TRUE(Has(Output(runs), "Super-cluster SCNA1\n"));
  EXPECT_TRUE(Has(Output(with("--format=markdown")), "| sum | 80 | 38 | 162 |"));
  EXPECT_TRUE(Has(Output(with("--format=csv")), "SCNA1,distinct,TLS keys,24\n"));
  EXPECT_TRUE(Has(Output(with("--format=dot")), "\"NA1\" [fillcolor=\"yellow\", fontcolor=black]"));
  const std::string svg = Output(with("--format=svg"));
  EXPECT_TRUE(Has(svg, ">SCNA1</text>"));
  EXPECT_TRUE(Has(svg, "1 more components of one link each"));
}

TEST_F(CompareCommandTest, CrossTakesLoneHostsWhenAsked) {
  CrossRuns fixture;
  fixture.AddCluster("IE", 2, "k");
  ShowKey(fixture.Of("EE"), fixture.New(1), "k");
  for (const auto& run : fixture.runs) Store(*run);
  EXPECT_EQ(Json({"--cross", "IE-2018", "EE-2018"})["links"], 0);
  const auto json = Json({"--cross", "--lone_hosts", "IE-2018", "EE-2018"});
  EXPECT_EQ(json["links"], 1);
  EXPECT_EQ(json["components"][0]["members"][1]["name"], "EE-10.0.0.3");
  EXPECT_EQ(json["components"][0]["members"][1]["id"], nullptr);
}

TEST_F(CompareCommandTest, MistakesOfTheOperatorAreOneLineAndExitTwo) {
  const auto one = RunNamed("one", "", 1), two = RunNamed("two", "", 2);
  ShowKey(*one, {1, 2}, "a");
  Store(*one);
  Store(*two);
  EXPECT_EQ(Complaint({}),
            "hark compare: needs runs to compare, RUN1 RUN2; hark run list shows what there is\n");
  EXPECT_EQ(Complaint({"one"}),
            "hark compare: needs a second run, RUN1 RUN2; hark run list shows what there is\n");
  EXPECT_EQ(Complaint({"one", "one"}), "hark compare: run 'one' is given twice\n");
  EXPECT_EQ(Complaint({"--cross", "one", "two", "one"}),
            "hark compare: run 'one' is given twice\n");
  EXPECT_EQ(Complaint({"one", "three"}),
            "hark compare: no run 'three' in the store; it has two, one\n");
  EXPECT_EQ(Complaint({"one", ""}), "hark compare: no run '' in the store; it has two, one\n");
  EXPECT_EQ(Complaint({"one", "two", "three"}),
            "hark compare: compares two runs, RUN1 RUN2; with --cross any number\n");
  EXPECT_EQ(Complaint({"one", "two", "--lone_hosts"}),
            "hark compare: --lone_hosts goes with --cross; two runs' lone hosts always count\n");
  EXPECT_EQ(Complaint({"--cross", "one", "two", "--max_events=3"}),
            "hark compare: --max_events is of two runs' events; --cross has none\n");
  EXPECT_TRUE(Has(Complaint({"one", "two", "--format=html"}), "--format"));
}

TEST_F(CompareCommandTest, EmptyRunsCompareToNothing) {
  const auto one = RunNamed("one", "", 1), two = RunNamed("two", "", 2);
  Store(*one);
  Store(*two);
  EXPECT_TRUE(Json({"one", "two"})["links"].empty());
  EXPECT_TRUE(Has(Output({"one", "two", "--format=svg"}), "no complex clusters"));
  EXPECT_EQ(Json({"--cross", "one", "two"})["matrix"][0][1], 0);
  EXPECT_TRUE(Has(Output({"--cross", "one", "two", "--format=svg"}), "0 more components"));
  EXPECT_EQ(exit_code_, 0);
}

TEST_F(CompareCommandTest, ComparesTheSamePartOfBothRuns) {
  const auto one = RunNamed("one", "", 1), two = RunNamed("two", "", 2);
  ShowKey(*one, {1, 2}, "web");
  ShowKey(*one, {3, 4}, "ssh", 22);
  ShowKey(*two, {1, 2}, "web");
  Store(*one);
  Store(*two);
  const auto json = Json({"one", "two", "--ports=22"});
  EXPECT_EQ(json["before"]["clusters"], 1);
  EXPECT_EQ(json["after"]["clusters"], 0);
  EXPECT_EQ(json["categories"]["disappeared"], 1);
  EXPECT_EQ(json["scope"], nlohmann::json({"port 22"}));
  EXPECT_TRUE(Has(Output({"one", "two", "--ports=443"}), "run one to two (port 443)\n"));
  EXPECT_EQ(Json({"one", "two"})["scope"], nlohmann::json::array());
  EXPECT_EQ(Json({"--cross", "one", "two"})["links"], 1);
  EXPECT_EQ(Json({"--cross", "one", "two", "--ports=22"})["links"], 0);
}

TEST_F(CompareCommandTest, TakesSeveralRunsForOneWhenAsked) {
  const auto one = RunNamed("one", "", 1), two = RunNamed("two", "", 2),
             now = RunNamed("now", "", 3);
  ShowKey(*one, {1}, "a");
  ShowKey(*two, {2}, "a");
  ShowKey(*now, {1, 2}, "a");
  for (const auto* run : {&one, &two, &now}) Store(**run);
  const auto json = Json({"one,two", "now", "--together"});
  EXPECT_EQ(json["before"]["run"], "one+two");
  EXPECT_EQ(json["categories"]["both"], 1);
  EXPECT_EQ(Complaint({"one,two", "now"}),
            "hark compare: no run 'one,two' in the store; it has now, two, one\n");
  EXPECT_EQ(Complaint({"one,none", "now", "--together"}),
            "hark compare: no run 'none' in the store; it has now, two, one\n");
}

// Two countries with the certificate of one, which the test's root has signed.
TEST_F(CompareCommandTest, CrossJudgesCertificatesByTheBundleGiven) {
  FactsFixture runs[2];
  const TestCertificate shared = runs[0].root().Issue({{"*.example"}});
  const char* const names[] = {"IE", "EE"};
  for (uint32_t i = 0; i < 2; ++i) {
    runs[i].reader().mutable_run().set_id(i + 1);
    runs[i].reader().mutable_run().set_name(names[i]);
    runs[i].reader().mutable_run().set_country(names[i]);
    for (const uint32_t host : {1, 2}) {
      runs[i].AddHost(10 * i + host);
      runs[i].Show(10 * i + host, 443, shared);
    }
    Store(runs[i].reader());
  }
  const auto store = hark::Store::Open(db(), hark::Store::Mode::kReadWrite);
  const auto write = (*store)->NewWrite();
  write->PutCertificate(Sha256(shared.der), shared.der);
  ASSERT_TRUE((*store)->Commit(*write, true).ok());
  const std::string roots = directory_ / "roots.pem";
  ASSERT_TRUE(WriteFileAtomically(roots, runs[0].root().certificate().pem).ok());
  const std::vector<std::string> cross = {"--cross", "IE", "EE", "--ca_bundle=" + roots};
  const auto json = Json(cross);
  const auto& component = json["components"][0];
  EXPECT_EQ(component["members"][0]["trusted"], 2);
  EXPECT_EQ(component["sum"]["wildcard"], 4);
  EXPECT_EQ(component["sum"]["trusted_certs"], 2);
  EXPECT_EQ(component["distinct"]["trusted_certs"], 1);
  EXPECT_EQ(component["distinct"]["most_reused"], 4);
  EXPECT_EQ(json["trust"]["roots"], 1);
  std::vector<std::string> later = cross;
  later.push_back("--at=2040-01-01");
  EXPECT_EQ(Json(later)["components"][0]["sum"]["trusted"], 0);
  EXPECT_EQ(Complaint({"IE", "EE", "--at=2020-01-01"}),
            "hark compare: --ca_bundle and --at go with --cross; two runs' events are of keys "
            "alone\n");
}

}  // namespace
}  // namespace hark
