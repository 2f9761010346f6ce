#include "cli/flags.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <fstream>

#include "base/testing/temp_directory.h"
#include "cli/dispatch.h"
#include "cli/exit_code.h"

namespace hark {
namespace {

struct Options {
  std::string db = "out/db";
  std::string format = "text";
  bool resume = true;
  uint16_t port = 25;
  double rate = 100;
  std::vector<std::string> targets;
  std::vector<uint16_t> ports = {22, 25};
};

// Parses one command line and keeps what came of it.
class FlagsTest : public ::testing::Test {
 protected:
  std::string Parse(const std::vector<std::string>& args) {
    options_ = Options();
    const Result<ParsedFlags> parsed = Set().Parse(args);
    if (!parsed.ok()) {
      EXPECT_EQ(parsed.status().code(), StatusCode::kInvalidInput);
      EXPECT_EQ(parsed.status().message().find('\n'), std::string::npos);
      return parsed.status().message();
    }
    parsed_ = *parsed;
    return "";
  }

  FlagSet Set() {
    FlagSet set("hark test", "tries flags",
                {{"db", Text(&options_.db, "DIR"), "the store"},
                 {"format", Choice(&options_.format, {"text", "json"}), "how to print"},
                 {"resume", Switch(&options_.resume), "go on"},
                 {"gate_port", Number(&options_.port, 1, 65535, "PORT"), "where to knock"},
                 {"rate", Decimal(&options_.rate, 0, 1e6, "N"), "probes/s"},
                 {"targets", List(&options_.targets, "FILE|CIDR"), "what to look at"},
                 {"ports", NumberList(&options_.ports, 1, 65535, "N,N"), "where to look"}});
    set.SetExamples({"hark test --db=here"});
    return set;
  }

  std::string File(const std::string& content) {
    std::string path = directory_ / "flags";
    std::ofstream(path) << content;
    return path;
  }

