// One row of kAttributes is one attribute: who may have it, how it is read and how it is written.

#include "tests/lab/service_attributes.h"

#include <array>

#include "base/strings.h"
#include "tests/lab/scenario_words.h"

namespace hark::lab {
namespace {

constexpr size_t kMaxText = 65'536;  // longer than any server's; tests want some too long for us
constexpr uint64_t kMaxChain = 1000;
constexpr uint64_t kMaxSans = 10'000;
constexpr uint64_t kMaxUnknownKeys = 10'000;
constexpr uint64_t kMaxStartups = 10'000;
constexpr uint64_t kMaxMillis = 24ULL * 3600 * 1000;

enum class Of { kAll, kSsh, kTls };

// set: false if the value cannot be. get: "" at the default.
struct Attribute {
  std::string_view name;
  Of of;
  bool (*set)(Service& service, std::string_view value);
  std::string (*get)(const Service& service);
};

// The default of every field. Never destroyed: it may be read until the very end.
const Service& Default() {
  static const Service* const kDefault = new Service;
  return *kDefault;
}

template <auto Field>
Attribute Text(std::string_view name, Of of) {
  return {name, of,
          [](Service& s, std::string_view value) {
            s.*Field = value;
            return value.size() <= kMaxText;
          },
          [](const Service& s) { return (s.*Field).empty() ? "" : QuoteWord(s.*Field); }};
}

template <auto Field, uint64_t Min, uint64_t Max>
Attribute Number(std::string_view name, Of of) {
  return {name, of,
          [](Service& s, std::string_view value) {
            const auto n = ParseUint(value);
            if (!n.has_value() || *n < Min || *n > Max) return false;
            s.*Field = static_cast<uint32_t>(*n);
            return true;
          },
          [](const Service& s) {
            return s.*Field == Default().*Field ? "" : std::to_string(s.*Field);
          }};
}

// "20s" or "1500ms".
std::optional<Duration> ParseDuration(std::string_view text) {
  const bool millis = text.size() > 2 && text.substr(text.size() - 2) == "ms";
  if (!millis && (text.empty() || text.back() != 's')) return std::nullopt;
  const auto n = ParseUint(text.substr(0, text.size() - (millis ? 2 : 1)));
  if (!n.has_value() || *n > kMaxMillis / (millis ? 1 : 1000)) return std::nullopt;
  return std::chrono::milliseconds(*n * (millis ? 1 : 1000));
}

std::string FormatDuration(Duration duration) {
  const int64_t ms = ToMillis(duration);
  return ms % 1000 == 0 ? StrCat(ms / 1000, 's') : StrCat(ms, "ms");
}

template <auto Field>
Attribute Time(std::string_view name, Of of) {
  return {name, of,
          [](Service& s, std::string_view value) {
            const auto duration = ParseDuration(value);
            if (duration.has_value()) s.*Field = *duration;
            return duration.has_value();
          },
          [](const Service& s) {
            return s.*Field == Default().*Field ? "" : FormatDuration(s.*Field);
          }};
}

template <auto Field>
Attribute YesNo(std::string_view name, Of of) {
  return {name, of,
          [](Service& s, std::string_view value) {
            s.*Field = value == "yes";
            return value == "yes" || value == "no";
          },
          [](const Service& s) { return std::string(s.*Field ? "yes" : ""); }};
}

bool SetKeys(Service& s, std::string_view value) {
  s.keys.clear();
  for (std::string_view key : Split(value, ',')) {
    if (key.empty()) return false;
    s.keys.emplace_back(key);
  }
  return true;
}

std::string GetKeys(const Service& s) {
  return s.keys.empty() ? "" : QuoteWord(Join(s.keys, ","));
}

std::optional<uint16_t> ParseTlsVersion(std::string_view text) {
  const bool fine =
      text.size() == 3 && text.substr(0, 2) == "1." && text[2] >= '0' && text[2] <= '3';
  if (!fine) return std::nullopt;
  return static_cast<uint16_t>(kTls10 + (text[2] - '0'));
}

bool SetTls(Service& s, std::string_view value) {
  s.raw = value == "ssl3" ? RawTls::kSsl3 : value == "rc4" ? RawTls::kRc4 : RawTls::kNo;
  if (s.raw != RawTls::kNo) {
    s.tls_min = s.raw == RawTls::kSsl3 ? kSsl30 : kTls10;
    s.tls_max = s.raw == RawTls::kSsl3 ? kSsl30 : kTls10 + 2;
    return true;
  }
  const auto ends = Split(value, '-');
  const auto min = ParseTlsVersion(ends.front());
  const auto max = ParseTlsVersion(ends.back());
  if (ends.size() > 2 || !min.has_value() || !max.has_value() || *min > *max) return false;
  s.tls_min = *min;
  s.tls_max = *max;
  return true;
}

std::string GetTls(const Service& s) {
  if (s.raw != RawTls::kNo) return s.raw == RawTls::kSsl3 ? "ssl3" : "rc4";
  if (s.tls_min == Default().tls_min && s.tls_max == Default().tls_max) return "";
  std::string out = StrCat("1.", s.tls_min - kTls10);
  if (s.tls_max != s.tls_min) out += StrCat("-1.", s.tls_max - kTls10);
  return out;
}

// A field that is one of a few words, the first of them the default.
template <auto Field, typename Words>
bool SetWord(Service& s, std::string_view value, const Words& words) {
  for (size_t i = 0; i < words.size(); ++i) {
    if (words[i] != value) continue;
    s.*Field = static_cast<std::decay_t<decltype(s.*Field)>>(i);
    return true;
  }
  return false;
}

constexpr std::array<std::string_view, 3> kDates = {"normal", "expired", "9999"};
constexpr std::array<std::string_view, 3> kDeclines = {"answer", "alert", "close"};
constexpr std::array<std::string_view, 2> kRefusals = {"new", "old"};

template <auto Field, const auto& Words>
Attribute Word(std::string_view name, Of of) {
  return {name, of,
          [](Service& s, std::string_view value) { return SetWord<Field>(s, value, Words); },
          [](const Service& s) {
            const auto i = static_cast<size_t>(s.*Field);
            return std::string(i == 0 ? "" : Words[i]);
          }};
}

bool SetVersion(Service& s, std::string_view value) {
  s.ssh_version = value;
  return value == "2.0" || value == "1.99";
}

bool SetWas(Service& s, std::string_view value) {
  s.was = value;
  return value == "SSLv3";
}

bool SetBehaviour(Service& s, std::string_view value) {
  const auto behaviour = ParseBehaviour(value);
  if (behaviour.has_value()) s.behaviour = *behaviour;
  return behaviour.has_value();
}

std::string GetBehaviour(const Service& s) {
  return s.behaviour == Behaviour::kNormal ? "" : std::string(BehaviourName(s.behaviour));
}

const std::vector<Attribute>& Attributes() {
  static const std::vector<Attribute>* const kAttributes = new std::vector<Attribute>{
      {"keys", Of::kSsh, SetKeys, GetKeys},
      {"key", Of::kTls, SetKeys, GetKeys},
      {"version", Of::kSsh, SetVersion,
       [](const Service& s) { return s.ssh_version == "2.0" ? "" : s.ssh_version; }},
      Text<&Service::prelude>("prelude", Of::kSsh),
      Text<&Service::kex>("kex", Of::kSsh),
      Text<&Service::host_keys>("host-keys", Of::kSsh),
      Text<&Service::ciphers>("ciphers", Of::kSsh),
      Text<&Service::macs>("macs", Of::kSsh),
      Text<&Service::compression>("compression", Of::kSsh),
      Text<&Service::ca>("ca", Of::kSsh),
      Number<&Service::unknown_keys, 0, kMaxUnknownKeys>("unknown-keys", Of::kSsh),
      Time<&Service::noauth>("noauth", Of::kSsh),
      Time<&Service::overtime>("overtime", Of::kSsh),
      Time<&Service::threshold>("threshold", Of::kSsh),
      Time<&Service::most>("most", Of::kSsh),
      Time<&Service::login_grace>("login-grace", Of::kSsh),
      Number<&Service::startups, 1, kMaxStartups>("startups", Of::kSsh),
      Word<&Service::old_refusal, kRefusals>("refusal", Of::kSsh),
      {"tls", Of::kTls, SetTls, GetTls},
      Word<&Service::decline, kDeclines>("decline", Of::kTls),
      {"was", Of::kTls, SetWas, [](const Service& s) { return s.was; }},
      Number<&Service::chain, 0, kMaxChain>("chain", Of::kTls),
      Number<&Service::sans, 1, kMaxSans>("sans", Of::kTls),
      Word<&Service::dates, kDates>("dates", Of::kTls),
      YesNo<&Service::ocsp>("ocsp", Of::kTls),
      YesNo<&Service::sct>("sct", Of::kTls),
      YesNo<&Service::alpn>("alpn", Of::kTls),
      YesNo<&Service::tickets>("tickets", Of::kTls),
      Text<&Service::banner>("banner", Of::kAll),
      Time<&Service::pace>("pace", Of::kAll),
      Time<&Service::delay>("delay", Of::kAll),
      {"behaviour", Of::kAll, SetBehaviour, GetBehaviour},
  };
  return *kAttributes;
}

bool Fits(const Attribute& attribute, const Service& service) {
  if (attribute.of == Of::kAll) return true;
  return (attribute.of == Of::kSsh) == (service.protocol == Protocol::kSsh);
}

}  // namespace

Status SetAttribute(std::string_view name, std::string_view value, Service& service) {
  for (const Attribute& attribute : Attributes()) {
    if (attribute.name != name || !Fits(attribute, service)) continue;
    if (attribute.set(service, value)) return Status::Ok();
  }
  return InvalidInput(StrCat("cannot use ", name, '=', value, " here"));
}

std::string FormatAttributes(const Service& service) {
  std::string out;
  for (const Attribute& attribute : Attributes()) {
    if (!Fits(attribute, service)) continue;
    const std::string value = attribute.get(service);
    if (!value.empty()) out += StrCat(' ', attribute.name, '=', value);
  }
  return out;
}

}  // namespace hark::lab
