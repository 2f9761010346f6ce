#include "analysis/bundle_check.h"

#include <gtest/gtest.h>

#include "analysis/bundle_names.h"
#include "analysis/bundle_owner.h"
#include "analysis/fake_run_reader.h"
#include "analysis/json_text.h"
#include "base/strings.h"
#include "keys/digests.h"
#include "keys/ssh_key.h"
#include "keys/testing/key_workshop.h"

namespace hark {
namespace {

Address A(std::string_view text) {
  const std::optional<Address> address = Address::Parse(text);
  EXPECT_TRUE(address) << text;
  return *address;
}

class AddressesTest : public ::testing::Test {
 protected:
  AddressesTest() {
    for (const char* host : {"198.51.100.1", "203.0.113.5", "2001:db8::5", "2001:db8::50"}) {
      run_.AddHost(A(host));
    }
    hosts_ = *HostTable::Read(run_);
  }
  // 198.51.100.1 and 2001:db8::50 are own.
  bool Found(std::string_view text) const {
    const BundleAddresses addresses(hosts_, {A("198.51.100.1"), A("2001:db8::50")},
                                    {A("192.0.2.77"), A("198.51.100.1")});
    return addresses.Find(text).has_value();
  }

  FakeRunReader run_;
  HostTable hosts_;
};

TEST_F(AddressesTest, FindsAnAddressInEveryFormItMayBeWrittenIn) {
  for (const char* text : {"203.0.113.5",
                           "x 203.0.113.5, y",
                           "203.000.113.005",
                           "203-0-113-5",
                           "203_0_113_5",
                           "host-203-0-113-5.isp.example",
                           "\"203.0.113.5\"",
                           "5.113.0.203",
                           "5.113.0.203.in-addr.arpa",
                           "113.0.203.in-addr.arpa",
                           "203.IN-ADDR.ARPA",
                           "5-113-0-203.dyn.example",
                           "203.0.113.0/24",
                           "203.0.0.0/8",
                           "0.0.0.0/0",
                           "203.0.113.4/31",
                           "203.0.113.0-203.0.113.9",
                           "203.0.113.0 - 203.0.113.5",
                           "203.0.113.1-7",
                           "cb007105",
                           "0xCB007105",
                           "057100cb",
                           "cb:00:71:05",
                           "05-71-00-CB",
                           "3405803781",
                           "\\n203.0.113.5",
                           "192.0.2.77",
                           "v203.0.113.5",
                           "1.203.0.113.5"}) {
    EXPECT_TRUE(Found(text)) << text;
  }
}

TEST_F(AddressesTest, FindsAnIpv6AddressInEveryFormItMayBeWrittenIn) {
  for (const char* text :
       {"2001:db8::5", "2001:DB8::5", "2001:0db8:0000:0000:0000:0000:0000:0005", "[2001:db8::5]:22",
        "2001:db8:0:0::5", "2001:db8::0.0.0.5", "at:2001:db8::5.", "2001:db8::/32",
        "2001:db8::5/128", "20010db8000000000000000000000005",
        "5.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa",
        "2.0.0.1.0.d.b.8.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.5",
        "8.b.d.0.1.0.0.2.ip6.arpa", "::ffff:203.0.113.5", "::ffff:cb00:7105",
        "2002:cb00:7105::", "64:ff9b::203.0.113.5"}) {
    EXPECT_TRUE(Found(text)) << text;
  }
}

TEST_F(AddressesTest, DoesNotTakeOwnAddressesOrNumbersForOthers) {
  for (const char* text : {"198.51.100.1",
                           "198.51.100.1/32",
                           "198.51.100.0-198.51.100.9",
                           "2001:db8::50",
                           "c6336401",
                           "203.0.113.55",
                           "1203.0.113.5",
                           "203.0.113",
                           "203.0.113.4",
                           "203.0.113.6/31",
                           "203.0.114.0/24",
                           "2001:db8::6",
                           "2001:db8::50, 7",
                           "2026-11-22",
                           "12:34:56",
                           "33.44,55.66",
                           "acb007105",
                           "cb0071055",
                           "203.0.114.1-9",
                           ""}) {
    EXPECT_FALSE(Found(text)) << text;
  }
}

TEST_F(AddressesTest, AnOwnAddressIsNoneOfOthersThatReadsTheSameFromBehind) {
  FakeRunReader run;
  run.AddHost(A("1.2.3.4"));
  run.AddHost(A("4.3.2.1"));
  const HostTable hosts = *HostTable::Read(run);
  const BundleAddresses addresses(hosts, {A("4.3.2.1")}, {});
  EXPECT_FALSE(addresses.Find("4.3.2.1"));
  EXPECT_TRUE(addresses.Find("4.3.2.1.in-addr.arpa"));
}

TEST(NameFinder, FindsNamesAsWordsOfTheirOwn) {
  BundleNameFinder finder;
  for (const char* name :
       {"Foreign.Example", "*.wild.example", "mailhost", "foreign hosting inc.", "x", "", "*."}) {
    finder.Add(name);
  }
  EXPECT_EQ(finder.size(), 5U);
  for (const char* text :
       {"foreign.example", "a FOREIGN.EXAMPLE b", "mx1.foreign.example", "foreign.example.",
        "*.foreign.example", "https://foreign.example/", "wild.example", "\"mailhost\"",
        "220 mailhost ESMTP", "the mailhost.", "By Foreign Hosting Inc", "x"}) {
    EXPECT_NE(finder.Find(text), std::string::npos) << text;
  }
  for (const char* text : {"myforeign.example", "foreign.examples", "foreign-example", "mailhosts",
                           "mailhost.own.example", "own.mailhost", "foreign", "xx", ""}) {
    EXPECT_EQ(finder.Find(text), std::string::npos) << text;
  }
  EXPECT_EQ(finder.Find("see foreign.example"), 4U);
  // The longest name that was excused does not excuse another.
  finder.Excuse("our mailhost says x");
  EXPECT_EQ(finder.size(), 3U);
  EXPECT_EQ(finder.Find("mailhost x"), std::string::npos);
  EXPECT_NE(finder.Find("wild.example"), std::string::npos);
}

TEST(Fingerprints, AreFoundHoweverTheyAreWritten) {
  const std::string blob =
      std::string("\0\0\0\x0bssh-ed25519\0\0\0\x20", 19) + "0123456789abcdefghijklmnopqrstuv";
  BundleFingerprints fingerprints;
  fingerprints.AddBlob(blob);
  const std::string hash = Sha256(blob);
  const std::string hex = HexEncode(hash);
  std::string url = Base64(hash);
  std::replace(url.begin(), url.end(), '+', '-');
  std::replace(url.begin(), url.end(), '/', '_');
  std::string colons;
  for (size_t i = 0; i < hex.size(); i += 2) colons += (i > 0 ? ":" : "") + hex.substr(i, 2);
  std::string blanks = AsciiUpper(colons);
  std::replace(blanks.begin(), blanks.end(), ':', ' ');
  for (const std::string& text :
       {hex, AsciiUpper(hex), hex.substr(0, 12), "00" + hex, colons, AsciiUpper(colons), blanks,
        "SHA256 Fingerprint=" + AsciiUpper(colons), Base64(hash), url, SshSha256Fingerprint(blob),
        SshMd5Fingerprint(blob), HexEncode(Md5(blob)), HexEncode(Sha1(blob)), Base64(blob),
        HexEncode(blob), "c" + hex.substr(0, 12)}) {
    EXPECT_NE(fingerprints.Find(text), std::string::npos) << text;
  }
  for (const std::string& text :
       {hex.substr(0, 11), hex.substr(1), Base64(hash).substr(1), HexEncode(Sha256("other")),
        SshSha256Fingerprint("other"), std::string("AAAAC3NzaC1lZDI1NTE5AAAAI"), std::string()}) {
    EXPECT_EQ(fingerprints.Find(text), std::string::npos) << text;
  }
}

TEST(BundleCheck, SeesThroughEscapesAndNamesTheLine) {
  FakeRunReader run;
  run.AddHost(A("203.0.113.5"));
  const HostTable hosts = *HostTable::Read(run);
  BundleCheck check{BundleAddresses(hosts, {}, {}), {}, {}};
  check.names.Add("smith & \"sons\"");
  check.names.Add("m\xc3\xbcller.example");
  check.fingerprints.AddHash(Sha256("key"));
  for (const char* text :
       {"<b>Smith &amp; &quot;Sons&quot;</b>", "{\"o\":\"smith & \\\"sons\\\"\"}",
        "\"Smith & \"\"Sons\"\"\",1", "m\\u00fcller.example", "m\\xc3\\xbcller.example",
        "M\xc3\xbcller.example", "m&#252;ller.example", "m&#xfc;ller.example"}) {
    ASSERT_TRUE(check.Look(text)) << text;
    EXPECT_EQ(check.Look(text)->what, "a name of others");
  }
  EXPECT_EQ(check.Look("a\nb\n\\u0032\\u00303.0.113.5")->line, 3U);
  EXPECT_EQ(check.Look("203&#46;0.113.5")->what, "an address of others (in decimal parts)");
  EXPECT_EQ(check.Look("\n" + HexEncode(Sha256("key")))->what,
            "a fingerprint of a key or certificate");
  EXPECT_FALSE(check.Look("smith \\ sons &amp \\u12 &#; &#x; \\"));
}

TEST(BundleNames, AreWhatAHostCallsItselfAndTracesWhatElsePointsAtIt) {
  proto::PortObservation seen;
  seen.set_greeting("220-MX1.Foreign.Example ESMTP Exim 4.94.2 see abuse.example\r\n220 hello\r\n");
  seen.mutable_mail()->set_capabilities("250-[192.0.2.77] Hello\r\n250 8BITMIME\r\n");
  seen.mutable_http()->set_headers("Location: https://www.foreign.example/x\r\n");
  seen.mutable_ssh()->set_identification("SSH-2.0-OpenSSH_7.4p1 box.foreign.example");
  BundleNames shown;
  AddObservedNames(seen, shown);
  EXPECT_EQ(shown.names, std::set<std::string>{"mx1.foreign.example"});
  EXPECT_EQ(shown.traces, (std::set<std::string>{"220-mx1.foreign.example", "abuse.example",
                                                 "box.foreign.example", "mx1.foreign.example",
                                                 "www.foreign.example"}));
  EXPECT_EQ(shown.addresses, std::set<Address>{A("192.0.2.77")});
}

TEST(BundleNames, OfACertificateAreItsSubjectsAndAlternativeNames) {
  KeyWorkshop shop;
  shop.Run(
      "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout k "
      "-subj '/O=Foreign, Inc./OU=Unit/CN=WWW.Foreign.Example' -addext "
      "'subjectAltName=DNS:*.foreign.example,IP:203.0.113.9,email:root@foreign.example' "
      "-outform DER -out c.der");
  const BundleNames names = NamesOfCertificate(shop.Read("c.der"));
  EXPECT_EQ(names.names, (std::set<std::string>{"*.foreign.example", "www.foreign.example"}));
  EXPECT_TRUE(names.traces.contains("foreign, inc"));
  EXPECT_TRUE(names.traces.contains("unit"));
  EXPECT_TRUE(names.traces.contains("root@foreign.example"));
  EXPECT_EQ(names.addresses, std::set<Address>{A("203.0.113.9")});
  EXPECT_TRUE(NamesOfCertificate("not a certificate").names.empty());
}

TEST(BundleOwner, IsToldByTheHostsOwnAsPrefixOrName) {
  EXPECT_TRUE(BundleOwner::OfAsn(7).Owns(A("10.0.0.1"), 7, {}));
  EXPECT_FALSE(BundleOwner::OfAsn(7).Owns(A("10.0.0.1"), 0, {}));
  const AddressSet prefixes({*ParseSpan("10.0.0.0/24"), *ParseSpan("2001:db8::/32")});
  EXPECT_TRUE(BundleOwner::OfPrefixes(prefixes).Owns(A("10.0.0.9"), 7, {}));
  EXPECT_TRUE(BundleOwner::OfPrefixes(prefixes).Owns(A("2001:db8::9"), 0, {}));
  EXPECT_FALSE(BundleOwner::OfPrefixes(prefixes).Owns(A("10.0.1.9"), 7, {"x.example"}));
  const Result<BundleOwner> names = BundleOwner::OfNames("(^|\\.)Own\\.example$");
  ASSERT_TRUE(names.ok());
  EXPECT_TRUE(names->Owns(A("10.0.0.1"), 7, {"a.example", "www.own.example"}));
  EXPECT_FALSE(names->Owns(A("10.0.0.1"), 7, {"myown.example"}));
  EXPECT_FALSE(names->Owns(A("10.0.0.1"), 7, {std::string("own.example\0.evil.example", 25)}));
  EXPECT_FALSE(names->Owns(A("10.0.0.1"), 7, {}));
}

TEST(BundleOwner, RefusesExpressionsThatAreNoneOrMatchEverybody) {
  EXPECT_EQ(BundleOwner::OfNames("(a").status().code(), StatusCode::kInvalidInput);
  for (const char* all : {"", ".*", "x?"}) {
    EXPECT_NE(BundleOwner::OfNames(all).status().message().find("matches every name"),
              std::string::npos)
        << all;
  }
}

}  // namespace
}  // namespace hark
