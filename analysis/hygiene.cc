#include "analysis/hygiene.h"

#include <algorithm>
#include <bit>

namespace hark {
namespace {

constexpr uint32_t kRc4Bit = 1U << static_cast<uint32_t>(HygieneFlag::kRc4);

void Count(ScoreCount& group, uint32_t flags) {
  const auto score = static_cast<size_t>(std::popcount(flags));
  ++group.hosts;
  ++group.hosts_of_score[score];
  group.score_sum += score;
  group.other_sum += static_cast<uint64_t>(std::popcount(flags & ~kRc4Bit));
}

// Cross-multiplied, so that equal means are equal.
bool Worse(const AsHygiene& a, const AsHygiene& b) {
  const uint64_t left = a.score_sum * b.hosts;
  const uint64_t right = b.score_sum * a.hosts;
  return left != right ? left > right : a.asn < b.asn;
}

}  // namespace

const char* HygieneFlagName(HygieneFlag flag) {
  switch (flag) {
    case HygieneFlag::kRc4:
      return "rc4";
    case HygieneFlag::kLegacyTls:
      return "legacy_tls";
    case HygieneFlag::kNoForwardSecrecy:
      return "no_fwd_secrecy";
    case HygieneFlag::kSelfSigned:
      return "self_signed";
    case HygieneFlag::kExpired:
      return "expired_cert";
    case HygieneFlag::kUntrusted:
      return "untrusted_chain";
  }
  return "";
}

const char* HygieneFlagTitle(HygieneFlag flag) {
  switch (flag) {
    case HygieneFlag::kRc4:
      return "RC4 chosen";
    case HygieneFlag::kLegacyTls:
      return "TLS 1.1 or older chosen";
    case HygieneFlag::kNoForwardSecrecy:
      return "no forward secrecy";
    case HygieneFlag::kSelfSigned:
      return "self-signed certificate";
    case HygieneFlag::kExpired:
      return "expired certificate";
    case HygieneFlag::kUntrusted:
      return "untrusted chain";
  }
  return "";
}

void HygieneTally::AddHost(uint32_t flags, uint32_t asn) {
  for (size_t i = 0; i < kHygieneFlags; ++i) counts_.flags[i] += flags >> i & 1;
  Count(counts_.all, flags);
  Count((flags & kRc4Bit) != 0 ? counts_.rc4 : counts_.not_rc4, flags);
  if (asn == 0) return;
  const auto score = static_cast<uint32_t>(std::popcount(flags));
  AsHygiene& as = ases_[asn];
  as.asn = asn;
  ++as.hosts;
  as.score_sum += score;
  as.max = std::max(as.max, score);
}

HygieneCounts HygieneTally::Finish(uint64_t hosts) const {
  HygieneCounts out = counts_;
  out.hosts = hosts;
  for (const auto& [asn, as] : ases_) {
    if (as.hosts >= HygieneCounts::kMinAsHosts) out.ases.push_back(as);
  }
  std::sort(out.ases.begin(), out.ases.end(), Worse);
  return out;
}

}  // namespace hark
