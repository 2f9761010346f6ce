// TLS servers that mean no good, against both ways of talking: OpenSSL's and the raw hello's.

#include <gtest/gtest.h>

#include "base/bytes.h"
#include "keys/certificate.h"
#include "worker/probe/limits.h"
#include "worker/probe/testing/play.h"
#include "worker/probe/tls_probe.h"

namespace hark {
namespace {

constexpr uint8_t kAlert = 21;
constexpr uint8_t kHandshake = 22;
constexpr char kHelloRequest[] = "\0\0\0\0";

std::string Record(uint8_t type, std::string_view body) {
  ByteWriter out;
  out.U8(type);
  out.U16(0x0303);
  out.U16(static_cast<uint16_t>(body.size()));
  out.Bytes(body);
  return out.Take();
}

// As many records as a message of this size takes.
std::string Records(std::string_view message) {
  std::string out;
  for (; !message.empty(); message.remove_prefix(std::min(message.size(), size_t{16384}))) {
    out += Record(kHandshake, message.substr(0, 16384));
  }
  return out;
}

std::string Message(uint8_t type, std::string_view body) {
  ByteWriter out;
  out.U8(type);
  out.U24(static_cast<uint32_t>(body.size()));
  out.Bytes(body);
  return out.Take();
}

// TLS 1.2 with an ECDHE suite all passes offer; `compression` 0 is the only one anybody offers.
std::string ServerHello(uint8_t compression = 0) {
  ByteWriter out;
  out.U16(0x0303);
  out.Bytes(std::string(32, 'r'));
  out.U8(0);
  out.U16(0xc02b);
  out.U8(compression);
  out.U16(5);
  out.Bytes(std::string("\xff\x01\x00\x01\x00", 5));
  return Message(2, out.str());
}

std::string Certificates(const std::vector<std::string>& chain) {
  ByteWriter list;
  for (const std::string& certificate : chain) {
    list.U24(static_cast<uint32_t>(certificate.size()));
    list.Bytes(certificate);
  }
  ByteWriter out;
  out.U24(static_cast<uint32_t>(list.size()));
  out.Bytes(list.str());
  return Message(11, out.str());
}

std::string Repeat(size_t times, const std::string& text) {
  std::string out;
  for (size_t i = 0; i < times; ++i) out += text;
  return out;
}

struct Seen {
  Verdict verdict;
  TlsFacts facts;
};

class HostileTls : public ::testing::TestWithParam<TlsPass> {
 protected:
  // The same whole and cut, or the test has failed.
  Seen After(const std::string& bytes) {
    const Seen whole = Once(bytes, Cuts::Whole());
    for (const Cuts& cuts : {FineCuts(bytes.size()), Cuts::Random(9)}) {
      const Seen cut = Once(bytes, cuts);
      EXPECT_EQ(Describe(cut.verdict), Describe(whole.verdict));
      EXPECT_EQ(cut.facts, whole.facts);
    }
    return whole;
  }
  Outcome OutcomeAfter(const std::string& bytes) { return After(bytes).verdict.outcome; }
  bool raw() const { return GetParam() == TlsPass::kRaw; }

  const ProbeOptions options_ = TestOptions();
  const TlsContexts contexts_;

