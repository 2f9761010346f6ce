#include "worker/engine/syn_packet.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "base/random.h"
#include "base/strings.h"

namespace hark {
namespace {

std::string Written(const SynFields& fields) {
  std::string packet(kSynPacketSize, '\xff');
  WriteSyn(fields, reinterpret_cast<uint8_t*>(packet.data()));
  return packet;
}

// RFC 1071 word by word, folding at each: slow and another way than the code's.
uint16_t SlowSum(std::string_view bytes) {
  uint32_t sum = 0;
  for (size_t i = 0; i < bytes.size(); i += 2) {
    sum += uint32_t{static_cast<uint8_t>(bytes[i])} * 256 + static_cast<uint8_t>(bytes[i + 1]);
    if (sum > 0xffff) sum -= 0xffff;
  }
  return static_cast<uint16_t>(sum);
}

// The sum over a header with its checksum in it is all ones.
bool ChecksumsHold(const std::string& packet) {
  const std::string pseudo = packet.substr(12, 8) + std::string("\0\6\0\x28", 4);
  return SlowSum(packet.substr(0, 20)) == 0xffff && SlowSum(pseudo + packet.substr(20)) == 0xffff;
}

constexpr SynFields kFields{.source = 0x0a000001,
                            .target = 0xc0000207,
                            .source_port = 61007,
                            .target_port = 443,
                            .sequence = 0x12345678,
                            .timestamp = 0x9abcdef0,
                            .id = 0xbeef};

TEST(SynPacketTest, LooksLikeThatOfALinuxHost) {
  EXPECT_EQ(HexEncode(Written(kFields)),
            "4500003cbeef40004006afc4"
            "0a000001c0000207"
            "ee4f01bb12345678"
            "00000000a002faf0"
            "aea20000"
            "020405b40402080a9abcdef00000000001030307");
}

TEST(SynPacketTest, ItsChecksumsAreRightWhateverIsInIt) {
  Random random(7);
  for (int i = 0; i < 20000; ++i) {
    SynFields fields{.source = static_cast<uint32_t>(random.Next()),
                     .target = static_cast<uint32_t>(random.Next()),
                     .source_port = static_cast<uint16_t>(random.Next()),
                     .target_port = static_cast<uint16_t>(random.Next()),
                     .sequence = static_cast<uint32_t>(random.Next()),
                     .timestamp = static_cast<uint32_t>(random.Next()),
                     .id = static_cast<uint16_t>(random.Next())};
    ASSERT_TRUE(ChecksumsHold(Written(fields))) << HexEncode(Written(fields));
  }
  const SynFields ones{~0U, ~0U, 0xffff, 0xffff, ~0U, ~0U, 0xffff};
  EXPECT_TRUE(ChecksumsHold(Written(ones)));
  EXPECT_TRUE(ChecksumsHold(Written({})));
}

TEST(SynPacketTest, ARepeatDiffersInItsIdentificationOnly) {
  SynFields again = kFields;
  again.id = 1;
  const std::string a = Written(kFields);
  const std::string b = Written(again);
  for (size_t i = 0; i < a.size(); ++i) {
    const bool may_differ = i == 4 || i == 5 || i == 10 || i == 11;  // and the checksum over it
    EXPECT_TRUE(a[i] == b[i] || may_differ) << i;
  }
}

// A TCP header without options, from target to source of kFields.
std::string Answer(uint8_t flags, const std::string& ip_options = "") {
  std::string ip = *HexDecode("4500003c00004000400600000a0000010a000001");
  ip[0] = static_cast<char>(0x40 | (5 + ip_options.size() / 4));
  ip.replace(12, 8, *HexDecode("c00002070a000001"));
  std::string tcp = *HexDecode("01bbee4faaaaaaaa123456795000ffff00000000");
  tcp[13] = static_cast<char>(flags);
  return ip + ip_options + tcp;
}

void ExpectIsOurs(const std::optional<SynEvidence>& found, SynReply::Kind kind) {
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(found->kind, kind);
  EXPECT_EQ(found->source, kFields.source);
  EXPECT_EQ(found->target, kFields.target);
  EXPECT_EQ(found->source_port, kFields.source_port);
  EXPECT_EQ(found->target_port, kFields.target_port);
  EXPECT_EQ(found->sequence, kFields.sequence);
}

TEST(SynPacketTest, ReadsWhatASynAndAckAnswers) {
  ExpectIsOurs(ParseSynReply(Answer(0x12)), SynReply::Kind::kAnswered);
  ExpectIsOurs(ParseSynReply(Answer(0x52)), SynReply::Kind::kAnswered);  // with ECN (RFC 3168)
}

TEST(SynPacketTest, ReadsWhatAResetRefuses) {
  ExpectIsOurs(ParseSynReply(Answer(0x14)), SynReply::Kind::kRefused);
  ExpectIsOurs(ParseSynReply(Answer(0x16)), SynReply::Kind::kRefused);
}

TEST(SynPacketTest, ReadsBehindOptionsOfTheIpHeader) {
  ExpectIsOurs(ParseSynReply(Answer(0x12, std::string(40, '\1'))), SynReply::Kind::kAnswered);
}

TEST(SynPacketTest, FlagsThatAnswerNoSynAreNothing) {
  for (int flags = 0; flags < 64; ++flags) {
    const bool ack = (flags & 0x10) != 0;
    const bool answers = ack && (flags & 0x06) != 0;
    EXPECT_EQ(ParseSynReply(Answer(static_cast<uint8_t>(flags))).has_value(), answers) << flags;
  }
}

std::string IcmpError(uint8_t type, size_t quoted = 28) {
  std::string out = *HexDecode("45000038000000004001000001020304") + *HexDecode("0a000001");
  out += static_cast<char>(type);
  out += std::string(7, '\0');
  return out + Written(kFields).substr(0, quoted);
}

TEST(SynPacketTest, ReadsTheSynThatAnIcmpErrorQuotes) {
  for (const uint8_t type : {3, 11, 12}) {
    ExpectIsOurs(ParseSynReply(IcmpError(type)), SynReply::Kind::kUnreachable);
    ExpectIsOurs(ParseSynReply(IcmpError(type, kSynPacketSize)), SynReply::Kind::kUnreachable);
  }
}

TEST(SynPacketTest, OtherIcmpIsNothing) {
  for (int type = 0; type < 256; ++type) {
    if (type == 3 || type == 11 || type == 12) continue;
    EXPECT_FALSE(ParseSynReply(IcmpError(static_cast<uint8_t>(type)))) << type;
  }
}

TEST(SynPacketTest, AnErrorThatQuotesSomethingElseIsNothing) {
  std::string udp = IcmpError(3);
  udp[28 + 9] = 17;
  EXPECT_FALSE(ParseSynReply(udp));
  std::string fragment = IcmpError(3);
  fragment[28 + 7] = 1;
  EXPECT_FALSE(ParseSynReply(fragment));
}

TEST(SynPacketTest, WhatEndsEarlyIsNothing) {
  for (const std::string& whole : {Answer(0x12), IcmpError(3)}) {
    const size_t needed = whole == Answer(0x12) ? 34 : whole.size();  // up to the flags
    for (size_t size = 0; size < whole.size(); ++size) {
      EXPECT_EQ(ParseSynReply(whole.substr(0, size)).has_value(), size >= needed) << size;
    }
  }
}

TEST(SynPacketTest, LaterFragmentsAndOtherVersionsAreNothing) {
  std::string fragment = Answer(0x12);
  fragment[7] = 8;
  EXPECT_FALSE(ParseSynReply(fragment));
  std::string v6 = Answer(0x12);
  v6[0] = 0x65;
  EXPECT_FALSE(ParseSynReply(v6));
  std::string short_header = Answer(0x12);
  short_header[0] = 0x44;
  EXPECT_FALSE(ParseSynReply(short_header));
}

}  // namespace
}  // namespace hark
