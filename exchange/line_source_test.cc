#include "exchange/line_source.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zlib.h>
#include <zstd.h>

#include "base/testing/temp_directory.h"
#include "exchange/import_fixture.h"
#include "exchange/json_source.h"

namespace hark {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

template <typename Source = LineSource>
std::vector<std::string> RecordsOf(ByteSource& bytes, size_t most = kMaxRecord) {
  Source source(bytes, most);
  std::vector<std::string> out;
  SourceRecord record;
  for (;;) {
    const Result<bool> more = source.Next(&record);
    if (!more.ok()) out.push_back("error: " + more.status().message());
    if (!more.ok() || !*more) return out;
    out.push_back(record.too_long ? StrCat(record.line, " too long")
                                  : StrCat(record.line, " ", record.text));
  }
}

template <typename Source = LineSource>
std::vector<std::string> RecordsOf(const std::string& text, size_t most = kMaxRecord) {
  const std::unique_ptr<ByteSource> bytes = ByteSource::FromString(text);
  return RecordsOf<Source>(*bytes, most);
}

std::string Gzip(std::string text) {
  z_stream stream{};
  deflateInit2(&stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
  std::string out(text.size() + 1000, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(text.data());
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  deflate(&stream, Z_FINISH);
  out.resize(out.size() - stream.avail_out);
  deflateEnd(&stream);
  return out;
}

std::string Zstd(const std::string& text) {
  std::string out(ZSTD_compressBound(text.size()), '\0');
  out.resize(ZSTD_compress(out.data(), out.size(), text.data(), text.size(), 3));
  return out;
}

TEST(LineSourceTest, GivesLinesWithEitherEndAndTheLastWithNone) {
  EXPECT_THAT(RecordsOf("a\nb\r\n\nd"), ElementsAre("1 a", "2 b", "3 ", "4 d"));
  EXPECT_THAT(RecordsOf(""), IsEmpty());
  EXPECT_THAT(RecordsOf("\n"), ElementsAre("1 "));
}

TEST(LineSourceTest, KeepsBytesThatAreNoText) {
  const std::string odd("\xff\0\xfe", 3);
  EXPECT_THAT(RecordsOf(odd + "\nb"), ElementsAre("1 " + odd, "2 b"));
}

TEST(LineSourceTest, GivesTheSameHoweverTheBytesAreCut) {
  const std::string text = "one\r\n\ntwo two two\nthree";
  const std::vector<std::string> whole = RecordsOf(text);
  for (size_t piece = 1; piece < text.size(); ++piece) {
    TrickleSource bytes(text, piece);
    EXPECT_EQ(RecordsOf(bytes), whole) << piece;
  }
}

TEST(LineSourceTest, SkipsWhatIsTooLongAndGoesOnBehindIt) {
  const std::string text = "short\n" + std::string(700'000, 'x') + "\nnext\n";
  EXPECT_THAT(RecordsOf(text, 1000), ElementsAre("1 short", "2 too long", "3 next"));
  EXPECT_THAT(RecordsOf("12345\n123456\n", 5), ElementsAre("1 12345", "2 too long"));
  EXPECT_THAT(RecordsOf("ok\n" + std::string(700'000, 'x'), 1000),
              ElementsAre("1 ok", "2 too long"));
}

TEST(LineSourceTest, UnpacksGzipAndZstandardOfSeveralPieces) {
  std::string text;
  for (int i = 0; i < 50'000; ++i) text += StrCat("line ", i, "\n");
  const std::vector<std::string> plain = RecordsOf(text);
  const size_t half = text.size() / 2;
  EXPECT_EQ(RecordsOf(Gzip(text)), plain);
  EXPECT_EQ(RecordsOf(Gzip(text.substr(0, half)) + Gzip(text.substr(half))), plain);
  EXPECT_EQ(RecordsOf(Zstd(text)), plain);
  EXPECT_EQ(RecordsOf(Zstd(text.substr(0, half)) + Zstd(text.substr(half))), plain);
}

TEST(LineSourceTest, GivesWhatCameBeforeTheDamageOfPackedBytes) {
  std::string text;
  for (int i = 0; i < 50'000; ++i) text += StrCat("line ", i * 7919 % 50'000, "\n");
  for (const std::string& packed : {Gzip(text), Zstd(text)}) {
    const std::vector<std::string> got = RecordsOf(packed.substr(0, packed.size() / 2));
    ASSERT_GT(got.size(), 1000U);
    EXPECT_EQ(got[0], "1 line 0");
    EXPECT_THAT(got.back(), ::testing::HasSubstr("end in the middle"));
  }
}

TEST(LineSourceTest, GoesOnFromEveryPlaceItNames) {
  const std::string text = "a\r\n\nccc\n" + std::string(3000, 'x') + "\ne";
  for (const std::string& bytes : {text, Gzip(text), Zstd(text)}) {
    const std::vector<std::string> all = RecordsOf(bytes, 2000);
    const std::unique_ptr<ByteSource> first = ByteSource::FromString(bytes);
    LineSource source(*first, 2000);
    SourceRecord record;
    for (size_t i = 1; i < all.size(); ++i) {
      ASSERT_TRUE(*source.Next(&record));
      const std::unique_ptr<ByteSource> again = ByteSource::FromString(bytes);
      LineSource rest(*again, 2000);
      ASSERT_TRUE(rest.GoOn(record.next_line, record.next_byte).ok());
      SourceRecord next;
      ASSERT_TRUE(*rest.Next(&next));
      EXPECT_EQ(next.too_long ? StrCat(next.line, " too long") : StrCat(next.line, " ", next.text),
                all[i]);
    }
  }
}

TEST(LineSourceTest, ShowsTheFirstLinesWithoutLosingThem) {
  const std::unique_ptr<ByteSource> bytes = ByteSource::FromString("a\r\nb\nc\n");
  LineSource source(*bytes);
  EXPECT_THAT(*source.Peek(2), ElementsAre("a", "b"));
  SourceRecord record;
  ASSERT_TRUE(*source.Next(&record));
  EXPECT_EQ(record.text, "a");
}

TEST(ByteSourceTest, KnowsAFileAgainAndTellsAnotherFromIt) {
  const TempDirectory folder;
  const auto identity = [&](const std::string& text) {
    KeyWorkshop shop;
    shop.Write("f", text);
    return (*ByteSource::Open(shop.Path("f")))->identity();
  };
  const std::string text(200'000, 'a');
  EXPECT_EQ(identity(text), identity(text));
  EXPECT_NE(identity(text), identity(text + "a"));
  EXPECT_NE(identity(text), identity("b" + text.substr(1)));
  EXPECT_NE(identity(text), identity(text.substr(1) + "b"));
  EXPECT_EQ(ByteSource::Open(folder / "none").status().code(), StatusCode::kInvalidInput);
  EXPECT_EQ(ByteSource::Open(folder.path()).status().code(), StatusCode::kInvalidInput);
}

TEST(JsonSourceTest, FindsObjectsInEveryLayout) {
  const auto records = [](const std::string& text) { return RecordsOf<JsonSource>(text); };
  EXPECT_THAT(records("{\"a\":1}\n{\"b\":2}\n"), ElementsAre("1 {\"a\":1}", "2 {\"b\":2}"));
  EXPECT_THAT(records("[\n{\n  \"a\": {\n    \"c\": 1\n  }\n}\n,\n{\n  \"b\": 2\n}\n]\n"),
              ElementsAre("2 {\n  \"a\": {\n    \"c\": 1\n  }\n}", "8 {\n  \"b\": 2\n}"));
  EXPECT_THAT(records("[{\"a\":1},{\"b\":2}, {\"c\":3}]"),
              ElementsAre("1 {\"a\":1}", "1 {\"b\":2}", "1 {\"c\":3}"));
  EXPECT_THAT(
      records("{\n\"a\": [\n{\n\"b\": 1\n},\n{\n\"c\": 2\n}\n]\n}\n{\n\"d\": 1\n}"),
      ElementsAre("1 {\n\"a\": [\n{\n\"b\": 1\n},\n{\n\"c\": 2\n}\n]\n}", "11 {\n\"d\": 1\n}"));
}

TEST(JsonSourceTest, BracesInTextsAreText) {
  EXPECT_THAT(RecordsOf<JsonSource>(R"({"a":"}{\"}"} {"b":"\\"})"),
              ElementsAre(R"(1 {"a":"}{\"}"})", R"(1 {"b":"\\"})"));
}

TEST(JsonSourceTest, ABrokenObjectTakesNoOtherWithIt) {
  EXPECT_THAT(RecordsOf<JsonSource>("{\"a\": {\"x\n{\"b\":2}\n{\"c\":3}"),
              ElementsAre("1 {\"a\": {\"x\n", "2 {\"b\":2}", "3 {\"c\":3}"));
  EXPECT_THAT(RecordsOf<JsonSource>("[\n{\n  \"a\": {\n},\n{\n  \"b\": 2\n}\n]"),
              ElementsAre("2 {\n  \"a\": {\n},\n", "5 {\n  \"b\": 2\n}"));
  EXPECT_THAT(RecordsOf<JsonSource>("}}}\n{\"a\":1}\n{\"b\""),
              ElementsAre("2 {\"a\":1}", "3 {\"b\"\n"));
}

TEST(JsonSourceTest, GoesOnFromEveryPlaceItNames) {
  const std::string text =
      "[{\"a\":1}, {\"b\":2},\r\n{\n \"c\": 3\n}, {\"d\": {\n{\"e\":5} {\"f\":6}\n]";
  const std::vector<std::string> all = RecordsOf<JsonSource>(text);
  ASSERT_EQ(all.size(), 6U);
  const std::unique_ptr<ByteSource> first = ByteSource::FromString(text);
  JsonSource source(*first);
  SourceRecord record;
  for (size_t i = 1; i < all.size(); ++i) {
    ASSERT_TRUE(*source.Next(&record));
    const std::unique_ptr<ByteSource> again = ByteSource::FromString(text);
    JsonSource rest(*again);
    ASSERT_TRUE(rest.GoOn(record.next_line, record.next_byte).ok());
    SourceRecord next;
    ASSERT_TRUE(*rest.Next(&next));
    EXPECT_EQ(StrCat(next.line, " ", next.text), all[i]);
  }
}

TEST(JsonSourceTest, HoldsNoMoreThanIsAllowed) {
  std::string text = "{\n";
  for (int i = 0; i < 10'000; ++i) text += StrCat(" \"m", i, "\": 1,\n");
  text += "}\n{\"b\":2}";
  EXPECT_THAT(RecordsOf<JsonSource>(text, 1000), ElementsAre("1 too long", "10003 {\"b\":2}"));
}

}  // namespace
}  // namespace hark
