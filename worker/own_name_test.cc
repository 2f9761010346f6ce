#include "worker/own_name.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

namespace hark {
namespace {

using ::testing::HasSubstr;

// Knows what it is told, and what it was asked.
class FakeResolver final : public NameResolver {
 public:
  std::string NameOf(const Address& address) override {
    ++asked;
    return names[address.ToString()];
  }
  std::vector<Address> AddressesOf(const std::string& name) override {
    ++asked;
    return addresses[name];
  }

  std::map<std::string, std::string> names;
  std::map<std::string, std::vector<Address>> addresses;
  int asked = 0;
};

class OwnNames : public ::testing::Test {
 protected:
  OwnName Choose(const std::string& configured, const char* own) {
    return ChooseOwnName(configured, *Address::Parse(own), dns_);
  }

  FakeResolver dns_;
};

constexpr char kGlobal[] = "5.6.7.8";
constexpr char kGlobal6[] = "2a00:1:2::3";

TEST_F(OwnNames, AreThePtrNameWhereItLeadsBack) {
  dns_.names[kGlobal] = "scan.example.org.";
  dns_.addresses["scan.example.org"] = {*Address::Parse("9.9.9.1"), *Address::Parse(kGlobal)};
  EXPECT_EQ(Choose("", kGlobal).name, "scan.example.org");
  dns_.names[kGlobal6] = "scan6.example.org";
  dns_.addresses["scan6.example.org"] = {*Address::Parse(kGlobal6)};
  EXPECT_EQ(Choose("", kGlobal6).name, "scan6.example.org");
}

TEST_F(OwnNames, AreTheLiteralWhereThePtrNameLeadsElsewhereOrNowhere) {
  EXPECT_EQ(Choose("", kGlobal).name, "[5.6.7.8]");
  dns_.names[kGlobal] = "bank.example";
  EXPECT_EQ(Choose("", kGlobal).name, "[5.6.7.8]");
  dns_.addresses["bank.example"] = {*Address::Parse("9.9.9.1")};
  EXPECT_EQ(Choose("", kGlobal).name, "[5.6.7.8]");
  EXPECT_EQ(Choose("", kGlobal6).name, "[IPv6:2a00:1:2::3]");
}

TEST_F(OwnNames, NeverComeFromAPtrThatIsNoHostName) {
  for (const std::string& name :
       {std::string("a.b\r\nMAIL FROM:<x@y>"), std::string("a b.c"), std::string("localhost"),
        std::string(".a"), std::string("a..b"), "x." + std::string(255, 'x')}) {
    dns_.names[kGlobal] = name;
    dns_.addresses[name] = {*Address::Parse(kGlobal)};
    EXPECT_EQ(Choose("", kGlobal).name, "[5.6.7.8]") << name;
  }
}

TEST_F(OwnNames, AskNoDnsForAnAddressThatIsNotGlobal) {
  for (const char* own : {"127.0.0.1", "10.1.2.3", "192.168.1.1", "169.254.1.1", "100.64.0.1",
                          "192.0.2.1", "::1", "fe80::1", "fd00::1", "2001:db8::1", "::"}) {
    EXPECT_EQ(Choose("", own).name, AddressLiteral(*Address::Parse(own))) << own;
    EXPECT_EQ(Choose("scan.example.org", own).name, "scan.example.org");
    EXPECT_EQ(Choose("scan.example.org", own).warning, "");
  }
  EXPECT_EQ(dns_.asked, 0);
}

TEST_F(OwnNames, AreAsConfiguredWithAWarningWhereTheNameLeadsElsewhere) {
  EXPECT_EQ(Choose("scan.example.org", kGlobal).name, "scan.example.org");
  EXPECT_THAT(Choose("scan.example.org", kGlobal).warning,
              HasSubstr("'scan.example.org' does not lead to 5.6.7.8"));
  dns_.addresses["scan.example.org"] = {*Address::Parse(kGlobal)};
  EXPECT_EQ(Choose("scan.example.org", kGlobal).warning, "");
}

TEST_F(OwnNames, MayBeAConfiguredLiteral) {
  EXPECT_EQ(Choose("[6.6.6.6]", kGlobal).name, "[6.6.6.6]");
  EXPECT_EQ(Choose("[6.6.6.6]", kGlobal).warning, "");
  EXPECT_EQ(dns_.asked, 0);
}

TEST(OwnAddresses, AreTheConfiguredSource) {
  const Source v6{.v6 = Address::Parse("::1")};
  EXPECT_EQ(OwnAddress(v6).ToString(), "::1");
  const Source both{.v4 = Address::Parse("127.0.0.9"), .v6 = Address::Parse("::1")};
  EXPECT_EQ(OwnAddress(both).ToString(), "127.0.0.9");
}

// /etc/hosts or the library itself: no DNS is needed for these.
TEST(SystemResolvers, KnowTheAddressesOfAnAddress) {
  EXPECT_EQ(NewSystemNameResolver()->AddressesOf("127.0.0.5"),
            std::vector<Address>{*Address::Parse("127.0.0.5")});
  EXPECT_EQ(NewSystemNameResolver()->AddressesOf("::1"),
            std::vector<Address>{*Address::Parse("::1")});
}

}  // namespace
}  // namespace hark
