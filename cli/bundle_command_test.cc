// hark cluster bundle as the operator runs it.

#include "cli/bundle_command.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "analysis/bundle_fixture.h"
#include "analysis/bundle_pseudonyms.h"
#include "base/file.h"
#include "base/strings.h"
#include "base/testing/temp_directory.h"
#include "cli/copy_run_fixture.h"

namespace hark {
namespace {

namespace fs = std::filesystem;

class BundleCommandTest : public ::testing::Test {
 protected:
  void SetUp() override {
    const auto run = ThreeAsRun();
    const auto store = Store::Open(db(), Store::Mode::kReadWrite);
    ASSERT_TRUE(store.ok());
    ASSERT_TRUE(CopyRun(*run, **store).ok());
    const std::unique_ptr<StoreWrite> write = (*store)->NewWrite();
    for (const auto& [sha256, der] : run->certificates()) write->PutCertificate(sha256, der);
    ASSERT_TRUE((*store)->Commit(*write, true).ok());
  }
  std::string db() const { return directory_ / "db"; }
  std::string out() const { return directory_ / "out"; }
  size_t EntriesBeside() const {
    return static_cast<size_t>(
        std::distance(fs::directory_iterator(directory_.path()), fs::directory_iterator()));
  }

  int Run(std::vector<std::string> args) {
    args.push_back("--db=" + db());
    ::testing::internal::CaptureStdout();
    ::testing::internal::CaptureStderr();
    const int code = RunClusterBundle(args);
    said_ = ::testing::internal::GetCapturedStdout();
    complaint_ = ::testing::internal::GetCapturedStderr();
    return code;
  }
  void ExpectWrong(const std::vector<std::string>& args, const std::string& words) {
    EXPECT_EQ(Run(args), 2) << words;
    EXPECT_NE(complaint_.find(words), std::string::npos) << complaint_;
    EXPECT_EQ(std::count(complaint_.begin(), complaint_.end(), '\n'), 1) << complaint_;
    EXPECT_EQ(complaint_.find("hark cluster bundle: "), 0U) << complaint_;
  }

