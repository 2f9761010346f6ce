#include "keys/trust_store.h"

#include <openssl/err.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <map>
#include <mutex>
#include <utility>

#include "base/file.h"
#include "keys/certificate.h"
#include "keys/leaf_reader.h"
#include "keys/openssl_ptr.h"
#include "keys/quick_signature.h"
#include "keys/trusted_roots.h"

namespace hark {
namespace {

using ContextPtr = std::unique_ptr<X509_STORE_CTX, OpenSslFree<X509_STORE_CTX_free>>;

void FreeStack(STACK_OF(X509) * certificates) {
  sk_X509_free(certificates);
}
using StackPtr = std::unique_ptr<STACK_OF(X509), OpenSslFree<FreeStack>>;

// A bundle of the whole web's roots is 220 KB; this is somebody's mistake.
constexpr size_t kMaxBundle = size_t{64} << 20;

using NamePtr = std::unique_ptr<X509_NAME, OpenSslFree<X509_NAME_free>>;

NamePtr ReadName(std::string_view der) {
  const unsigned char* in = AsUnsigned(der.data());
  return NamePtr(d2i_X509_NAME(nullptr, &in, static_cast<long>(der.size())));
}

// As OpenSSL compares names: case, spaces and kinds of string do not matter.
bool SameName(const X509_NAME* a, const X509_NAME* b) {
  return a != nullptr && b != nullptr && X509_NAME_cmp(a, b) == 0;
}

// Narrows a verdict's stretch of time to where it holds: a moment where some certificate begins to
// be valid, or has just ceased to be, is a boundary.
class Stretch {
 public:
  explicit Stretch(int64_t at) : at_(at) {}

  void Boundary(int64_t first_moment) {
    if (first_moment <= at_) {
      from_ = std::max(from_, first_moment);
    } else {
      to_ = std::min(to_, first_moment - 1);
    }
  }
  void Boundaries(const CertificateValidity& validity) {
    Boundary(validity.from);
    if (validity.to < INT64_MAX) Boundary(validity.to + 1);
  }
  int64_t at() const { return at_; }
  int64_t from() const { return from_; }
  int64_t to() const { return to_; }

 private:
  int64_t at_;
  int64_t from_ = INT64_MIN;
  int64_t to_ = INT64_MAX;
};

}  // namespace

TrustStore::TrustStore(std::unique_ptr<TrustedRoots> roots) : roots_(std::move(roots)) {}
TrustStore::~TrustStore() = default;

size_t TrustStore::roots() const {
  return roots_->size();
}

bool TrustStore::Holds(std::string_view sha256) const {
  return roots_->Holds(sha256);
}

Result<std::unique_ptr<TrustStore>> TrustStore::Load(const std::string& path) {
  HARK_ASSIGN_OR_RETURN(const std::string pem, ReadFile(path, kMaxBundle));
  return FromPem(pem, path);
}

Result<std::unique_ptr<TrustStore>> TrustStore::FromPem(std::string_view pem,
                                                        std::string_view name) {
  HARK_ASSIGN_OR_RETURN(auto roots, TrustedRoots::FromPem(pem, name));
  return std::unique_ptr<TrustStore>(new TrustStore(std::move(roots)));
}

struct IssuerCertificate::Parsed {
  X509Ptr certificate;
  CertificateValidity validity;
};

IssuerCertificate::IssuerCertificate() : parsed_(std::make_unique<Parsed>()) {}
IssuerCertificate::~IssuerCertificate() = default;

std::shared_ptr<const IssuerCertificate> IssuerCertificate::Read(std::string_view der) {
  std::shared_ptr<IssuerCertificate> out(new IssuerCertificate);
  out->parsed_->certificate = ReadX509(der);
  ERR_clear_error();
  if (!out->parsed_->certificate) return nullptr;
  out->parsed_->validity = ValidityOf(out->parsed_->certificate.get());
  return out;
}

// Which issuer's key verifies which certificate. Holds both, so no address is ever another's.
struct ChainVerifier::Memory {
  using Pair = std::pair<const X509*, const X509*>;  // issuer, subject
  struct Entry {
    X509Ptr issuer, subject;
    bool good;
  };

