#include "keys/trust_store.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <ctime>
#include <map>
#include <mutex>
#include <set>
#include <utility>

#include "base/file.h"
#include "base/strings.h"
#include "keys/key_id.h"
#include "keys/leaf_reader.h"
#include "keys/openssl_ptr.h"

namespace hark {
namespace {

using BioPtr = std::unique_ptr<BIO, OpenSslFree<BIO_free_all>>;
using StorePtr = std::unique_ptr<X509_STORE, OpenSslFree<X509_STORE_free>>;
using ContextPtr = std::unique_ptr<X509_STORE_CTX, OpenSslFree<X509_STORE_CTX_free>>;

void FreeStack(STACK_OF(X509) * certificates) {
  sk_X509_free(certificates);
}
using StackPtr = std::unique_ptr<STACK_OF(X509), OpenSslFree<FreeStack>>;

// A bundle of the whole web's roots is 220 KB; this is somebody's mistake.
constexpr size_t kMaxBundle = size_t{64} << 20;

// Borrowed by hark's own bookkeeping beside OpenSSL's.
struct Validity {
  int64_t from = 0;
  int64_t to = -1;  // never, when a date cannot be read
};

Validity ValidityOf(const X509* certificate) {
  std::tm from = {};
  std::tm to = {};
  if (ASN1_TIME_to_tm(X509_get0_notBefore(certificate), &from) != 1 ||
      ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &to) != 1) {
    return {};
  }
  return {timegm(&from), timegm(&to)};
}

std::string Sha256Of(X509* certificate) {
  unsigned char* bytes = nullptr;
  const int n = i2d_X509(certificate, &bytes);
  if (n <= 0) return {};
  std::string hash = Sha256({reinterpret_cast<const char*>(bytes), static_cast<size_t>(n)});
  OPENSSL_free(bytes);
  return hash;
}

bool NamesItself(const X509* certificate) {
  return X509_NAME_cmp(X509_get_subject_name(certificate), X509_get_issuer_name(certificate)) == 0;
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
  void Boundaries(const Validity& validity) {
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

struct TrustStore::Roots {
  StorePtr store;
  std::set<std::string, std::less<>> sha256;
  std::vector<int64_t> boundaries;  // of their validity, ascending
};

TrustStore::TrustStore(std::unique_ptr<Roots> roots) : roots_(std::move(roots)) {}
TrustStore::~TrustStore() = default;

size_t TrustStore::roots() const {
  return roots_->sha256.size();
}

bool TrustStore::Holds(std::string_view sha256) const {
  return roots_->sha256.find(sha256) != roots_->sha256.end();
}

Result<std::unique_ptr<TrustStore>> TrustStore::Load(const std::string& path) {
  HARK_ASSIGN_OR_RETURN(const std::string pem, ReadFile(path, kMaxBundle));
  return FromPem(pem, path);
}

struct IssuerCertificate::Parsed {
  X509Ptr certificate;
  Validity validity;
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

  // What the last step of X509_verify_cert asks and where it leaves its answer.
  struct Question {
    Memory* memory;
    X509* leaf;  // as it was signed
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
      const Validity validity = ValidityOf(certificate);
      if (question->stretch.at() < validity.from || question->stretch.at() > validity.to) {
        return Fail(context, i, X509_V_ERR_CERT_HAS_EXPIRED);
      }
      question->stretch.Boundaries(validity);
      if (i + 1 == sk_X509_num(chain)) continue;  // the root is trusted because it is there
      X509* const issuer = sk_X509_value(chain, i + 1);
      // Leaves are many and seen once: not worth remembering.
      const bool good = i == 0 ? X509_verify(question->leaf, X509_get0_pubkey(issuer)) == 1
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
  std::mutex mutex;
  std::map<Pair, Entry> signatures;
};

Result<std::unique_ptr<TrustStore>> TrustStore::FromPem(std::string_view pem,
                                                        std::string_view name) {
  auto roots = std::make_unique<Roots>();
  roots->store.reset(X509_STORE_new());
  const BioPtr in(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  if (!roots->store || !in) return Internal("OpenSSL gives no memory for a trust store");
  while (const X509Ptr root{PEM_read_bio_X509(in.get(), nullptr, nullptr, nullptr)}) {
    X509_STORE_add_cert(roots->store.get(), root.get());  // one that is there twice is no matter
    roots->sha256.insert(Sha256Of(root.get()));
    const Validity validity = ValidityOf(root.get());
    roots->boundaries.push_back(validity.from);
    roots->boundaries.push_back(validity.to + 1);
  }
  const bool ended = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
  ERR_clear_error();
  if (!ended) {
    return InvalidInput(
        StrCat(name, ": certificate ", roots->sha256.size() + 1, " of the bundle cannot be read"));
  }
  if (roots->sha256.empty()) {
    return InvalidInput(StrCat(name, ": no certificate in it; a bundle in PEM is wanted"));
  }
  std::sort(roots->boundaries.begin(), roots->boundaries.end());
  return std::unique_ptr<TrustStore>(new TrustStore(std::move(roots)));
}

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
  const X509Ptr bare = memory_->leaves.Read(leaf);
  ChainVerdict verdict;
  if (!bare) {
    ERR_clear_error();  // what the stranger's bytes left must not be read as a later call's failure
    return verdict;
  }
  const bool names_itself = NamesItself(bare.get());
  X509Ptr whole;  // with its key, where that key may have signed it
  if (names_itself) {
    const EvpPkeyPtr key = QuickKeyOf(bare.get());
    if (!key) whole = ReadX509(leaf);
    verdict.self_signed =
        key ? X509_verify(bare.get(), key.get()) == 1
            : whole && X509_verify(whole.get(), X509_get0_pubkey(whole.get())) == 1;
  }
  const bool alone = verdict.self_signed && store_ != nullptr && !store_->Holds(leaf_sha256);
  if (store_ != nullptr && !alone) {
    if (names_itself && !whole) whole = ReadX509(leaf);
    const X509Ptr stand_in = whole ? nullptr : memory_->leaves.ReadForItsChain(leaf);
    X509* const target = whole ? whole.get() : stand_in.get();
    const bool self_signed = verdict.self_signed;
    if (target != nullptr) {
      verdict = FindChain(target, whole ? whole.get() : bare.get(), issuers, at_unix);
    }
    verdict.self_signed = self_signed;
  }
  ERR_clear_error();
  return verdict;
}

ChainVerdict ChainVerifier::FindChain(X509* target, X509* signed_leaf, const IssuerChain& issuers,
                                      int64_t at_unix) const {
  const ContextPtr context(X509_STORE_CTX_new());
  const StackPtr sent(sk_X509_new_null());
  if (!context || !sent) return {};
  Stretch around(at_unix);
  around.Boundaries(ValidityOf(target));
  for (const auto& issuer : issuers) {
    sk_X509_push(sent.get(), issuer->parsed_->certificate.get());
    around.Boundaries(issuer->parsed_->validity);
  }
  Memory::Question question{memory_.get(), signed_leaf, Stretch(at_unix)};
  X509_STORE_CTX_init(context.get(), store_->roots_->store.get(), target, sent.get());
  X509_STORE_CTX_set_purpose(context.get(), X509_PURPOSE_SSL_SERVER);
  X509_STORE_CTX_set_time(context.get(), 0, static_cast<time_t>(at_unix));
  X509_STORE_CTX_set_depth(context.get(), kMaxDepth);
  X509_STORE_CTX_set_app_data(context.get(), &question);
  X509_STORE_CTX_set_verify(context.get(), Memory::VerifySignatures);
  if (X509_verify_cert(context.get()) == 1) {
    return {false, true, question.stretch.from(), question.stretch.to()};
  }
  return NotTrusted(around, store_->roots_->boundaries);
}

}  // namespace hark
