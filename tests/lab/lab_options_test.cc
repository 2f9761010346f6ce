#include "tests/lab/lab_options.h"

#include <gflags/gflags.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace hark::lab {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

Result<Options> Parse(std::vector<std::string> words) {
  words.insert(words.begin(), "hark-lab");
  std::vector<char*> argv;
  argv.reserve(words.size());
  for (std::string& word : words) argv.push_back(word.data());
  return ParseCommandLine(static_cast<int>(argv.size()), argv.data());
}

// Flags are the process's; ctest gives every case a process, a plain run needs them put back.
class LabOptions : public ::testing::Test {
 protected:
  gflags::FlagSaver saver_;
};

TEST_F(LabOptions, ReadFlagsInEverySpelling) {
  const Result<Options> options =
      Parse({"--paper=NA-20180430", "--out", "dir", "-seed=9", "--noserve", "--ports=22,2222"});
  ASSERT_TRUE(options.ok()) << options.status().message();
  EXPECT_EQ(options->paper, "NA-20180430");
  EXPECT_EQ(options->out, "dir");
  EXPECT_EQ(options->seed, 9U);
  EXPECT_FALSE(options->serve);
  EXPECT_EQ(options->truth.ports, (std::set<uint16_t>{22, 2222}));
}

TEST_F(LabOptions, AnswerMistakesWithOneLine) {
  const std::vector<std::vector<std::string>> mistakes = {{},
                                                          {"--paper=NA-20180430", "--hosts=3"},
                                                          {"--frobnicate=1", "--hosts=3"},
                                                          {"--hosts=many"},
                                                          {"--hosts=-3"},
                                                          {"--hosts"},
                                                          {"stray"},
                                                          {"--hosts=3", "--ports=0"},
                                                          {"--hosts=3", "--ports=70000"},
                                                          {"--hosts=3", "--gate_port=70000"},
                                                          {"--hosts=3", "--country=Namibia"},
                                                          {"--hosts=3", "--threads=0"},
                                                          {"--hosts=3", "--threads=65"},
                                                          {"--hosts=3", "--listen_mode=loud"}};
  for (const auto& words : mistakes) {
    const gflags::FlagSaver saver;
    const Result<Options> options = Parse(words);
    ASSERT_FALSE(options.ok());
    EXPECT_EQ(options.status().code(), StatusCode::kInvalidInput);
    EXPECT_THAT(options.status().message(), Not(HasSubstr("\n")));
  }
}

TEST_F(LabOptions, ExplainEveryFlagAndOnlyOurs) {
  EXPECT_THAT(HelpText(), HasSubstr("--paper"));
  EXPECT_THAT(HelpText(), HasSubstr("--ready_file"));
  EXPECT_THAT(HelpText(), Not(HasSubstr("flagfile")));
}

}  // namespace
}  // namespace hark::lab
