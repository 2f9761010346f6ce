#include "api/environment.h"

#include <filesystem>
#include <fstream>

#include "api/lookup.h"
#include "api/named_fact.h"
#include "api/v1_fixture.h"
#include "base/testing/temp_directory.h"

namespace hark {
namespace {

class EnvironmentTest : public V1Test {
 protected:
  bool Has(const Environment& environment, std::string_view host) {
    Effort effort = Effort::Patient();
    const auto place = [](const Address& address) {
      return ApiPlace{address.is_v4() ? 0U : 64496U, ""};
    };
    return environment.Has(Memory(place), Named(host), effort).value();
  }
  TempDirectory folder_;
};

TEST_F(EnvironmentTest, APrefixAnAsANameAndADomainAreInIt) {
  const Environment environment =
      *Environment::Parse("office",
                          "# ours\n192.0.2.0/24 # hall\n\n198.51.100.1-198.51.100.3\nAS64496\r\n"
                          "WWW.Example.org\n.lab.example.org\n");
  for (const char* inside : {"192.0.2.255", "198.51.100.2", "2001:db8::1", "www.example.org",
                             "a.b.lab.example.org", "lab.example.org"}) {
    EXPECT_TRUE(Has(environment, inside)) << inside;
  }
  for (const char* outside : {"192.0.3.0", "198.51.100.4", "example.org", "notlab.example.org",
                              "xwww.example.org", "0.0.0.0"}) {
    EXPECT_FALSE(Has(environment, outside)) << outside;
  }
}

TEST_F(EnvironmentTest, WhatIsWrongIsNamedWithItsLine) {
  for (const char* wrong :
       {"192.0.2.1/24", "192.0.2.300", "2001:db8::/129", "two words", "caf\xc3\xa9"}) {
    const auto environment = Environment::Parse("x", std::string("10.0.0.0/8\n") + wrong);
    ASSERT_FALSE(environment.ok()) << wrong;
    EXPECT_EQ(environment.status().code(), StatusCode::kInvalidInput);
    EXPECT_EQ(environment.status().message().rfind("line 2: ", 0), 0U)
        << environment.status().message();
  }
}

TEST_F(EnvironmentTest, ANameIsNoPath) {
  std::ofstream(folder_ / "office") << "192.0.2.0/24\n";
  std::filesystem::create_directory(folder_ / "inner");
  EXPECT_TRUE(ReadEnvironment(folder_.path(), "office").ok());
  for (const char* name :
       {"..", ".", "", "../office", "inner/../office", ".hidden", "a b", "office/", "-x"}) {
    EXPECT_EQ(ReadEnvironment(folder_.path(), name).status().code(), StatusCode::kInvalidInput)
        << name;
  }
  EXPECT_EQ(ReadEnvironment(folder_.path(), "inner").status().code(), StatusCode::kNotFound);
  EXPECT_EQ(ReadEnvironment(folder_.path(), "home").status().code(), StatusCode::kNotFound);
  EXPECT_EQ(EnvironmentNames(folder_.path()), std::vector<std::string>{"office"});
  EXPECT_TRUE(EnvironmentNames(folder_.path() + "/none").empty());
}

TEST_F(EnvironmentTest, AQuestionIsRecognisedByItsForm) {
  const auto kind = [](std::string_view text) { return ReadLookup(text)->kind; };
  EXPECT_EQ(kind("192.0.2.1"), LookupKind::kHost);
  EXPECT_EQ(kind("2001:db8::1"), LookupKind::kHost);
  EXPECT_EQ(kind("11:22:33:44:55:66:77:88"), LookupKind::kHost);  // an IPv6 address
  EXPECT_EQ(kind("www.example.org"), LookupKind::kHost);
  EXPECT_EQ(kind("8f:f9:a3:31:32:ff:ee:4a:dd:f5:16:91:ec:e0:28:c4"), LookupKind::kHash);
  EXPECT_EQ(kind("0123456789abcdef0123456789ABCDEF"), LookupKind::kHash);
  EXPECT_EQ(kind("SHA256:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU"), LookupKind::kHash);
  EXPECT_EQ(kind("banner:SSH-2.0-x"), LookupKind::kBanner);
  EXPECT_EQ(kind("name:.example.org"), LookupKind::kName);
  EXPECT_EQ(kind("issuer:CN=x"), LookupKind::kIssuer);
  EXPECT_EQ(kind("changes:192.0.2.1"), LookupKind::kChanges);
  EXPECT_FALSE(ReadLookup(" ").ok());
  EXPECT_FALSE(ReadLookup("banner:").ok());
}

}  // namespace
}  // namespace hark
