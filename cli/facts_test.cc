#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "analysis/facts_fixture.h"
#include "base/markup.h"
#include "cli/facts_flags.h"
#include "cli/report_html.h"
#include "cli/report_json.h"
#include "cli/report_text.h"
#include "keys/testing/key_workshop.h"

namespace hark {
namespace {

TEST(FactsFlagsTest, FilesThatCannotBeReadAreTheOperatorsMistakeInOneLine) {
  KeyWorkshop shop;
  shop.Write("junk", "nothing of use\n");
  FactsFlags flags;
  const auto message = [&] {
    const Result<FactsInput> input = LoadFactsInput(flags);
    EXPECT_EQ(input.status().code(), StatusCode::kInvalidInput);
    EXPECT_EQ(input.status().message().find('\n'), std::string::npos);
    return input.status().message();
  };
  flags.trust.ca_bundle = "/nowhere.pem";
  EXPECT_TRUE(message().starts_with("--ca_bundle: ")) << message();
  flags.trust.ca_bundle = shop.Path("junk");
  EXPECT_EQ(message(), "--ca_bundle: " + shop.Path("junk") +
                           ": no certificate in it; a bundle in PEM is wanted");
  flags = FactsFlags();
  flags.trust.at = "tomorrow";
  EXPECT_EQ(message(),
            "--at: 'tomorrow' is no date like 2018-03-16 and no time like 2018-03-16T12:00:00Z");
  flags = FactsFlags();
  flags.suite_policy = shop.Path("junk");
  EXPECT_EQ(message(),
            "--suite_policy: " + shop.Path("junk") + " line 1: 'nothing' is neither bad nor good");
}

TEST(FactsFlagsTest, ABundleAPolicyAndAMomentAreTaken) {
  KeyWorkshop shop;
  shop.Write("ca.pem", TestCa("root").certificate().pem);
  shop.Write("policy", "bad contains CBC\n");
  const auto input = LoadFactsInput({{shop.Path("ca.pem"), "1970-01-02"}, shop.Path("policy")});
  ASSERT_TRUE(input.ok()) << input.status().message();
  ASSERT_NE(input->options.trust, nullptr);
  EXPECT_EQ(input->options.trust->roots(), 1U);
  EXPECT_EQ(input->options.at_unix, 86400);
  EXPECT_TRUE(input->options.policy.IsBad(0xc013));
  EXPECT_FALSE(input->options.policy.IsBad(0x0005));
}

class FactsReportTest : public ::testing::Test {
 protected:
  FactsReportTest() {
    const TestCertificate shared = run_.root().Issue({{"*.example"}});
    for (uint32_t host = 1; host <= 6; ++host) {
      run_.AddHost(host, 64496);
      run_.Show(host, 443, shared, {}, 0x0303, 0x0005);
    }
    run_.Show(6, 993, TestCa::SelfSigned({{"x.example"}}));
  }
  RunAnalysis Analyse() { return *AnalyseRun(run_.reader(), false, &run_.options()); }

  FactsFixture run_;
};

TEST_F(FactsReportTest, TheJsonHasWhatTheDocumentSays) {
  const auto json = nlohmann::json::parse(ReportAsJson(Analyse().report));
  EXPECT_EQ(json["trust"], (nlohmann::json{{"judged", true},
                                           {"source", "test roots"},
                                           {"roots", 1},
                                           {"at", nullptr},
                                           {"chains", 2}}));
  EXPECT_EQ(json["certificate_classes"]["timely"]["trusted"]["host_ports"], 6);
  EXPECT_EQ(json["certificate_classes"]["timely"]["self_signed"]["clustered_host_ports"], 1);
  EXPECT_EQ(json["key_kinds"]["tls"]["ECDSA P-256"]["keys"], 2);
  EXPECT_EQ(json["port_trust"]["443"]["trusted"],
            (nlohmann::json{{"keys", 1}, {"host_ports", 6}, {"hosts", 6}}));
  EXPECT_EQ(json["port_trust"]["total"]["listeners"], 7);
  EXPECT_EQ(json["suites"]["suites"]["0x0005"]["bad"], true);
  EXPECT_EQ(json["suites"]["suites"]["0x0005"]["clustered_keys"], 1);
  EXPECT_EQ(json["suites"]["suites"]["0xc02f"]["host_ports"], 1);
  EXPECT_EQ(json["hygiene"]["flags"]["rc4"]["hosts"], 6);
  EXPECT_EQ(json["hygiene"]["all"]["hosts_of_score"][2], 5);
  EXPECT_EQ(json["hygiene"]["ases"][0]["asn"], 64496);
  EXPECT_EQ(json["hygiene"]["software"]["no greeting"]["flags"]["rc4"], 6);
  EXPECT_EQ(json["hygiene"]["clusters"][0]["rc4"], 6);
  EXPECT_EQ(json["hark_kinds"]["algorithms"]["ECDSA"]["reusing"], 6);
  EXPECT_EQ(json["hark_kinds"]["kinds"]["ECDSA P-256"]["hosts"], 6);
}

TEST_F(FactsReportTest, WithoutABundleTheReportSaysThatTrustIsNotJudged) {
  run_.options().trust = nullptr;
  run_.options().trust_name = "this machine has none";
  const RunAnalysis analysis = Analyse();
  const auto json = nlohmann::json::parse(ReportAsJson(analysis.report));
  EXPECT_EQ(json["trust"]["judged"], false);
  EXPECT_EQ(json["hygiene"]["flags"]["untrusted_chain"], nullptr);
  const std::string sentence = "trust is not judged: this machine has none";
  EXPECT_NE(ReportAsText(analysis.report, TextStyle{}).find(sentence), std::string::npos);
  EXPECT_NE(ReportAsMarkdown(analysis.report).find(sentence), std::string::npos);
  EXPECT_NE(ReportAsHtml(analysis).find(sentence), std::string::npos);
}

TEST_F(FactsReportTest, EveryFormatHasTheTables) {
  const RunAnalysis analysis = Analyse();
  const std::string csv = ReportAsCsv(analysis.report);
  EXPECT_NE(csv.find("port_trust,443,trusted: keys,1\n"), std::string::npos) << csv;
  EXPECT_NE(csv.find("suites,0x0005,name,TLS_RSA_WITH_RC4_128_SHA\n"), std::string::npos);
  EXPECT_NE(csv.find("hygiene_ases,AS64496,mean score,2.33\n"), std::string::npos);
  EXPECT_NE(csv.find("hark_kinds,ECDSA,re-using,6\n"), std::string::npos) << csv;
  const std::string html = ReportAsHtml(analysis);
  for (const Table& table : ReportTables(analysis.report)) {
    // Sizes are a plot.
    const bool shown = html.find("<h2>" + EscapeMarkup(table.title) + "</h2>") != html.npos;
    EXPECT_TRUE(shown || table.name == "sizes") << table.title;
  }
  for (const std::string& page : {ReportAsText(analysis.report, TextStyle{}),
                                  ReportAsMarkdown(analysis.report), ReportAsHtml(analysis)}) {
    EXPECT_NE(page.find("TLS_RSA_WITH_RC4_128_SHA"), std::string::npos);
    EXPECT_NE(page.find("Key types and lengths"), std::string::npos);
    EXPECT_NE(page.find("trusted, not timely"), std::string::npos);
  }
}

}  // namespace
}  // namespace hark
