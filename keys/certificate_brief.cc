#include "keys/certificate_brief.h"

#include <chrono>
#include <vector>

#include "base/distinct.h"
#include "base/strings.h"
#include "keys/certificate.h"
#include "keys/certificate_names.h"
#include "keys/certificate_parts.h"
#include "keys/der.h"

namespace hark {
namespace {

constexpr uint8_t kUtcTime = 0x17;
constexpr uint8_t kGeneralizedTime = 0x18;

// Two digits at `at`, or -1.
int TwoDigits(std::string_view text, size_t at) {
  const int tens = text[at] - '0';
  const int ones = text[at + 1] - '0';
  return tens < 0 || tens > 9 || ones < 0 || ones > 9 ? -1 : tens * 10 + ones;
}

// MMDDHHMMSSZ behind a year: the only form RFC 5280 §4.1.2.5 allows. 0 for anything else.
int64_t UnixOf(int year, std::string_view rest) {
  namespace chrono = std::chrono;
  constexpr size_t kLength = 11;
  if (year < 0 || rest.size() != kLength || rest.back() != 'Z') return 0;
  int field[5];
  for (size_t i = 0; i < 5; ++i) {
    field[i] = TwoDigits(rest, 2 * i);
    if (field[i] < 0) return 0;
  }
  const chrono::year_month_day day(chrono::year(year),
                                   chrono::month(static_cast<unsigned>(field[0])),
                                   chrono::day(static_cast<unsigned>(field[1])));
  if (!day.ok() || field[2] > 23 || field[3] > 59 || field[4] > 59) return 0;
  const int64_t days = chrono::sys_days(day).time_since_epoch().count();
  return days * 86400 + field[2] * 3600 + field[3] * 60 + field[4];
}

int64_t BriefTime(std::string_view& in) {
  const auto time = der::Next(in);
  if (!time) return 0;
  const std::string_view text = time->content;
  if (time->tag == kUtcTime && text.size() > 2) {
    const int year = TwoDigits(text, 0);  // 50 and later are of the last century
    return UnixOf(year < 0 ? year : year + (year < 50 ? 2000 : 1900), text.substr(2));
  }
  if (time->tag == kGeneralizedTime && text.size() > 4) {
    const int century = TwoDigits(text, 0);
    const int year = TwoDigits(text, 2);
    return UnixOf(century < 0 || year < 0 ? -1 : century * 100 + year, text.substr(4));
  }
  return 0;
}

// The content of the extension with this OID (RFC 5280 §4.1: OID, critical, OCTET STRING).
std::string_view ExtensionValue(std::string_view extensions, std::string_view oid) {
  constexpr uint8_t kBoolean = 0x01;
  constexpr uint8_t kOctetString = 0x04;
  const auto list = der::Next(extensions, der::kSequence);
  std::string_view rest = list ? list->content : std::string_view();
  while (const auto extension = der::Next(rest, der::kSequence)) {
    std::string_view in = extension->content;
    const auto id = der::Next(in, der::kOid);
    if (!id || id->content != oid) continue;
    der::Next(in, kBoolean);
    const auto value = der::Next(in, kOctetString);
    return value ? value->content : std::string_view();
  }
  return {};
}

void FillNames(const CertificateParts& parts, CertificateBrief& brief) {
  constexpr std::string_view kSubjectAltName = "\x55\x1d\x11";
  std::vector<std::string> names =
      ReadAltNames(ExtensionValue(parts.extensions, kSubjectAltName)).dns;
  if (std::string name = CommonNameOf(parts.subject); !name.empty()) {
    names.push_back(std::move(name));
  }
  for (std::string& name : names) {
    if (name.find('*') != name.npos) brief.wildcard = true;
    name = AsciiLower(name);
  }
  MakeDistinct(names);
  // NUL cannot be part of a name that anybody resolves.
  const std::string hash = Sha256(Join(names, std::string_view("\0", 1)));
  for (size_t i = 0; i < 4; ++i) {
    brief.names_hash = brief.names_hash << 8 | static_cast<uint8_t>(hash[i]);
  }
}

}  // namespace

std::optional<CertificateBrief> ReadCertificateBrief(std::string_view der) {
  if (der.size() > kMaxCertificate) return std::nullopt;
  const std::optional<CertificateParts> parts = CutCertificate(der);
  if (!parts) return std::nullopt;
  CertificateBrief brief;
  brief.key = KeyIdOfSpki(parts->spki);
  brief.kind = KeyKindOfSpki(parts->spki);
  std::string_view validity = parts->validity;
  if (const auto times = der::Next(validity, der::kSequence)) {
    std::string_view in = times->content;
    brief.not_before_unix = BriefTime(in);
    brief.not_after_unix = BriefTime(in);
  }
  FillNames(*parts, brief);
  return brief;
}

}  // namespace hark