  bool Signed(X509* issuer, X509* subject) {
    {
      const std::lock_guard lock(mutex);
      if (const auto at = signatures.find({issuer, subject}); at != signatures.end()) {
        return at->second.good;
      }
    }
    const bool good = X509_verify(subject, X509_get0_pubkey(issuer)) == 1;
    X509_up_ref(issuer);
    X509_up_ref(subject);
    Entry entry{X509Ptr(issuer), X509Ptr(subject), good};
    const std::lock_guard lock(mutex);
    if (signatures.size() >= kMaxRemembered) signatures.clear();
    signatures.emplace(Pair(issuer, subject), std::move(entry));
    return good;
  }

  bool LeafSigned(std::string_view leaf, X509* issuer) const {
    EVP_PKEY* const key = X509_get0_pubkey(issuer);
    const auto parts = CutCertificate(leaf);
    if (const auto good = parts ? QuickVerify(*parts, key) : std::nullopt) return *good;
    const X509Ptr bare = leaves.Read(leaf);
    return bare && X509_verify(bare.get(), key) == 1;
  }

  bool SignedByItself(std::string_view leaf, const CertificateParts& parts) const {
    const EvpPkeyPtr key = keys.Read(parts.spki);
    if (const auto good = QuickVerify(parts, key.get())) return *good;
    const X509Ptr whole = ReadX509(leaf);
    return whole && X509_verify(whole.get(), X509_get0_pubkey(whole.get())) == 1;
  }

  // What the last step of X509_verify_cert asks and where it leaves its answer.
  struct Question {
    Memory* memory;
    std::string_view leaf;  // as it was signed
    Stretch stretch;
  };

  // Stands in for OpenSSL's internal_verify, the last step of X509_verify_cert: the chain is built,
  // its extensions and purposes are found right; signatures and times are left. The same checks,
  // but a signature on an issuer is verified once, not once a leaf, and the stretch of time is
  // kept in which the answer holds.
  static int VerifySignatures(X509_STORE_CTX* context) {
    auto* const question = static_cast<Question*>(X509_STORE_CTX_get_app_data(context));
    STACK_OF(X509)* const chain = X509_STORE_CTX_get0_chain(context);
    for (int i = sk_X509_num(chain) - 1; i >= 0; --i) {
      X509* const certificate = sk_X509_value(chain, i);
      const CertificateValidity validity = ValidityOf(certificate);
      if (question->stretch.at() < validity.from || question->stretch.at() > validity.to) {
        return Fail(context, i, X509_V_ERR_CERT_HAS_EXPIRED);
      }
      question->stretch.Boundaries(validity);
      if (i + 1 == sk_X509_num(chain)) continue;  // the root is trusted because it is there
      X509* const issuer = sk_X509_value(chain, i + 1);
      // Leaves are many and seen once: not worth remembering.
      const bool good = i == 0 ? question->memory->LeafSigned(question->leaf, issuer)
                               : question->memory->Signed(issuer, certificate);
      // X509_check_issued: also that the issuer may sign certificates.
      if (!good || X509_check_issued(issuer, certificate) != X509_V_OK) {
        return Fail(context, i, X509_V_ERR_CERT_SIGNATURE_FAILURE);
      }
    }
    return 1;
  }

  static int Fail(X509_STORE_CTX* context, int depth, int error) {
    X509_STORE_CTX_set_error_depth(context, depth);
    X509_STORE_CTX_set_error(context, error);
    return 0;
  }

