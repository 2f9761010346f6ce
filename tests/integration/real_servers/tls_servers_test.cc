// openssl s_server, where no packaged server can be that odd.

#include <gtest/gtest.h>

#include "tests/integration/real_servers/tls_fixture.h"

namespace hark {
namespace {

TEST_F(TlsServerTest, SServerWithA1024BitGroupIsServedByTheLegacyPass) {
  if (!server_.Has("/usr/bin/openssl", "openssl")) return;
  const uint16_t port = server_.NewPort();
  server_.Run(
      "openssl req -x509 -newkey rsa:1024 -nodes -keyout k.pem -subj /CN=old -out c.pem && "
      "openssl dhparam -dsaparam -out dh.pem 1024");
  server_.Start(
      {"/usr/bin/openssl", "s_server", "-accept", StrCat(server_.ip(), ":", port), "-key",
       server_.Path("k.pem"), "-cert", server_.Path("c.pem"), "-dhparam", server_.Path("dh.pem"),
       "-tls1_1", "-cipher", "DHE-RSA-AES128-SHA:@SECLEVEL=0", "-quiet"},
      {port});
  const PortObservation seen = Survey(server_.address(), port, Protocol::kHttps);
  EXPECT_EQ(seen.outcome, Outcome::kOk) << seen.detail;
  ASSERT_TRUE(seen.tls);
  EXPECT_EQ(seen.tls->group, "dh1024");
  EXPECT_TRUE(seen.tls->legacy_pass);
  EXPECT_EQ(seen.tls->chain, std::vector<std::string>{PemToDer(server_.Read("c.pem"))});
}

}  // namespace
}  // namespace hark
