#pragma once

// What the tables ask of leaf certificates. Every distinct chain is read and verified once for all
// host/ports that show it (again only where its verdict changes during the run), on all cores.
//
// A chain whose key two or more hosts show is remembered to the end, 56 bytes and 12 of index; one
// whose key no other host has is remembered until its host is done with. Bodies of certificates
// are held only while a batch of them is read: one is asked for while the one before is read by
// threads of the book's own. What comes out does not depend on how many there are.
//
// Threads: to its caller, none.

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <unordered_map>
#include <vector>

#include "analysis/prefix_map.h"
#include "base/status.h"
#include "keys/key_kind.h"
#include "keys/trust_store.h"
#include "storage/run_reader.h"

namespace hark {

struct LeafFacts {
  uint64_t key = 0;  // the beginning of its key's id (HashPrefix)
  int64_t not_before_unix = 0;
  int64_t not_after_unix = 0;  // inclusive
  // `trusted` is true of these moments of its life.
  int64_t verdict_from_unix = 0;
  int64_t verdict_to_unix = -1;
  uint32_t names_hash = 0;
  KeyKind kind;
  bool readable = false;  // else nothing here means anything
  bool wildcard = false;
  bool self_signed = false;
  bool trusted = false;

  bool IsTimely(int64_t at_unix) const {
    return not_before_unix <= at_unix && at_unix <= not_after_unix;
  }
  // The moment of its life nearest to another: when it is asked whether it would be trusted, were
  // it not for its dates.
  int64_t NearestMoment(int64_t at_unix) const;
};

class LeafBook {
 public:
  static constexpr uint32_t kNone = UINT32_MAX;
  static constexpr size_t kHash = 32;  // bytes of a SHA-256
  // Of a batch: enough for all cores, whatever sizes strangers made bodies.
  static constexpr size_t kMaxWanted = 2048;
  static constexpr size_t kMaxWantedBytes = size_t{8} << 20;
  // Issuers kept parsed, some 10 KB each; then all are forgotten. The Web has a few hundred, but a
  // server may send any.
  static constexpr size_t kMaxIssuers = 4096;

  // trust: nullptr = nothing is judged, self-signed apart. Both must outlive the book. threads: the
  // caller's among them.
  LeafBook(const RunReader& reader, const TrustStore* trust, unsigned threads);

  // The number of this chain (SHA-256 values one after another, leaf first), in the batch that is
  // being filled. shared: other hosts have its key, too. kNone for no chain; failures are the
  // store's.
  Result<uint32_t> Want(std::string_view chain, bool shared, int64_t at_unix);
  // What is asked for from now on is another host's.
  void NextHost() { filling_.host_begins = filling_.local.size(); }
  bool IsFull() const {
    return filling_.wanted.size() >= kMaxWanted || filling_.bytes >= kMaxWantedBytes;
  }

  // Begins to read the batch and to fill another one. What was read before is forgotten, but for
  // chains of shared keys; FinishReading must have been called for it.
  void StartReading();
  // Ends reading: what follows is about this batch.
  void FinishReading();
  const LeafFacts& At(uint32_t leaf) const {
    return leaf < kLocal ? shared_[leaf] : reading_.local[leaf - kLocal].facts;
  }
  // Whether its chain was good at that moment of its life; verified again if the verdict that is
  // known is of another stretch of time.
  Result<bool> TrustedAt(uint32_t leaf, std::string_view chain, int64_t moment_unix);

  uint64_t unread() const { return unread_; }  // chains without a readable leaf
  uint64_t chains() const { return chains_; }  // distinct ones, read

 private:
  static constexpr uint32_t kLocal = uint32_t{1} << 31;  // numbers of hosts' own chains begin here

  struct Local {
    uint64_t chain = 0;
    LeafFacts facts;
  };
  struct Wanted {
    uint32_t leaf = 0;
    int64_t at_unix = 0;
    std::string der;
    std::string sha256;
    IssuerChain issuers;
    LeafFacts facts;  // what whichever thread reads it finds
  };
  struct Batch {
    std::vector<Local> local;
    size_t host_begins = 0;  // in local
    std::vector<Wanted> wanted;
    size_t bytes = 0;  // of bodies
  };

  LeafFacts& Facts(uint32_t leaf) {
    return leaf < kLocal ? shared_[leaf] : reading_.local[leaf - kLocal].facts;
  }
  uint32_t FindLocal(uint64_t chain) const;
  Status Fetch(uint32_t leaf, std::string_view chain, int64_t at_unix);
  Result<IssuerChain> Issuers(std::string_view chain);
  void ReadOnes();
  void Read(Wanted& wanted) const;
  void Judge(const Wanted& wanted, int64_t moment_unix, LeafFacts& facts) const;

  const RunReader& reader_;
  const TrustStore* trust_;
  ChainVerifier verifier_;
  unsigned threads_;
  PrefixMap index_;  // of shared_, by chain
  std::vector<LeafFacts> shared_;
  Batch filling_, reading_;
  std::unordered_map<std::string, std::shared_ptr<const IssuerCertificate>> issuers_;
  uint64_t unread_ = 0;
  uint64_t chains_ = 0;

  std::atomic<size_t> next_ = 0;  // of reading_.wanted that nobody has taken
  // Last: they have ended before anything else is gone.
  std::vector<std::jthread> helpers_;
};

}  // namespace hark
