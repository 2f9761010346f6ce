#include "worker/probe/ssh_wire.h"

#include <gtest/gtest.h>

#include "base/bytes.h"
#include "worker/probe/limits.h"

namespace hark::ssh {
namespace {

std::string Framed(uint32_t length, uint8_t padding, size_t bytes) {
  ByteWriter out;
  out.U32(length);
  out.U8(padding);
  out.Bytes(std::string(bytes, 'x'));
  return out.Take();
}

TEST(Packets, AreReadAsTheyWereWritten) {
  for (size_t size = 1; size < 40; ++size) {
    const std::string payload(size, 'p');
    const std::string packet = Packet(payload);
    const std::string more = packet + "next";
    const FramedPacket read = ReadPacket(more);
    EXPECT_EQ(read.framing, Framing::kPacket);
    EXPECT_EQ(read.payload, payload);
    EXPECT_EQ(read.size, packet.size());
    for (size_t part = 0; part < packet.size(); ++part) {
      EXPECT_EQ(ReadPacket(packet.substr(0, part)).framing, Framing::kNeedMore) << part;
    }
  }
}

TEST(Packets, HaveFourBytesOfPaddingAtLeastAndOneOfPayload) {
  constexpr uint32_t kLength = 28;
  for (int padding = 0; padding < 256; ++padding) {
    const bool good = padding >= 4 && padding + 2 <= static_cast<int>(kLength);
    const std::string packet = Framed(kLength, static_cast<uint8_t>(padding), kLength - 1);
    EXPECT_EQ(ReadPacket(packet).framing, good ? Framing::kPacket : Framing::kMalformed) << padding;
  }
}

TEST(Packets, HaveALengthThatCanBe) {
  for (uint32_t length = 0; length < 64; ++length) {
    const bool good = length >= 12 && (length + 4) % 8 == 0;
    EXPECT_EQ(ReadPacket(Framed(length, 4, 64)).framing,
              good ? Framing::kPacket : Framing::kMalformed)
        << length;
  }
  for (uint32_t length : {uint32_t{kMaxSshPacket + 4}, 10u << 20, 0x7fffffffu, 0xffffffffu}) {
    EXPECT_EQ(ReadPacket(Framed(length, 4, 0)).framing, Framing::kTooLong) << length;
  }
}

TEST(KexInits, AreMalformedWhereverTheyAreCut) {
  const std::string whole = KexInitPayload("ssh-ed25519", std::string(16, 'c'));
  EXPECT_TRUE(ReadKexInit(whole));
  for (size_t size = 0; size < whole.size(); ++size) {
    EXPECT_FALSE(ReadKexInit(whole.substr(0, size))) << size;
  }
}

}  // namespace
}  // namespace hark::ssh
