#include "api/lookup.h"

#include <functional>

#include "api/named_fact.h"
#include "api/v1_certificates.h"
#include "api/v1_host.h"
#include "api/v1_key.h"
#include "api/v1_software.h"
#include "base/strings.h"

namespace hark {
namespace {

struct Word {
  std::string_view prefix;
  LookupKind kind;
};
constexpr Word kWords[] = {
    {"changes:", LookupKind::kChanges}, {"banner:", LookupKind::kBanner},
    {"name:", LookupKind::kName},       {"issuer:", LookupKind::kIssuer},
    {"key:", LookupKind::kHash},        {"certificate:", LookupKind::kHash},
    {"hassh:", LookupKind::kHash},      {"host:", LookupKind::kHost},
};

std::string HostWords(const HostId& host) {
  if (host.is_onion()) return "an onion service";
  if (!host.is_address()) return "the name of a host";
  return host.address().is_v4() ? "an IPv4 address" : "an IPv6 address";
}

bool IsMissing(const Status& status) {
  return status.code() == StatusCode::kNotFound;
}

// A hash may be of several things; the first that is known is the answer.
struct Candidate {
  const char* kind;
  std::string took_for;
  std::function<Result<Json>()> ask;
};

class Asker {
 public:
  Asker(const MemoryView& memory, const std::optional<Environment>& environment,
        const PlaceFilter& filter, const PageWish& wish)
      : memory_(memory), environment_(environment), filter_(filter), wish_(wish) {}

  Result<LookupAnswer> Host(const std::string& text, bool changes) {
    HARK_ASSIGN_OR_RETURN(const HostId host, ReadHostText(text));
    const std::string words = HostWords(host);
    if (changes) {
      return First({{"changes", words,
                     [&] { return HostChangesAnswer(memory_, host, filter_, wish_, effort_); }}});
    }
    return First({{"host", words, [&] { return HostAnswer(memory_, host, filter_, effort_); }}});
  }

  Result<LookupAnswer> Hash(const std::string& text) {
    HARK_ASSIGN_OR_RETURN(const HashText hash, ReadFingerprint(text));
    const auto key = [&] { return KeyAnswer(memory_, text, filter_, wish_, effort_); };
    if (environment_) {
      return First({{"environment", KeyWords(hash), [&] {
                       return KeyEnvironmentAnswer(memory_, text, *environment_, filter_, wish_,
                                                   effort_);
                     }}});
    }
    std::vector<Candidate> candidates = {{"key", KeyWords(hash), key}};
    if (hash.form == HashText::Form::kHex16) {
      candidates.push_back({"hassh", "a HASSH",
                            [&] { return HasshAnswer(memory_, text, filter_, wish_, effort_); }});
    }
    if (hash.form == HashText::Form::kHex16 || hash.form == HashText::Form::kHex32) {
      candidates.push_back(
          {"certificate", "the SHA-256 of a certificate",
           [&] { return CertificateAnswer(memory_, text, filter_, wish_, false, effort_); }});
    }
    return First(candidates);
  }

  Result<LookupAnswer> Banner(const std::string& text) {
    HARK_ASSIGN_OR_RETURN(const std::string banner, ReadBannerText(text));
    return First({{"banner", "a banner, word for word",
                   [&] { return BannerAnswer(memory_, banner, filter_, wish_, effort_); }}});
  }

  Result<LookupAnswer> Certificates(const CertificateWish& which, const std::string& words) {
    return First({{"certificates", words, [&]() -> Result<Json> {
                     HARK_ASSIGN_OR_RETURN(
                         Json json, CertificateListAnswer(memory_, which, filter_, wish_, effort_));
                     if (json["certificates"].empty()) return NotFound("none was ever seen");
                     return json;
                   }}});
  }

 private:
  static std::string KeyWords(const HashText& hash) {
    switch (hash.form) {
      case HashText::Form::kMd5:
      case HashText::Form::kHex16:
        return "the MD5 fingerprint of an SSH key";
      case HashText::Form::kBase64:
        return "the SHA-256 fingerprint of a key";
      case HashText::Form::kHex32:
        return "the SHA-256 of a key";
    }
    return "";
  }

  static Result<LookupAnswer> First(const std::vector<Candidate>& candidates) {
    std::string tried;
    for (const Candidate& candidate : candidates) {
      Result<Json> json = candidate.ask();
      if (json.ok()) return LookupAnswer{candidate.took_for, candidate.kind, std::move(*json)};
      if (!IsMissing(json.status())) return json.status();
      tried += (tried.empty() ? "" : ", or ") + candidate.took_for;
    }
    return NotFound(StrCat("taken for ", tried, ": nothing of it was ever seen, as far as asked"));
  }

  const MemoryView& memory_;
  const std::optional<Environment>& environment_;
  const PlaceFilter& filter_;
  const PageWish& wish_;
  Effort effort_ = Effort::Patient();
};

}  // namespace

Result<LookupQuestion> ReadLookup(std::string_view text) {
  text = Trim(text);
  for (const Word& word : kWords) {
    if (!StartsWithIgnoreCase(text, word.prefix)) continue;
    const std::string_view rest = Trim(text.substr(word.prefix.size()));
    if (rest.empty()) return InvalidInput(StrCat(word.prefix, " wants something behind it"));
    return LookupQuestion{word.kind, std::string(rest)};
  }
  if (text.empty()) return InvalidInput("there is nothing to look up");
  // An address of 16 bytes in hex with colons would be a hash as well; addresses come first.
  const bool address = Address::Parse(text).has_value();
  const bool hash = !address && ReadHashText(text).has_value();
  return LookupQuestion{hash ? LookupKind::kHash : LookupKind::kHost, std::string(text)};
}

Result<LookupAnswer> Lookup(const MemoryView& memory, const LookupQuestion& question,
                            const std::optional<Environment>& environment,
                            const PlaceFilter& filter, const PageWish& wish) {
  Asker asker(memory, environment, filter, wish);
  if (environment && question.kind != LookupKind::kHash) {
    return InvalidInput("an environment is asked about a key: give its fingerprint");
  }
  CertificateWish which;
  switch (question.kind) {
    case LookupKind::kHost:
      return asker.Host(question.text, false);
    case LookupKind::kChanges:
      return asker.Host(question.text, true);
    case LookupKind::kHash:
      return asker.Hash(question.text);
    case LookupKind::kBanner:
      return asker.Banner(question.text);
    case LookupKind::kName:
      which.name = question.text;
      return asker.Certificates(which, "a name in certificates");
    case LookupKind::kIssuer:
      which.issuer = question.text;
      return asker.Certificates(which, "an issuer of certificates");
  }
  return Internal("no such question");
}

}  // namespace hark
