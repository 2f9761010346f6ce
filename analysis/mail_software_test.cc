#include "analysis/mail_software.h"

#include <gtest/gtest.h>

#include <string>

namespace hark {
namespace {

TEST(MailSoftwareTest, IsToldByTheWordsOfItsMakers) {
  const std::pair<const char*, MailSoftware> greetings[] = {
      {"220 mx.example.org ESMTP Postfix (Debian/GNU)\r\n", MailSoftware::kPostfix},
      {"220-mx.example.org ESMTP Sendmail 8.15.2; Mon\r\n220 go on\r\n", MailSoftware::kSendmail},
      {"220 EX1.corp.example Microsoft ESMTP MAIL Service ready\r\n", MailSoftware::kExchange},
      {"220 AM1EUR.mail.protection.outlook.com Microsoft ESMTP MAIL Service ready\r\n",
       MailSoftware::kExchangeOnline},
      {"220 mail.example ESMTP OpenSMTPD\r\n", MailSoftware::kOpenSmtpd},
      {"220 gw.example ESMTP ready at Mon (Cisco)\r\n", MailSoftware::kCisco},
      {"220 mail.example ESMTP\r\n", MailSoftware::kOther},
      {"220\r\n", MailSoftware::kOther},
      {"", MailSoftware::kUnknown},
      {"421 too many connections, says Postfix\r\n", MailSoftware::kUnknown}};
  for (const auto& [greeting, software] : greetings) {
    EXPECT_EQ(MailSoftwareOf(greeting), software) << greeting;
  }
}

TEST(MailSoftwareTest, DoesNotLookAtTheNameOfTheHost) {
  EXPECT_EQ(MailSoftwareOf("220 postfix.example ESMTP Exim 4.94.2 ready\r\n"), MailSoftware::kExim);
  EXPECT_EQ(MailSoftwareOf("220-postfix.example Exim 4.94 ready\r\n220 \r\n"), MailSoftware::kExim);
  EXPECT_EQ(MailSoftwareOf("220 notoutlook.com Microsoft ESMTP\r\n"), MailSoftware::kExchange);
}

TEST(MailSoftwareTest, ComparesVersionsAsNumbersNotAsFractions) {
  const auto exim = [](const std::string& version) {
    return MailSoftwareOf("220 a.example ESMTP Exim " + version + " Mon, 30 Apr\r\n");
  };
  EXPECT_EQ(exim("4.91"), MailSoftware::kEximOld);
  EXPECT_EQ(exim("4.9"), MailSoftware::kEximOld);
  EXPECT_EQ(exim("3.100"), MailSoftware::kEximOld);
  EXPECT_EQ(exim("4.92"), MailSoftware::kExim);
  EXPECT_EQ(exim("4.100.1"), MailSoftware::kExim);
  EXPECT_EQ(exim("5.0"), MailSoftware::kExim);
  for (const char* untold : {"", "#2", "4", "4.", "99999999999.1"}) {
    EXPECT_EQ(exim(untold), MailSoftware::kEximUntold) << untold;
  }
}

TEST(MailSoftwareTest, EveryKindHasANameAndAModel) {
  for (size_t i = 0; i < kMailSoftwareCount; ++i) {
    const auto software = static_cast<MailSoftware>(i);
    EXPECT_STRNE(MailSoftwareName(software), "");
    EXPECT_STRNE(MailModelName(MailModelOf(software)), "");
  }
  EXPECT_EQ(MailModelOf(MailSoftware::kPlesk), MailModel::kPanel);
}

}  // namespace
}  // namespace hark
