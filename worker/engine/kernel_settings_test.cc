#include "worker/engine/kernel_settings.h"

#include <gtest/gtest.h>

namespace hark {
namespace {

TEST(KernelSettings, OfThisMachineCanBeRead) {
  const auto ports = ReadLocalPorts();
  ASSERT_TRUE(ports);
  EXPECT_GT(ports->size(), 1U);
  EXPECT_TRUE(ReadKernelNumber("/proc/sys/net/core/somaxconn"));
  EXPECT_FALSE(ReadKernelNumber("/proc/sys/kernel/ostype"));
  EXPECT_FALSE(ReadKernelText("/proc/sys/kernel/no_such_thing"));
}

TEST(KernelSettings, PortRangesThatAreNoneAreNotRead) {
  const auto ports = ParseLocalPorts("32768\t60999\n");
  ASSERT_TRUE(ports);
  EXPECT_EQ(ports->first, 32768);
  EXPECT_EQ(ports->last, 60999);
  EXPECT_EQ(ports->size(), 28232U);
  for (const char* text :
       {"", "1024", "1024\t", "a b", "60999 32768", "1024 65536", "1 2 3", "-1 9"}) {
    EXPECT_FALSE(ParseLocalPorts(text)) << text;
  }
}

}  // namespace
}  // namespace hark