  TempDirectory directory_;
  Options options_;
  ParsedFlags parsed_;
};

TEST_F(FlagsTest, ReadsEveryWayOfWritingAFlag) {
  EXPECT_EQ(Parse({"--db=x", "--format", "json", "--noresume", "--gate-port=7", "--rate=0.5",
                   "--targets=a,b", "--targets", "-", "--ports=443"}),
            "");
  EXPECT_EQ(options_.db, "x");
  EXPECT_EQ(options_.format, "json");
  EXPECT_FALSE(options_.resume);
  EXPECT_EQ(options_.port, 7);
  EXPECT_EQ(options_.rate, 0.5);
  EXPECT_EQ(options_.targets, (std::vector<std::string>{"a", "b", "-"}));
  EXPECT_EQ(options_.ports, (std::vector<uint16_t>{443}));
  EXPECT_EQ(parsed_.given.count("gate_port"), 1U);
  EXPECT_EQ(parsed_.given.count("flagfile"), 0U);
}

TEST_F(FlagsTest, KeepsDefaultsAndTakesTheLastOfTwo) {
  EXPECT_EQ(Parse({"--db=x", "--db=y", "--resume=false", "--resume"}), "");
  EXPECT_EQ(options_.db, "y");
  EXPECT_TRUE(options_.resume);
  EXPECT_EQ(options_.ports, (std::vector<uint16_t>{22, 25}));
}

TEST_F(FlagsTest, NamesTheFlagAndWhatIsWrongWithIt) {
  EXPECT_EQ(Parse({"--gate_port=70000"}), "--gate_port: 70000 is not between 1 and 65535");
  EXPECT_EQ(Parse({"--ports=22,0"}), "--ports: 0 is not between 1 and 65535");
  EXPECT_EQ(Parse({"--ports=22,"}), "--ports: '' is not a whole number");
  EXPECT_EQ(Parse({"--gate_port=99999999999999999999"}),
            "--gate_port: 99999999999999999999 is not between 1 and 65535");
  EXPECT_EQ(Parse({"--gate_port=-1"}), "--gate_port: '-1' is not a whole number");
  EXPECT_EQ(Parse({"--rate=nan"}), "--rate: 'nan' is not a number between 0 and 1e+06");
  EXPECT_EQ(Parse({"--format=xml"}), "--format: 'xml' is none of text, json");
  EXPECT_EQ(Parse({"--resume=maybe"}), "--resume: is a switch: true or false");
  EXPECT_EQ(Parse({"--db"}), "--db needs a value, DIR");
  EXPECT_EQ(Parse({"--targets=a,,b"}), "--targets: has an empty entry");
}

TEST_F(FlagsTest, SuggestsTheNearestFlag) {
  EXPECT_EQ(Parse({"--fromat=json"}),
            "unknown flag --fromat; did you mean --format?; see hark test --help");
  EXPECT_EQ(Parse({"--bananas"}), "unknown flag --bananas; see hark test --help");
  EXPECT_EQ(Parse({"--nodb"}), "unknown flag --nodb; see hark test --help");
  EXPECT_EQ(Parse({"-x"}), "unknown flag -x; flags begin with --; see hark test --help");
}

TEST_F(FlagsTest, CountsPositionalArguments) {
  FlagSet set = Set();
  set.SetPositional({"ID"});
  EXPECT_EQ(set.Parse({}).status().message(), "needs ID; see hark test --help");
  EXPECT_EQ(set.Parse({"a", "b"}).status().message(),
            "does not know what to do with 'b'; see hark test --help");
  EXPECT_EQ(set.Parse({"--db=x", "--", "--a"})->positional, (std::vector<std::string>{"--a"}));
}

TEST_F(FlagsTest, InsistsOnRequiredFlags) {
  std::string db;
  const FlagSet set("hark test", "", {{"db", Text(&db, "DIR"), "the store to read", true}});
  EXPECT_EQ(set.Parse({}).status().message(), "needs --db=DIR, the store to read");
  EXPECT_TRUE(set.Parse({"--db=x"}).ok());
  EXPECT_TRUE(set.Parse({"--help"})->help);
}

TEST_F(FlagsTest, ReadsAFlagFileAndNamesTheLineOfAnError) {
  const std::string good = File("# a comment\n\n--db=x  \n--noresume\r\n");
  EXPECT_EQ(Parse({"--flagfile=" + good, "--format=json"}), "");
  EXPECT_EQ(options_.db, "x");
  EXPECT_FALSE(options_.resume);
  EXPECT_EQ(options_.format, "json");
  const std::string bad = File("--db=x\n--gate_port=0\n");
  EXPECT_EQ(Parse({"--flagfile", bad}), bad + ":2: --gate_port: 0 is not between 1 and 65535");
  File("db=x\n");
  EXPECT_EQ(Parse({"--flagfile", bad}), bad + ":1: 'db=x' is not a flag; write --name=value");
  File("--flagfile=" + bad);
  EXPECT_EQ(Parse({"--flagfile", bad}), bad + ":1: a flag file cannot name another one");
  EXPECT_NE(Parse({"--flagfile=/nowhere/at/all"}), "");
}

TEST_F(FlagsTest, HelpShowsThisCommandsFlagsDefaultsAndExamples) {
  const std::string help = Set().Help();
  EXPECT_EQ(help.find("hark test: tries flags\n\nUsage: hark test [--flags]\n"), 0U);
  EXPECT_NE(help.find("  --db=DIR                the store (default out/db)\n"), help.npos);
  EXPECT_NE(help.find("  --[no]resume            go on (default on)\n"), help.npos);
  EXPECT_NE(help.find("(default 22,25)"), help.npos);
  EXPECT_NE(help.find("Examples:\n  hark test --db=here\n"), help.npos);
  EXPECT_EQ(Parse({"--bananas", "--help"}), "");
  EXPECT_TRUE(parsed_.help);
}

TEST(DispatchTest, TakesTheLongestNameTheLineBeginsWith) {
  static constexpr Command kCommands[] = {
      {"api", "",
       [](const std::vector<std::string>& args) { return static_cast<int>(args.size()); }},
      {"api key add", "",
       [](const std::vector<std::string>& args) { return 10 + static_cast<int>(args.size()); }},
  };
  EXPECT_EQ(Dispatch(kCommands, {"api"}), 0);
  EXPECT_EQ(Dispatch(kCommands, {"api", "--x"}), 1);
  EXPECT_EQ(Dispatch(kCommands, {"api", "key"}), 1);
  EXPECT_EQ(Dispatch(kCommands, {"api", "key", "add", "misp"}), 11);
}

TEST(DispatchTest, FindsCommandsOfOneAndTwoWords) {
  static constexpr Command kCommands[] = {
      {"report", "",
       [](const std::vector<std::string>& args) { return 10 + static_cast<int>(args.size()); }},
      {"cluster show", "",
       [](const std::vector<std::string>& args) { return 20 + static_cast<int>(args.size()); }},
      {"cluster list", "", [](const std::vector<std::string>&) { return 30; }},
  };
  EXPECT_EQ(Dispatch(kCommands, {"report", "--x"}), 11);
  EXPECT_EQ(Dispatch(kCommands, {"cluster", "show", "a", "b"}), 22);
  EXPECT_EQ(Dispatch(kCommands, {"cluster", "list"}), 30);
  EXPECT_EQ(Dispatch(kCommands, {"cluster"}), 2);
  EXPECT_EQ(Dispatch(kCommands, {"cluster", "--help"}), 0);
  EXPECT_EQ(Dispatch(kCommands, {"cluster", ""}), 2);
  EXPECT_EQ(Dispatch(kCommands, {"cluster", "sho"}), 2);
  EXPECT_EQ(Dispatch(kCommands, {"repotr"}), 2);
  EXPECT_EQ(Dispatch(kCommands, {}), 2);
  EXPECT_EQ(Dispatch(kCommands, {"--help"}), 0);
}

TEST(ExitCodeTest, TellsTheOperatorsMistakeFromOurs) {
  EXPECT_EQ(ExitCodeOf(Status::Ok()), 0);
  EXPECT_EQ(ExitCodeOf(InvalidInput("x")), 2);
  EXPECT_EQ(ExitCodeOf(NotFound("x")), 1);
  EXPECT_EQ(ExitCodeOf(Status(StatusCode::kDiskFull, "x")), 1);
  EXPECT_EQ(ExitCodeOf(Status(StatusCode::kInterrupted, "x")), 130);
  EXPECT_EQ(Fail("hark test", Status::Ok()), 0);
}

}  // namespace
}  // namespace hark
