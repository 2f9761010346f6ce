#include <gtest/gtest.h>

#include "api/crypto_material.h"
#include "api/python_json.h"
#include "api/ssh_words.h"
#include "base/bytes.h"
#include "base/strings.h"

namespace hark {
namespace {

using Form = AskedFingerprint::Form;

std::string Text(std::string_view bytes) {
  std::string out;
  AppendPythonString(out, bytes);
  return out;
}

TEST(PythonJson, EscapesAsPythonDoes) {
  EXPECT_EQ(Text("a\"\\\n\r\t\b\f/"), R"("a\"\\\n\r\t\b\f/")");
  EXPECT_EQ(Text(std::string_view("\0\x1f\x7f", 3)), R"("\u0000\u001f\u007f")");
  EXPECT_EQ(Text("\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80"), R"("\u00e4\u20ac\ud83d\ude00")");
}

TEST(PythonJson, TakesWhatIsNotUtf8ForTheCharactersOfItsBytes) {
  EXPECT_EQ(Text("\xff\xc3\xa4"), R"("\u00ff\u00c3\u00a4")");
  EXPECT_EQ(BytesOfText("\xc3\xbf"), "\xff");
  EXPECT_EQ(BytesOfText("plain"), std::nullopt);
  EXPECT_EQ(BytesOfText("\xe2\x82\xac"), std::nullopt);  // no byte has that number
}

TEST(PythonJson, SeparatesAsPythonDoes) {
  PythonJson json;
  json.BeginObject().Name("a").Uint(1).Name("b").BeginList().Int(-2).Null().BeginObject();
  json.EndObject().EndList().Name("c").String("d").EndObject();
  EXPECT_EQ(json.Take(), R"({"a": 1, "b": [-2, null, {}], "c": "d"})");
}

TEST(SshWords, FingerprintsInEveryForm) {
  const std::string md5 = "8ff9a33132ffee4addf51691ece028c4";
  const std::string bytes = *HexDecode(md5);
  EXPECT_EQ(ColonHex(bytes), "8f:f9:a3:31:32:ff:ee:4a:dd:f5:16:91:ec:e0:28:c4");
  EXPECT_EQ(ParseAskedFingerprint(ColonHex(bytes)).bytes.at(0), bytes);
  EXPECT_EQ(ParseAskedFingerprint("Md5:" + md5).form, Form::kMd5);
  EXPECT_EQ(ParseAskedFingerprint(std::string(47, 'x')).form, Form::kNothing);
  EXPECT_EQ(ParseAskedFingerprint(std::string(46, 'x')).form, Form::kMalformed);
  // 47 characters with colons in other places
  EXPECT_EQ(ParseAskedFingerprint("8ff:9:a3:31:32:ff:ee:4a:dd:f5:16:91:ec:e0:28:c4").form,
            Form::kNothing);
  EXPECT_EQ(ParseAskedFingerprint("SHA256:" + std::string(43, 'A')).bytes.at(0),
            std::string(32, '\0'));
  EXPECT_EQ(ParseAskedFingerprint("SHA256:" + std::string(42, 'A') + "B").form, Form::kMalformed);
}

TEST(SshWords, Base64ThatLostDoubledSlashesIsWhateverItMayHaveBeen) {
  const std::string whole = "//AAAAAAAAAAAAAAAAAAAA/AAAAAAAAAAAAAAAAAAAA";
  ASSERT_EQ(whole.size(), 43u);
  const std::string bytes = ParseAskedFingerprint("SHA256:" + whole).bytes.at(0);
  const AskedFingerprint lost = ParseAskedFingerprint("SHA256:" + whole.substr(1));
  EXPECT_EQ(lost.bytes.size(), 2u);
  EXPECT_TRUE(lost.bytes[0] == bytes || lost.bytes[1] == bytes);
}

TEST(SshWords, DaysAreThoseOfUtc) {
  EXPECT_EQ(DayText(0), "19700101");
  EXPECT_EQ(DayText(1704067199), "20231231");
  EXPECT_EQ(DayText(1704067200), "20240101");
  EXPECT_EQ(DayText(1709164800), "20240229");
  EXPECT_EQ(DayText(-1), "19691231");
}

std::string Blob(const std::vector<std::string>& fields) {
  ByteWriter blob;
  for (const std::string& field : fields) blob.String32(field);
  return blob.Take();
}

std::string Names(const CryptoMaterial& material) {
  std::string out;
  for (const auto& [name, value] : material) out += name + "=" + value + " ";
  return out;
}

TEST(CryptoMaterial, NumbersOfEveryTypeInDecimal) {
  const std::string point = std::string("\x04") + std::string(63, '\0') + "\x02";
  EXPECT_EQ(Names(CryptoMaterialOf(Blob({"ssh-rsa", "\x01\x01", std::string("\0\xff", 2)}))),
            "exponent=257 modulus=255 ");
  EXPECT_EQ(Names(CryptoMaterialOf(Blob({"ssh-dss", "\x05", "\x03", "\x02", "\x04"}))),
            "p=5 q=3 g=2 dsa_pub_key=4 ");
  EXPECT_EQ(Names(CryptoMaterialOf(Blob({"ecdsa-sha2-nistp384", "nistp384", "\x04\x01\x02"}))),
            "curve=nistp384 ec=262402 ");
  EXPECT_EQ(Names(CryptoMaterialOf(Blob({"ssh-ed25519", "\x01\x02"}))), "len_pk=2 pk=258 ");
  EXPECT_EQ(Names(CryptoMaterialOf(Blob({"sk-ssh-ed25519@openssh.com", "\x01\x02", "ssh:"}))),
            "len_pk=2 pk=258 application=ssh: ");
  EXPECT_EQ(Names(CryptoMaterialOf(
                Blob({"sk-ecdsa-sha2-nistp256@openssh.com", "nistp256", "\x04\x01", "ssh:"}))),
            "curve=nistp256 ec=1025 application=ssh: ");
  EXPECT_EQ(Names(CryptoMaterialOf(
                Blob({"ssh-rsa-cert-v01@openssh.com", "nonce", "\x03", "\x21", "more"}))),
            "exponent=3 modulus=33 ");
  EXPECT_EQ(Names(CryptoMaterialOf(Blob({"ssh-mldsa-65", "\x01\x01"}))), "len_pk=2 pk=257 ");
}

TEST(CryptoMaterial, NothingOfABlobThatIsNone) {
  EXPECT_TRUE(CryptoMaterialOf("").empty());
  EXPECT_TRUE(CryptoMaterialOf("\x7f\xff\xff\xff").empty());
  EXPECT_TRUE(CryptoMaterialOf(Blob({"ssh-rsa", "\x03"})).empty());
  EXPECT_TRUE(CryptoMaterialOf(Blob({"unheard-of", "a", "b"})).empty());
}

TEST(CryptoMaterial, NumbersThatTakeTooLongAreLeftOut) {
  const std::string large(kMaxMaterialBytes + 1, '\x7f');
  EXPECT_EQ(Names(CryptoMaterialOf(Blob({"ssh-rsa", "\x03", large}))), "exponent=3 ");
}

}  // namespace
}  // namespace hark
