#include "tests/lab/service.h"

#include <algorithm>
#include <array>

#include "base/strings.h"
#include "tests/lab/ssh_kex.h"

namespace hark::lab {
namespace {

constexpr std::array<std::string_view, kKeyTypeCount> kKeyTypeNames = {
    "ed25519",  "ecdsa-p256", "ecdsa-p384", "ecdsa-p521", "rsa-1024",
    "rsa-2048", "rsa-4096",   "dsa-1024",   "sk-ed25519"};

// Which protocols a behaviour is of, as bits.
enum : unsigned {
  kSshBit = 1,
  kSmtpBit = 2,
  kPop3Bit = 4,
  kImapBit = 8,
  kHttpsBit = 16,
  kTlsMailBit = 32,
};
constexpr unsigned kStartTlsBits = kSmtpBit | kPop3Bit | kImapBit;
constexpr unsigned kTlsBits = kStartTlsBits | kHttpsBit | kTlsMailBit;
constexpr unsigned kAll = kTlsBits | kSshBit;

struct BehaviourFacts {
  std::string_view name;
  unsigned protocols;
  bool shows_keys;
};

// In the order of the enum.
constexpr std::array<BehaviourFacts, kBehaviourCount> kBehaviours = {{
    {"normal", kAll, true},
    {"refuse", kAll, false},
    {"silent", kAll, false},
    {"accept-then-silent", kAll, false},
    {"close-after-accept", kAll, false},
    {"reset-after-accept", kAll, false},
    {"garbage", kAll, false},
    {"tarpit", kAll, false},
    {"throttled", kAll, false},
    {"no-starttls", kStartTlsBits, false},
    {"starttls-refused", kStartTlsBits, false},
    {"close-in-hello", kAll, false},
    {"tls-alert", kTlsBits, false},
    {"bad-signature", kSshBit, false},
    {"penalty", kSshBit, true},
    {"max-startups", kSshBit, true},
    {"tarpit-lines", kSshBit | kStartTlsBits, false},
    {"tarpit-hello", kAll, false},
    {"slow", kAll, true},
    {"greet-delay", kStartTlsBits, true},
    {"teaser", kSmtpBit, true},
    {"smuggle", kStartTlsBits, true},
    {"ehlo-refused", kSmtpBit, false},
    {"capa-refused", kPop3Bit | kImapBit, false},
    {"header-bomb", kHttpsBit, true},
    {"endless-headers", kHttpsBit, true},
    {"redirect", kHttpsBit, true},
}};

const BehaviourFacts& FactsOf(Behaviour behaviour) {
  return kBehaviours[static_cast<size_t>(behaviour)];
}

unsigned BitOf(Protocol protocol) {
  switch (protocol) {
    case Protocol::kSsh:
      return kSshBit;
    case Protocol::kSmtp:
      return kSmtpBit;
    case Protocol::kPop3:
      return kPop3Bit;
    case Protocol::kImap:
      return kImapBit;
    case Protocol::kHttps:
      return kHttpsBit;
    case Protocol::kImaps:
    case Protocol::kPop3s:
    case Protocol::kSmtps:
      return kTlsMailBit;
    case Protocol::kUnknown:
      return 0;
  }
  return 0;
}

// Whether the lab can finish one of the key exchanges.
bool HasPlainKex(std::string_view list) {
  const std::vector<std::string_view> names = Split(list, ',');
  const auto& able = KexMethods();
  return std::any_of(able.begin(), able.end(), [&](const std::string& method) {
    return std::find(names.begin(), names.end(), method) != names.end();
  });
}

}  // namespace

std::string_view KeyTypeName(KeyType type) {
  return kKeyTypeNames[static_cast<size_t>(type)];
}

std::optional<KeyType> ParseKeyType(std::string_view name) {
  for (size_t i = 0; i < kKeyTypeNames.size(); ++i) {
    if (kKeyTypeNames[i] == name) return static_cast<KeyType>(i);
  }
  return std::nullopt;
}

std::string_view BehaviourName(Behaviour behaviour) {
  return FactsOf(behaviour).name;
}

std::optional<Behaviour> ParseBehaviour(std::string_view name) {
  for (size_t i = 0; i < kBehaviours.size(); ++i) {
    if (kBehaviours[i].name == name) return static_cast<Behaviour>(i);
  }
  return std::nullopt;
}

bool BehaviourFits(Behaviour behaviour, Protocol protocol) {
  return (FactsOf(behaviour).protocols & BitOf(protocol)) != 0;
}

std::string TlsVersionName(uint16_t version) {
  return version == kSsl30 ? "SSLv3" : StrCat("TLSv1.", version - kTls10);
}

bool Accepts(const Service& service) {
  return service.behaviour != Behaviour::kRefuse && service.behaviour != Behaviour::kSilent;
}

bool ShowsKeys(const Service& service) {
  if (!service.kex.empty() && !HasPlainKex(service.kex)) return false;
  return FactsOf(service.behaviour).shows_keys && !service.keys.empty();
}

bool IsMailWithStartTls(Protocol protocol) {
  return (BitOf(protocol) & kStartTlsBits) != 0;
}

bool StartsInTls(Protocol protocol) {
  return (BitOf(protocol) & (kHttpsBit | kTlsMailBit)) != 0;
}

}  // namespace hark::lab