  LeafReader leaves;
  QuickKeys keys;
  std::mutex mutex;
  std::map<Pair, Entry> signatures;
};

ChainVerifier::ChainVerifier(const TrustStore* store)
    : store_(store), memory_(std::make_unique<Memory>()) {}
ChainVerifier::~ChainVerifier() = default;

namespace {

// A chain that is not trusted may become so when another certificate's time comes: of those sent
// or of the roots, whichever is next.
ChainVerdict NotTrusted(Stretch stretch, const std::vector<int64_t>& boundaries) {
  const auto next = std::upper_bound(boundaries.begin(), boundaries.end(), stretch.at());
  if (next != boundaries.begin()) stretch.Boundary(*std::prev(next));
  if (next != boundaries.end()) stretch.Boundary(*next);
  return {false, false, stretch.from(), stretch.to()};
}

}  // namespace

ChainVerdict ChainVerifier::Verify(std::string_view leaf, std::string_view leaf_sha256,
                                   const IssuerChain& issuers, int64_t at_unix) const {
  const ChainVerdict verdict = Judge(leaf, leaf_sha256, issuers, at_unix);
  ERR_clear_error();  // what the stranger's bytes left must not be read as a later call's failure
  return verdict;
}

ChainVerdict ChainVerifier::Judge(std::string_view leaf, std::string_view leaf_sha256,
                                  const IssuerChain& issuers, int64_t at_unix) const {
  ChainVerdict verdict;
  const auto parts = leaf.size() <= kMaxCertificate ? CutCertificate(leaf) : std::nullopt;
  const NamePtr issuer = parts ? ReadName(parts->issuer) : nullptr;
  if (!issuer) return verdict;
  const bool names_itself =
      parts->issuer == parts->subject || SameName(issuer.get(), ReadName(parts->subject).get());
  const bool self_signed = names_itself && memory_->SignedByItself(leaf, *parts);
  verdict.self_signed = self_signed;
  const bool alone = self_signed && store_ != nullptr && !store_->Holds(leaf_sha256);
  if (store_ == nullptr || alone || !LeadsToRoot(issuer.get(), issuers)) return verdict;
  const X509Ptr target = names_itself ? ReadX509(leaf) : memory_->leaves.ReadForItsChain(leaf);
  if (target) verdict = FindChain(target.get(), leaf, issuers, at_unix);
  verdict.self_signed = self_signed;
  return verdict;
}

// By names alone, over certificates that were sent; signatures and all else is for who asks
// further. Nobody vouches for one certificate in five, and this is a tenth of finding that out by
// X509_verify_cert. Every root that it could come to is in the store afterwards.
bool ChainVerifier::LeadsToRoot(const X509_name_st* issuer, const IssuerChain& issuers) const {
  std::vector<const X509_NAME*> names = {issuer};
  std::vector<bool> followed(issuers.size());
  bool leads = false;
  for (size_t i = 0; i < names.size(); ++i) {
    if (store_->roots_->Admit(names[i])) leads = true;
    for (size_t j = 0; j < issuers.size(); ++j) {
      const X509* const sent = issuers[j]->parsed_->certificate.get();
      if (followed[j] || !SameName(X509_get_subject_name(sent), names[i])) continue;
      followed[j] = true;
      names.push_back(X509_get_issuer_name(sent));
    }
  }
  return leads;
}

ChainVerdict ChainVerifier::FindChain(x509_st* target, std::string_view leaf,
                                      const IssuerChain& issuers, int64_t at_unix) const {
  const ContextPtr context(X509_STORE_CTX_new());
  const StackPtr sent(sk_X509_new_null());
  if (!context || !sent) return {};
  Stretch around(at_unix);
  around.Boundaries(ValidityOf(target));
  for (const auto& issuer : issuers) {
    sk_X509_push(sent.get(), issuer->parsed_->certificate.get());
    around.Boundaries(issuer->parsed_->validity);
  }
  Memory::Question question{memory_.get(), leaf, Stretch(at_unix)};
  X509_STORE_CTX_init(context.get(), store_->roots_->store(), target, sent.get());
  X509_STORE_CTX_set_purpose(context.get(), X509_PURPOSE_SSL_SERVER);
  X509_STORE_CTX_set_time(context.get(), 0, static_cast<time_t>(at_unix));
  X509_STORE_CTX_set_depth(context.get(), kMaxDepth);
  X509_STORE_CTX_set_app_data(context.get(), &question);
  X509_STORE_CTX_set_verify(context.get(), Memory::VerifySignatures);
  if (X509_verify_cert(context.get()) == 1) {
    return {false, true, question.stretch.from(), question.stretch.to()};
  }
  return NotTrusted(around, store_->roots_->boundaries());
}

}  // namespace hark