  TempDirectory directory_;
  std::string said_;
  std::string complaint_;
};

TEST_F(BundleCommandTest, MakesABundleAndKeepsItsSecretBesideIt) {
  ASSERT_EQ(Run({"--asn=AS1", "--out=" + out() + "/"}), 0) << complaint_;
  const auto bundle = nlohmann::json::parse(*ReadFile(out() + "/bundle.json"));
  ASSERT_EQ(bundle["clusters"].size(), 1U);
  EXPECT_EQ(bundle["clusters"][0]["hosts"], 8);
  EXPECT_EQ(bundle["clusters"][0]["your_hosts"], 4);
  EXPECT_EQ(bundle["clusters"][0]["members"][0]["host"], "10.1.0.1");
  EXPECT_EQ(bundle["clusters"][0]["members"][1]["names_withheld"], 2);
  EXPECT_EQ(bundle["measured_from"], "2018-04-30");
  const std::string readme = *ReadFile(out() + "/README.md");
  EXPECT_NE(readme.find("mailto:research@survey.test"), std::string::npos);
  EXPECT_NE(readme.find("the hosts of AS1"), std::string::npos);
  const std::string label = bundle["clusters"][0]["cluster"];
  for (const char* kind : {".dot", ".svg"}) {
    EXPECT_TRUE(fs::exists(out() + "/graphs/" + label + kind));
  }
  EXPECT_NE(said_.find("1 clusters, 4 of 8 hosts"), std::string::npos) << said_;
  struct stat secret {};
  ASSERT_EQ(stat((out() + ".secret").c_str(), &secret), 0);
  EXPECT_EQ(secret.st_mode & 0777, 0600U);
  // The secret, and nothing else, tells who is who.
  const BundlePseudonyms pseudonyms(
      *HexDecode(ReadFile(out() + ".secret")->substr(0, 2 * BundlePseudonyms::kSecretSize)));
  EXPECT_NE(readme.size(), 0U);
  EXPECT_NE(
      ReadFile(out() + "/members.csv")->find(pseudonyms.OfHost(*Address::Parse("203.0.113.5"))),
      std::string::npos);
}

TEST_F(BundleCommandTest, TwoBundlesHaveNoPseudonymInCommon) {
  ASSERT_EQ(Run({"--asn=1", "--out=" + out()}), 0) << complaint_;
  ASSERT_EQ(Run({"--asn=1", "--out=" + out() + "2", "--forget_secret"}), 0) << complaint_;
  EXPECT_FALSE(fs::exists(out() + "2.secret"));
  const auto first = nlohmann::json::parse(*ReadFile(out() + "/bundle.json"))["clusters"][0];
  const auto second = nlohmann::json::parse(*ReadFile(out() + "2/bundle.json"))["clusters"][0];
  EXPECT_NE(first["cluster"], second["cluster"]);
  EXPECT_NE(first["keys"][0]["key"], second["keys"][0]["key"]);
  EXPECT_EQ(first["keys"][0]["hosts"], second["keys"][0]["hosts"]);
}

TEST_F(BundleCommandTest, TellsTheHolderByPrefixesOrNames) {
  ASSERT_TRUE(WriteFileAtomically(directory_ / "theirs", "203.0.113.0/29 # they\n").ok());
  ASSERT_EQ(Run({"--prefixes=" + (directory_ / "theirs"), "--out=" + out()}), 0) << complaint_;
  EXPECT_NE(said_.find("2 of 8 hosts"), std::string::npos) << said_;
  ASSERT_EQ(Run({"--names=(^|\\.)own\\.example$", "--out=" + out() + "2"}), 0) << complaint_;
  EXPECT_NE(said_.find("2 of 8 hosts"), std::string::npos) << said_;
}

TEST_F(BundleCommandTest, FailsAndLeavesNothingWhenTheContactTellsAnAddressOfOthers) {
  EXPECT_EQ(Run({"--asn=1", "--out=" + out(), "--contact=http://203.0.113.5/"}), 1);
  EXPECT_NE(complaint_.find("README.md:"), std::string::npos) << complaint_;
  EXPECT_EQ(complaint_.find("203.0.113.5"), std::string::npos) << complaint_;
  EXPECT_EQ(EntriesBeside(), 1U);  // the store
}

TEST_F(BundleCommandTest, SaysInOneLineWhatTheOperatorGotWrong) {
  const std::string to = "--out=" + out();
  ASSERT_TRUE(WriteFileAtomically(directory_ / "bad", "203.0.113.0/29\n10.0.0.0/33\n").ok());
  ASSERT_TRUE(WriteFileAtomically(directory_ / "none", "# nothing\n").ok());
  ExpectWrong({to}, "needs one of --asn, --prefixes and --names");
  ExpectWrong({to, "--asn=1", "--names=x"}, "needs one of --asn, --prefixes and --names");
  ExpectWrong({to, "--asn=0"}, "--asn: '0' is no AS number");
  ExpectWrong({to, "--asn=x1"}, "--asn: 'x1' is no AS number");
  ExpectWrong({to, "--asn=77"}, "no cluster of the run has a host of that holder (--asn)");
  ExpectWrong({to, "--names=nobody\\.example"}, "no cluster of the run has a host");
  ExpectWrong({to, "--names=(a"}, "--names: '(a' is not an extended regular expression");
  ExpectWrong({to, "--names=.*"}, "--names: '.*' matches every name");
  ExpectWrong({to, "--prefixes=" + (directory_ / "bad")}, "bad:2");
  ExpectWrong({to, "--prefixes=" + (directory_ / "none")}, "names no prefix");
  ExpectWrong({to, "--prefixes=" + (directory_ / "missing")}, "No such file");
  ExpectWrong({to, "--asn=1", "--run=r9"}, "no run 'r9'");
  ExpectWrong({"--asn=1"}, "--out");
  ExpectWrong({"--asn=1", "--out="}, "--out");
  ExpectWrong({"--asn=1", "--out=" + db()}, "is not empty; name a new folder");
  ExpectWrong({"--asn=1", "--out=" + (directory_ / "none")}, "is no folder");
  ExpectWrong({to, "--asn=1", "--secret=" + (directory_ / "none")}, "is there already");
  ExpectWrong({to, "--asn=1", "--secret=" + out() + "/s"}, "inside the bundle");
  ExpectWrong({to, "--asn=1", "--secret=s", "--forget_secret"}, "exclude each other");
  EXPECT_FALSE(fs::exists(out()));
  EXPECT_FALSE(fs::exists(out() + ".secret"));
}

TEST_F(BundleCommandTest, OfAPartOfTheRunSaysSoAndKnowsEverybodyOutsideOfIt) {
  const auto run = ThreeAsRun();
  run->mutable_run().set_id(2);
  run->mutable_run().set_name("of IE");
  for (const char* inside : {"10.1.0.1", "10.1.0.2"}) {
    run->AddHost(*Address::Parse(inside), 1).set_country("IE");
  }
  run->AddHost(*Address::Parse("203.0.113.6"), 2).set_country("IE");
  const auto store = Store::Open(db(), Store::Mode::kReadWrite);
  ASSERT_TRUE(CopyRun(*run, **store).ok());
  const std::vector<std::string> part = {"--run=of IE", "--asn=1", "--country=ie",
                                         "--until=2018-05-01", "--out=" + out()};
  ASSERT_EQ(Run(part), 0) << complaint_;
  EXPECT_NE(said_.find("2 of 3 hosts"), std::string::npos) << said_;
  const auto bundle = nlohmann::json::parse(*ReadFile(out() + "/bundle.json"));
  EXPECT_EQ(bundle["scope"], nlohmann::json({"in IE", "visited by 2018-04-30"}));
  EXPECT_NE(ReadFile(out() + "/README.md")->find("in IE; visited by 2018-04-30."),
            std::string::npos);
  std::vector<std::string> telling = part;
  telling.back() += "2";
  telling.push_back("--contact=http://203.0.113.5/");  // not in the part, and not in the bundle
  EXPECT_EQ(Run(telling), 1);
}

TEST_F(BundleCommandTest, FillsAnEmptyFolderThatIsThere) {
  fs::create_directory(out());
  EXPECT_EQ(Run({"--asn=1", "--out=" + out()}), 0) << complaint_;
  EXPECT_TRUE(fs::exists(out() + "/README.md"));
}

}  // namespace
}  // namespace hark
