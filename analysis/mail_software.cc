#include "analysis/mail_software.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>

#include "base/strings.h"

namespace hark {
namespace {

struct Makers {
  const char* name;
  MailModel model;
  const char* word;  // that begins so, in either case; nullptr = found in another way
};

// By MailSoftware.
constexpr std::array<Makers, kMailSoftwareCount> kSoftware = {{
    {"Amazon SES", MailModel::kManagedCloud, "amazonses"},
    {"Exchange Online", MailModel::kManagedCloud, nullptr},
    {"Exchange", MailModel::kSelfHosted, "microsoft esmtp"},
    {"Plesk", MailModel::kPanel, "plesk"},
    {"MailEnable", MailModel::kSelfHosted, "mailenable"},
    {"Postfix", MailModel::kSelfHosted, "postfix"},
    {"Exim before 4.92", MailModel::kSelfHosted, nullptr},
    {"Exim 4.92 or newer", MailModel::kSelfHosted, nullptr},
    {"Exim, version not told", MailModel::kSelfHosted, nullptr},
    {"Sendmail", MailModel::kSelfHosted, "sendmail"},
    {"Haraka", MailModel::kSelfHosted, "haraka"},
    {"MDaemon", MailModel::kSelfHosted, "mdaemon"},
    {"IceWarp", MailModel::kSelfHosted, "icewarp"},
    {"Trend Micro", MailModel::kGateway, "trend micro"},
    {"Sophos", MailModel::kGateway, "sophos"},
    {"Cisco", MailModel::kGateway, "cisco"},
    {"Barracuda", MailModel::kGateway, "barracuda"},
    {"Kerio", MailModel::kSelfHosted, "kerio"},
    {"Axigen", MailModel::kSelfHosted, "axigen"},
    {"CommuniGate", MailModel::kSelfHosted, "communigate"},
    {"OpenSMTPD", MailModel::kSelfHosted, "opensmtpd"},
    {"qmail", MailModel::kSelfHosted, "qmail"},
    {"other", MailModel::kUnknown, nullptr},
    {"no greeting", MailModel::kUnknown, nullptr},
}};

std::string_view TakeWord(std::string_view& text) {
  const size_t end = std::min(text.find_first_of(" \t\r\n"), text.size());
  const std::string_view word = text.substr(0, end);
  text.remove_prefix(std::min(text.find_first_not_of(" \t\r\n", end), text.size()));
  return word;
}

// "4.92" and "4.100": two numbers, of which the second one is no fraction.
std::optional<std::pair<int, int>> ReadVersion(std::string_view text) {
  std::pair<int, int> version;
  const char* const end = text.data() + text.size();
  const auto major = std::from_chars(text.data(), end, version.first);
  if (major.ec != std::errc() || major.ptr == end || *major.ptr != '.') return std::nullopt;
  const auto minor = std::from_chars(major.ptr + 1, end, version.second);
  if (minor.ec != std::errc()) return std::nullopt;
  return version;
}

// 4.92 was the first that was not open to CVE-2019-10149.
MailSoftware EximOf(std::string_view after_its_name) {
  constexpr std::pair<int, int> kMended = {4, 92};
  const auto version = ReadVersion(Trim(after_its_name));
  if (!version) return MailSoftware::kEximUntold;
  return *version < kMended ? MailSoftware::kEximOld : MailSoftware::kExim;
}

bool IsLetter(char c) {
  return AsciiLower(c) >= 'a' && AsciiLower(c) <= 'z';
}

// What begins with one of the makers' words; kOther for anything else.
MailSoftware WordAt(std::string_view text) {
  constexpr std::string_view kExim = "exim ";
  if (StartsWithIgnoreCase(text, kExim)) return EximOf(text.substr(kExim.size()));
  for (size_t i = 0; i < kMailSoftwareCount; ++i) {
    const char* const word = kSoftware[i].word;
    if (word != nullptr && StartsWithIgnoreCase(text, word)) return static_cast<MailSoftware>(i);
  }
  return MailSoftware::kOther;
}

bool IsOfExchangeOnline(std::string_view host) {
  constexpr std::string_view kTheirs = ".outlook.com";
  return host.size() > kTheirs.size() &&
         EqualsIgnoreCase(host.substr(host.size() - kTheirs.size()), kTheirs);
}

}  // namespace

// Millions of greetings are read: one pass, which looks only where a word begins.
MailSoftware MailSoftwareOf(std::string_view greeting) {
  constexpr size_t kLooked = 1024;
  std::string_view words = greeting.substr(0, kLooked);
  if (words.substr(0, 3) != "220") return MailSoftware::kUnknown;
  words.remove_prefix(std::min<size_t>(words.size(), 4));  // and ' ' or '-'
  const std::string_view host = TakeWord(words);
  MailSoftware found = MailSoftware::kOther;
  for (size_t i = 0; i < words.size(); ++i) {
    if (!IsLetter(words[i]) || (i > 0 && IsLetter(words[i - 1]))) continue;
    found = std::min(found, WordAt(words.substr(i)));
  }
  const bool online = found == MailSoftware::kExchange && IsOfExchangeOnline(host);
  return online ? MailSoftware::kExchangeOnline : found;
}

MailModel MailModelOf(MailSoftware software) {
  return kSoftware[static_cast<size_t>(software)].model;
}

const char* MailSoftwareName(MailSoftware software) {
  return kSoftware[static_cast<size_t>(software)].name;
}

const char* MailModelName(MailModel model) {
  switch (model) {
    case MailModel::kManagedCloud:
      return "managed cloud";
    case MailModel::kSelfHosted:
      return "self-hosted";
    case MailModel::kPanel:
      return "hosting panel";
    case MailModel::kGateway:
      return "security gateway";
    case MailModel::kUnknown:
      return "unknown";
  }
  return "";
}

}  // namespace hark
