#include "analysis/cause_hints.h"

#include <algorithm>

#include "base/strings.h"

namespace hark {
namespace {

using Hint = std::optional<CauseHint>;

// Two sightings of one machine before and after it moved; visits of one run to neighbours in its
// order are closer together.
constexpr int64_t kDayMs = int64_t{24} * 60 * 60 * 1000;

std::string Of(uint64_t part, uint64_t whole) {
  return part == whole ? StrCat("all ", WithThousands(whole), " members")
                       : StrCat(WithThousands(part), " of ", WithThousands(whole), " members");
}

// High when it is said of all members, medium of half of them, else no hint.
Hint ByShare(Cause cause, uint64_t part, uint64_t whole, std::string evidence) {
  if (part == 0 || 2 * part < whole) return std::nullopt;
  return CauseHint{cause, part == whole ? Confidence::kHigh : Confidence::kMedium,
                   StrCat(Of(part, whole), " ", evidence)};
}

Hint JudgeMultihomed(const CauseFacts& facts) {
  if (!facts.possibly_multihomed) return std::nullopt;
  const bool same_name = facts.greeting_name.same && facts.greeting_name.hosts > 1;
  const bool same_software = facts.ssh_software.said_by(facts.hosts);
  const bool differing_name = !facts.greeting_name.same;
  const bool differing_tls = facts.tls_keys > facts.most_tls_keys_of_host;
  std::string evidence = "one AS, the same SSH keys on all members";
  if (same_software) evidence += ", one SSH software";
  if (same_name)
    evidence += StrCat(", one greeting name ", EscapeForDisplay(facts.greeting_name.word));
  if (differing_tls) evidence += ", but TLS keys differ";
  if (differing_name) evidence += ", but greeting names differ";
  const bool doubt = differing_tls || differing_name || !facts.ssh_software.same;
  const Confidence confidence = doubt                        ? Confidence::kLow
                                : same_software && same_name ? Confidence::kHigh
                                                             : Confidence::kMedium;
  return CauseHint{Cause::kOneMultihomedHost, confidence, std::move(evidence)};
}

Hint JudgeClonedImage(const CauseFacts& facts) {
  if (facts.widest_ssh < 2) return std::nullopt;
  const bool ases = facts.ases > 1;
  const bool tls = facts.tls_keys > facts.most_tls_keys_of_host;
  if (!ases && !tls) return std::nullopt;
  std::string evidence = StrCat("one SSH key on ", WithThousands(facts.widest_ssh), " hosts");
  if (ases) evidence += StrCat(", ", facts.ases, " ASes");
  if (tls) evidence += ", differing TLS keys";
  return CauseHint{Cause::kClonedImage, ases && tls ? Confidence::kHigh : Confidence::kMedium,
                   std::move(evidence)};
}

Hint JudgeOrganisation(const CauseFacts& facts) {
  if (!facts.cert_domain.same) return std::nullopt;
  return ByShare(Cause::kOneOrganisation, facts.cert_domain.hosts, facts.hosts,
                 StrCat("show certificates for several names of ",
                        EscapeForDisplay(facts.cert_domain.word), " and no other domain"));
}

Hint JudgePanel(const CauseFacts& facts) {
  if (!facts.panel.same) return std::nullopt;
  return ByShare(Cause::kPanelDefault, facts.panel.hosts, facts.hosts,
                 StrCat("show the certificate that ", facts.panel.word, " makes"));
}

Hint JudgeListed(const CauseFacts& facts, KnownKey::Kind kind, Cause cause) {
  if (facts.listed_hosts == 0 || facts.listed.kind != kind) return std::nullopt;
  // The key is known: on how many members it is says what it explains.
  return CauseHint{cause,
                   2 * facts.listed_hosts >= facts.hosts ? Confidence::kHigh : Confidence::kMedium,
                   StrCat(Of(facts.listed_hosts, facts.hosts), " show the listed key of ",
                          EscapeForDisplay(facts.listed.name))};
}

Hint JudgeVendor(const CauseFacts& facts) {
  return JudgeListed(facts, KnownKey::Kind::kVendor, Cause::kVendorDefault);
}

Hint JudgeCdn(const CauseFacts& facts) {
  if (Hint listed = JudgeListed(facts, KnownKey::Kind::kCdn, Cause::kCdnFront)) return listed;
  if (!facts.cdn_header.same) return std::nullopt;
  Hint hint = ByShare(Cause::kCdnFront, facts.cdn_header.hosts, facts.hosts,
                      StrCat("answer HTTPS as a front of ", facts.cdn_header.word));
  // Headers pass through proxies: somebody's server behind two CDNs says so, too.
  if (hint && facts.ssh_hosts > 0) hint->confidence = Confidence::kLow;
  return hint;
}

Hint JudgeOldAndNew(const CauseFacts& facts) {
  if (facts.hosts != 2 || !facts.greeting_name.said_by(2)) return std::nullopt;
  const bool software = !facts.ssh_software.same || facts.oldest_tls != facts.newest_tls;
  const bool apart = facts.apart_ms >= kDayMs;
  if (!software && !apart) return std::nullopt;
  std::string evidence = StrCat("two hosts greet as ", EscapeForDisplay(facts.greeting_name.word));
  if (software) evidence += ", one runs older software";
  if (apart) evidence += StrCat(", seen ", facts.apart_ms / kDayMs, " days apart");
  return CauseHint{Cause::kOldAndNew, software && apart ? Confidence::kHigh : Confidence::kMedium,
                   std::move(evidence)};
}

}  // namespace

const std::vector<CauseRule>& CauseRules() {
  static const auto* const kRules = new std::vector<CauseRule>{
      {Cause::kVendorDefault, JudgeVendor},   {Cause::kCdnFront, JudgeCdn},
      {Cause::kPanelDefault, JudgePanel},     {Cause::kOneOrganisation, JudgeOrganisation},
      {Cause::kOldAndNew, JudgeOldAndNew},    {Cause::kOneMultihomedHost, JudgeMultihomed},
      {Cause::kClonedImage, JudgeClonedImage}};
  return *kRules;
}

std::vector<CauseHint> CauseHints(const CauseFacts& facts) {
  std::vector<CauseHint> out;
  for (const CauseRule& rule : CauseRules()) {
    if (Hint hint = rule.judge(facts)) out.push_back(std::move(*hint));
  }
  std::stable_sort(out.begin(), out.end(), [](const CauseHint& a, const CauseHint& b) {
    return a.confidence > b.confidence;
  });
  return out;
}

std::string_view CauseName(Cause cause) {
  switch (cause) {
    case Cause::kOneMultihomedHost:
      return "multi-homed-host";
    case Cause::kClonedImage:
      return "cloned-image";
    case Cause::kOneOrganisation:
      return "one-organisation";
    case Cause::kPanelDefault:
      return "panel-default";
    case Cause::kVendorDefault:
      return "vendor-default";
    case Cause::kCdnFront:
      return "cdn-front";
    case Cause::kOldAndNew:
      return "old-and-new";
  }
  return "";
}

std::string_view ConfidenceName(Confidence confidence) {
  switch (confidence) {
    case Confidence::kLow:
      return "low";
    case Confidence::kMedium:
      return "medium";
    case Confidence::kHigh:
      return "high";
  }
  return "";
}

std::string_view CauseTitle(Cause cause) {
  switch (cause) {
    case Cause::kOneMultihomedHost:
      return "one machine with several addresses";
    case Cause::kClonedImage:
      return "machines cloned from one image";
    case Cause::kOneOrganisation:
      return "a wildcard or SAN certificate of one organisation";
    case Cause::kPanelDefault:
      return "the default certificate of hosting software";
    case Cause::kVendorDefault:
      return "a vendor's default key";
    case Cause::kCdnFront:
      return "fronts of a CDN";
    case Cause::kOldAndNew:
      return "one host before and after it moved";
  }
  return "";
}

std::string SuspectedCause(const std::vector<CauseHint>& hints) {
  if (hints.empty()) return "";
  return StrCat(CauseName(hints[0].cause), " (", ConfidenceName(hints[0].confidence), ")");
}

}  // namespace hark