 private:
  Seen Once(const std::string& bytes, const Cuts& cuts) {
    TlsProbe probe(options_, contexts_, GetParam(), nullptr);
    Hear(probe, bytes, cuts);
    EXPECT_TRUE(probe.done());
    return {probe.verdict(), probe.facts()};
  }
};

INSTANTIATE_TEST_SUITE_P(EveryPass, HostileTls,
                         ::testing::Values(TlsPass::kModern, TlsPass::kLegacy, TlsPass::kRaw));

TEST_P(HostileTls, CertificatesThatAreGarbageAreKeptAsGiven) {
  const std::vector<std::string> chain = {"garbage", std::string(3, '\0')};
  const Seen seen = After(Records(ServerHello() + Certificates(chain)));
  EXPECT_EQ(seen.verdict.outcome, raw() ? Outcome::kOk : Outcome::kProtocolError);
  EXPECT_EQ(seen.facts.chain, chain);
  EXPECT_EQ(seen.facts.proof, Proof::kUnverified);
}

// What is wrong with a certificate says nothing about who holds its key, and is no reason to come
// back with another offer. OpenSSL numbers its ASN.1 errors as it does those of TLS.
TEST_P(HostileTls, CertificatesThatAreGarbageInAnyWayAreNoBadProof) {
  const std::vector<std::string> garbage = {std::string("\x30\x87\1\1\1\1\1\1\1", 9),
                                            std::string("\x10\x02\x05\x00", 4), "\x30",
                                            std::string("\x30\x04\x31\x02\x05\x00", 6)};
  for (const std::string& certificate : garbage) {
    const Seen seen = After(Records(ServerHello() + Certificates({certificate})));
    EXPECT_EQ(seen.verdict.outcome, raw() ? Outcome::kOk : Outcome::kProtocolError)
        << seen.verdict.detail;
    EXPECT_EQ(seen.facts.proof, Proof::kUnverified) << seen.verdict.detail;
    EXPECT_FALSE(seen.facts.alert) << seen.verdict.detail;
  }
}

TEST_P(HostileTls, CertificateMessagesEndAtTheLimit) {
  const std::string two_megabytes = Message(11, std::string(size_t{2} << 20, 'x'));
  EXPECT_EQ(OutcomeAfter(Records(ServerHello() + two_megabytes)), Outcome::kTooLong);
  const std::string beyond = Message(11, std::string(kMaxTlsCertificateMessage + 1, 'x'));
  EXPECT_EQ(OutcomeAfter(Records(ServerHello() + beyond.substr(0, 100))), Outcome::kTooLong);
  const std::string largest = Message(11, std::string(kMaxTlsCertificateMessage, 'x'));
  EXPECT_EQ(OutcomeAfter(Records(ServerHello() + largest.substr(0, 100))), Outcome::kClosed);
}

TEST_P(HostileTls, OneCertificateBeyondTheLimitIsNotKept) {
  const std::string fat(kMaxCertificate + 1, 'x');
  EXPECT_EQ(After(Records(ServerHello() + Certificates({fat, "x"}))).facts.chain,
            std::vector<std::string>{"x"});
}

TEST_P(HostileTls, ChainsOfAThousandAreCut) {
  const std::vector<std::string> chain(1000, "\x30\x02\x05");
  EXPECT_EQ(After(Records(ServerHello() + Certificates(chain))).facts.chain.size(), kMaxTlsChain);
}

TEST_P(HostileTls, CertificateListsThatLieAboutTheirLength) {
  std::string lie = Certificates({"certificate"});
  lie[6] = '\x7f';
  const Seen seen = After(Records(ServerHello() + lie));
  EXPECT_TRUE(seen.facts.chain.empty());
}

TEST_P(HostileTls, AskingToRenegotiateForEverEndsAtTheLimitOnAllBytes) {
  const std::string request(kHelloRequest, 4);
  const std::string flood = Repeat(64, Record(kHandshake, Repeat(1200, request)));
  ASSERT_GT(flood.size(), kMaxTlsBytes);
  EXPECT_EQ(OutcomeAfter(flood), Outcome::kTooLong);
  EXPECT_EQ(OutcomeAfter(flood.substr(0, kMaxTlsBytes)), Outcome::kClosed);
}

TEST_P(HostileTls, FloodsOfWarningsEnd) {
  const Seen seen = After(Repeat(1000, Record(kAlert, "\x01\x5a")));
  EXPECT_EQ(seen.verdict.outcome, Outcome::kProtocolError) << seen.verdict.detail;
  EXPECT_LE(seen.facts.warning_alerts.size(), kMaxWarningAlerts);
  EXPECT_EQ(seen.facts.warning_alerts.front(), 0x5a);
}

TEST_P(HostileTls, FloodsOfEmptyRecordsEnd) {
  EXPECT_EQ(OutcomeAfter(Repeat(1000, Record(kHandshake, ""))), Outcome::kProtocolError);
}

TEST_P(HostileTls, RecordsOfTheLargestLengthEndAtTheirHeader) {
  EXPECT_EQ(OutcomeAfter("\x16\x03\x03\xff\xff"), Outcome::kProtocolError);
}

TEST_P(HostileTls, CompressionNobodyAskedFor) {
  const Seen seen = After(Records(ServerHello(1) + Certificates({"x"})));
  EXPECT_EQ(seen.facts.cipher_suite, 0xc02b);
  EXPECT_EQ(seen.verdict.outcome, raw() ? Outcome::kOk : Outcome::kProtocolError);
}

TEST_P(HostileTls, ExtensionsWithoutNumber) {
  ByteWriter extensions;
  for (uint16_t type = 1000; type < 3000; ++type) extensions.U32(uint32_t{type} << 16);
  std::string hello = ServerHello().substr(4, 2 + 32 + 1 + 2 + 1);
  ByteWriter body;
  body.Bytes(hello);
  body.U16(static_cast<uint16_t>(extensions.size()));
  body.Bytes(extensions.str());
  const Seen seen = After(Records(Message(2, body.str())));
  EXPECT_EQ(seen.facts.server_extensions.size(), kMaxServerExtensions);
  EXPECT_EQ(seen.facts.ja3s.size(), 32u);
}

TEST_P(HostileTls, MayHangUpAfterAnyByte) {
  const std::string flight = Records(ServerHello() + Certificates({"one", "two"}));
  for (size_t size = 0; size < flight.size(); ++size) {
    TlsProbe probe(options_, contexts_, GetParam(), nullptr);
    Hear(probe, flight.substr(0, size), Cuts::Bytes());
    EXPECT_EQ(probe.verdict().outcome, Outcome::kClosed) << size;
    EXPECT_TRUE(probe.facts().chain.empty());
  }
}

TEST_P(HostileTls, OneByteEveryFiveSecondsBuysNoTime) {
  TlsProbe probe(options_, contexts_, GetParam(), nullptr);
  const MonoTime start{std::chrono::hours(1)};
  MonoTime now = start;
  probe.OnConnected(now);
  const std::string flight = Records(ServerHello() + Certificates({"x"}));
  for (char c : flight) {
    now += std::chrono::seconds(5);
    if (now >= probe.deadline()) break;
    probe.OnBytes({&c, 1}, now);
  }
  EXPECT_EQ(probe.deadline() - start, options_.step_timeout);
  probe.OnDeadline(probe.deadline());
  EXPECT_EQ(probe.verdict().outcome, Outcome::kTooSlow);
}

}  // namespace
}  // namespace hark
