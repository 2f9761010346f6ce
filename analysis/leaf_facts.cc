#include "analysis/leaf_facts.h"

#include <algorithm>
#include <utility>

#include "keys/certificate_brief.h"

namespace hark {
namespace {

// Of a whole chain: the order matters, since the first is the leaf.
uint64_t ChainPrefix(std::string_view chain) {
  uint64_t prefix = 0;
  for (size_t at = 0; at < chain.size(); at += LeafBook::kHash) {
    prefix = Mix64(prefix) ^ HashPrefix(chain.substr(at, LeafBook::kHash));
  }
  return prefix;
}

}  // namespace

int64_t LeafFacts::NearestMoment(int64_t at_unix) const {
  // One whose end is before its beginning has no moment; it is judged, and refused, at its end.
  return std::min(std::max(at_unix, not_before_unix), not_after_unix);
}

LeafBook::LeafBook(const RunReader& reader, const TrustStore* trust, unsigned threads)
    : reader_(reader), trust_(trust), verifier_(trust), threads_(std::max(threads, 1U)) {}

// A host has at most a few chains of its own.
uint32_t LeafBook::FindLocal(uint64_t chain) const {
  for (size_t i = filling_.host_begins; i < filling_.local.size(); ++i) {
    if (filling_.local[i].chain == chain) return kLocal + static_cast<uint32_t>(i);
  }
  return kNone;
}

Result<uint32_t> LeafBook::Want(std::string_view chain, bool shared, int64_t at_unix) {
  if (chain.size() < kHash) return kNone;
  const uint64_t prefix = ChainPrefix(chain);
  uint32_t leaf = kNone;
  if (shared) {
    const auto next = static_cast<uint32_t>(shared_.size());
    leaf = index_.FindOrInsert(prefix, next);
    if (leaf != next) return leaf;
    shared_.emplace_back();
  } else {
    leaf = FindLocal(prefix);
    if (leaf != kNone) return leaf;
    leaf = kLocal + static_cast<uint32_t>(filling_.local.size());
    filling_.local.push_back({prefix, {}});
  }
  HARK_RETURN_IF_ERROR(Fetch(leaf, chain, at_unix));
  return leaf;
}

// The store is read by this thread only; what is read of it by all.
Status LeafBook::Fetch(uint32_t leaf, std::string_view chain, int64_t at_unix) {
  ++chains_;
  Result<std::string> der = reader_.Certificate(chain.substr(0, kHash));
  if (der.status().code() == StatusCode::kNotFound) {
    ++unread_;
    return Status::Ok();
  }
  if (!der.ok()) return der.status();
  HARK_ASSIGN_OR_RETURN(IssuerChain issuers, Issuers(chain.substr(kHash)));
  filling_.bytes += der->size();
  filling_.wanted.push_back({leaf, at_unix, std::move(*der), std::string(chain.substr(0, kHash)),
                             std::move(issuers), LeafFacts()});
  return Status::Ok();
}

Result<IssuerChain> LeafBook::Issuers(std::string_view chain) {
  IssuerChain out;
  if (trust_ == nullptr) return out;
  if (issuers_.size() >= kMaxIssuers) issuers_.clear();
  for (; chain.size() >= kHash; chain.remove_prefix(kHash)) {
    const auto [at, is_new] = issuers_.try_emplace(std::string(chain.substr(0, kHash)));
    if (is_new) {
      const Result<std::string> der = reader_.Certificate(at->first);
      if (!der.ok() && der.status().code() != StatusCode::kNotFound) return der.status();
      if (der.ok()) at->second = IssuerCertificate::Read(*der);
    }
    if (at->second != nullptr) out.push_back(at->second);
  }
  return out;
}

void LeafBook::Judge(const Wanted& wanted, int64_t moment_unix, LeafFacts& facts) const {
  const ChainVerdict verdict =
      verifier_.Verify(wanted.der, wanted.sha256, wanted.issuers, moment_unix);
  facts.self_signed = verdict.self_signed;
  facts.trusted = verdict.trusted;
  facts.verdict_from_unix = verdict.from_unix;
  facts.verdict_to_unix = verdict.to_unix;
}

void LeafBook::Read(Wanted& wanted) const {
  const std::optional<CertificateBrief> brief = ReadCertificateBrief(wanted.der);
  if (!brief) return;
  LeafFacts& facts = wanted.facts;
  facts.readable = true;
  facts.key = HashPrefix(brief->key.bytes());
  facts.kind = brief->kind;
  facts.not_before_unix = brief->not_before_unix;
  facts.not_after_unix = brief->not_after_unix;
  facts.wildcard = brief->wildcard;
  facts.names_hash = brief->names_hash;
  Judge(wanted, facts.NearestMoment(wanted.at_unix), facts);
}

void LeafBook::StartReading() {
  // Below this a thread costs more than it brings.
  constexpr size_t kWorthAThread = 16;
  std::swap(filling_, reading_);
  filling_.local.clear();
  filling_.host_begins = 0;
  filling_.bytes = 0;
  next_ = 0;
  const size_t helpers = std::min<size_t>(threads_ - 1, reading_.wanted.size() / kWorthAThread);
  for (size_t i = 0; i < helpers; ++i) helpers_.emplace_back([this] { ReadOnes(); });
}

void LeafBook::ReadOnes() {
  std::vector<Wanted>& wanted = reading_.wanted;
  for (size_t i = next_++; i < wanted.size(); i = next_++) Read(wanted[i]);
}

void LeafBook::FinishReading() {
  ReadOnes();
  helpers_.clear();  // joins them
  for (const Wanted& wanted : reading_.wanted) {
    Facts(wanted.leaf) = wanted.facts;
    unread_ += wanted.facts.readable ? 0 : 1;
  }
  reading_.wanted.clear();
}

Result<bool> LeafBook::TrustedAt(uint32_t leaf, std::string_view chain, int64_t moment_unix) {
  LeafFacts& facts = Facts(leaf);
  if (facts.verdict_from_unix <= moment_unix && moment_unix <= facts.verdict_to_unix) {
    return facts.trusted;
  }
  HARK_ASSIGN_OR_RETURN(std::string der, reader_.Certificate(chain.substr(0, kHash)));
  HARK_ASSIGN_OR_RETURN(IssuerChain issuers, Issuers(chain.substr(kHash)));
  const Wanted again{leaf,
                     moment_unix,
                     std::move(der),
                     std::string(chain.substr(0, kHash)),
                     std::move(issuers),
                     LeafFacts()};
  Judge(again, moment_unix, facts);
  return facts.trusted;
}

}  // namespace hark
