#include "keys/ssh_identification.h"

#include <gtest/gtest.h>

#include <string>

namespace hark {
namespace {

std::string Parts(std::string_view line) {
  const SshIdentification parts = SplitSshIdentification(line);
  return std::string(parts.protocol) + "|" + std::string(parts.software) + "|" +
         std::string(parts.comment);
}

TEST(SshIdentification, IsSplitIntoProtocolSoftwareAndComment) {
  EXPECT_EQ(Parts("SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u10"),
            "2.0|OpenSSH_9.2p1|Debian-2+deb12u10");
  EXPECT_EQ(Parts("SSH-2.0-dropbear_2022.83"), "2.0|dropbear_2022.83|");
  EXPECT_EQ(Parts("SSH-1.99-Cisco-1.25"), "1.99|Cisco-1.25|");
  EXPECT_EQ(Parts("SSH-2.0-x  two blanks"), "2.0|x| two blanks");
  EXPECT_EQ(Parts("SSH-2.0- comment only"), "2.0||comment only");
}

TEST(SshIdentification, LacksWhatTheLineLacks) {
  EXPECT_EQ(Parts("SSH-2.0-"), "2.0||");
  EXPECT_EQ(Parts("SSH-2.0"), "2.0||");
  EXPECT_EQ(Parts("SSH-"), "||");
  EXPECT_EQ(Parts("ssh-2.0-x"), "||");
  EXPECT_EQ(Parts(""), "||");
}

}  // namespace
}  // namespace hark
