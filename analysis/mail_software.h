#pragma once

// Which mail server greets: by words that its makers put into the greeting (RFC 5321 §4.2). Hints,
// not facts: a greeting is whatever its operator says, and many say nothing. The host's own name,
// the first word, is not looked at (a host may be called postfix.example), but for Exchange Online,
// which is told by the name its operator gave the hosts.

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace hark {

// Of several words the first one in this order counts.
enum class MailSoftware : uint8_t {
  kAmazonSes,
  kExchangeOnline,
  kExchange,
  kPlesk,
  kMailEnable,
  kPostfix,
  kEximOld,     // before 4.92
  kExim,        // 4.92 or newer
  kEximUntold,  // no version
  kSendmail,
  kHaraka,
  kMDaemon,
  kIceWarp,
  kTrendMicro,
  kSophos,
  kCisco,
  kBarracuda,
  kKerio,
  kAxigen,
  kCommuniGate,
  kOpenSmtpd,
  kQmail,
  kOther,    // a greeting without such a word
  kUnknown,  // no greeting of SMTP
};
inline constexpr size_t kMailSoftwareCount = 24;

// Who keeps such a server up to date.
enum class MailModel : uint8_t { kManagedCloud, kSelfHosted, kPanel, kGateway, kUnknown };
inline constexpr size_t kMailModelCount = 5;

// greeting: all lines, as the server sent them; a stranger's, of any length and bytes.
MailSoftware MailSoftwareOf(std::string_view greeting);
MailModel MailModelOf(MailSoftware software);
const char* MailSoftwareName(MailSoftware software);  // for people and programs; stable
const char* MailModelName(MailModel model);

}  // namespace hark
