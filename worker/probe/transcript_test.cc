// Every transcript of testdata/, cut every way; and every beginning of it ended every way.

#include "worker/probe/testing/transcript.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "worker/probe/testing/play.h"

namespace hark {
namespace {

constexpr char kFolder[] = "worker/probe/testdata";

std::vector<std::string> TranscriptNames() {
  std::vector<std::string> names;
  std::error_code none;
  for (const auto& entry : std::filesystem::directory_iterator(kFolder, none)) {
    names.push_back(entry.path().stem().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

std::string TextOf(const std::string& name) {
  std::ifstream in(std::string(kFolder) + "/" + name + ".transcript", std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

std::unique_ptr<PortSurvey> SurveyFor(const std::string& transcript, SurveyFactory& factory) {
  const std::string word = ProtocolWord(transcript);
  for (int i = 0; i < kProtocolCount; ++i) {
    const auto protocol = static_cast<Protocol>(i);
    if (ProtocolName(protocol) == word) return factory.Make(1, protocol);
  }
  return nullptr;
}

TEST(Transcripts, ThereAreSome) {
  EXPECT_GE(TranscriptNames().size(), 40u) << "run from the top of the source tree";
}

TEST(Transcripts, GoAsWrittenHoweverTheNetworkCutsThem) {
  for (const std::string& name : TranscriptNames()) {
    for (const Cuts& cuts : AllCuts()) {
      EXPECT_EQ(PlayTranscript(TextOf(name), cuts), "")
          << name << ", cut kind " << static_cast<int>(cuts.kind) << " seed " << cuts.seed;
    }
  }
}

// How a conversation that was going well can stop.
enum class Ending { kEof, kReset, kSilence };

Outcome EndEarly(SurveyFactory& factory, const std::string& transcript, size_t bytes,
                 Ending ending) {
  const auto survey = SurveyFor(transcript, factory);
  Probe* probe = survey->Next();
  MonoTime now{std::chrono::hours(1)};
  const MonoTime latest = now + TestOptions().conversation_timeout;
  const std::string heard = PeerBytes(transcript).substr(0, bytes);
  probe->OnConnected(now);
  for (size_t i = 0; i < heard.size() && !probe->done(); ++i) {
    probe->OnBytes({&heard[i], 1}, now);
  }
  if (!probe->done() && ending == Ending::kEof) probe->OnEof(now);
  if (!probe->done() && ending == Ending::kReset) probe->OnReset(now);
  if (!probe->done() && ending == Ending::kSilence) {
    now = probe->deadline();
    EXPECT_LE(now, latest);
    probe->OnDeadline(now);
  }
  EXPECT_TRUE(probe->done());
  survey->OnProbeDone(now);
  return survey->Finish().outcome;
}

TEST(Transcripts, MayEndAfterAnyByteInAnyWay) {
  SurveyFactory factory(TestOptions());
  for (const std::string& name : TranscriptNames()) {
    const std::string text = TextOf(name);
    const size_t size = PeerBytes(text).size();
    for (Ending ending : {Ending::kEof, Ending::kReset, Ending::kSilence}) {
      for (size_t bytes = 0; bytes <= size; ++bytes) {
        // None of them shows a whole key, so none may claim to be complete.
        EXPECT_NE(EndEarly(factory, text, bytes, ending), Outcome::kOk) << name << " " << bytes;
      }
    }
  }
}

// One byte every five seconds, for ever, from any point on.
TEST(Transcripts, MayTrickleForEverFromAnyByteOn) {
  SurveyFactory factory(TestOptions());
  for (const std::string& name : TranscriptNames()) {
    const std::string text = TextOf(name);
    const std::string all = PeerBytes(text);
    for (size_t bytes = 0; bytes <= all.size(); ++bytes) {
      const auto survey = SurveyFor(text, factory);
      Probe* probe = survey->Next();
      MonoTime now{std::chrono::hours(1)};
      const MonoTime latest = now + TestOptions().conversation_timeout;
      probe->OnConnected(now);
      probe->OnBytes(std::string_view(all).substr(0, bytes), now);
      while (!probe->done()) {
        ASSERT_LE(probe->deadline(), latest) << name << " " << bytes;
        now += std::chrono::seconds(5);
        if (probe->deadline() <= now) {
          probe->OnDeadline(probe->deadline());
        } else {
          probe->OnBytes("2", now);
        }
      }
      survey->OnProbeDone(now);
      EXPECT_NE(survey->Finish().outcome, Outcome::kOk) << name << " " << bytes;
    }
  }
}

TEST(Transcripts, AnyPeerThatSaysNothingIsSilent) {
  SurveyFactory factory(TestOptions());
  for (const std::string& name : TranscriptNames()) {
    EXPECT_EQ(EndEarly(factory, TextOf(name), 0, Ending::kSilence), Outcome::kSilent) << name;
  }
}

TEST(TranscriptLanguage, NamesTheLineThatWentOtherwise) {
  const std::string text = "protocol smtp\nconnect\n< 220 x\\r\\n\n> HELO\\r\\n\n";
  EXPECT_EQ(PlayTranscript(text, {}), "line 4: said EHLO [192.0.2.1]\\x0d\\x0a");
  EXPECT_EQ(PlayTranscript("protocol smtp\nconnect\neof\ndone\nover\nexpect outcome ok\n", {}),
            "line 6: outcome is closed");
  EXPECT_EQ(PlayTranscript("protocol gopher\n", {}), "line 1: no such protocol");
}

}  // namespace
}  // namespace hark
