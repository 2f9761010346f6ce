#pragma once

// What a run's certificates, keys and cipher suites come to: everything of the report that needs
// to read a certificate. Fed in the pass over the host/ports, after the clusters are known.
//
// Counted are host/ports that take part (HostTable::takes_part). Moments are those of the grab
// (the host's started time) unless the operator asks for another one.

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "analysis/clusters.h"
#include "analysis/host_table.h"
#include "analysis/hygiene.h"
#include "analysis/key_kinds.h"
#include "analysis/kind_reuse.h"
#include "analysis/leaf_facts.h"
#include "analysis/port_trust.h"
#include "analysis/shared_keys.h"
#include "analysis/suites.h"
#include "base/status.h"
#include "keys/trust_store.h"
#include "storage/run_reader.h"

namespace hark {

struct FactsOptions {
  const TrustStore* trust = nullptr;  // nullptr: trust is not judged
  std::string trust_name;             // where it comes from, or why there is none; for people
  std::optional<int64_t> at_unix;     // judge at this moment, not when hosts were grabbed
  SuitePolicy policy = SuitePolicy::Paper();
  unsigned threads = 1;
};

// Whether a certificate was within its dates, and who vouches for it: the classes the paper's
// authors declared. Trusted is here "but for its own dates": an expired certificate of a real CA
// is trusted and not timely. A browser trusts what is both.
enum class CertVoucher : uint8_t { kTrusted, kSelfSigned, kOther };
inline constexpr size_t kCertVouchers = 3;

struct CertClassCount {
  uint64_t host_ports = 0;
  uint64_t clustered_host_ports = 0;  // of members of clusters

  bool operator==(const CertClassCount&) const = default;
};

struct CertClasses {
  std::array<CertClassCount, kCertVouchers> timely{};  // by CertVoucher
  std::array<CertClassCount, kCertVouchers> not_timely{};
  CertClassCount unread;  // shown, but not readable or not in the store

  const CertClassCount& Of(bool in_time, CertVoucher voucher) const {
    return (in_time ? timely : not_timely)[static_cast<size_t>(voucher)];
  }
};

// By what certificates were judged.
struct TrustBasis {
  bool judged = false;
  std::string name;  // where the roots come from, or why there are none; for people
  uint64_t roots = 0;
  std::optional<int64_t> at_unix;  // none: when each host was grabbed

  static TrustBasis Of(const FactsOptions& options);
};

struct RunFacts {
  TrustBasis trust;
  CertClasses classes;
  HygieneCounts hygiene;
  PortTrusts port_trust;
  SuiteCounts suites;
  KeyKindCounts key_kinds;
  KindReuse kind_reuse;
  uint64_t chains = 0;  // distinct ones read
};

class FactsPass {
 public:
  // All must outlive the pass.
  FactsPass(const RunReader& reader, const HostTable& hosts, const Clustering& clustering,
            const FactsOptions& options);

  // In (host, port) order; only hosts that take part.
  Status Visit(uint32_t host, uint16_t port, const proto::PortRow& row);
  Result<RunFacts> Finish();

 private:
  static constexpr uint32_t kNoHost = UINT32_MAX;
  // Host/ports, and hosts, of a batch that wait for certificates to be read: 200 bytes each, and
  // there are two batches.
  static constexpr size_t kMaxShows = 32768;

  // A host that waits for them; hosts without TLS wait in its line.
  struct OpenHost {
    uint32_t number = 0;
    MailSoftware software = MailSoftware::kUnknown;
    HostKinds kinds;
  };

  // A TLS port of a host.
  struct Show {
    uint32_t host = 0;
    uint16_t port = 0;
    uint16_t version = 0;
    uint16_t suite = 0;
    // Beginnings of the ids of the keys it is counted with: a scope may have taken some out.
    static constexpr size_t kMaxKeys = 4;  // one a certificate, of which there are two
    uint64_t keys[kMaxKeys] = {};
    size_t key_count = 0;
    uint32_t leaf = LeafBook::kNone;
    uint32_t other_leaf = LeafBook::kNone;  // of the other key type
    std::string chain;                      // to verify a shared one again
    std::string other_chain;

    bool Has(uint64_t key) const {
      return std::find(keys, keys + key_count, key) != keys + key_count;
    }
  };

  struct Batch {
    std::vector<OpenHost> hosts;
    std::vector<Show> shows;  // theirs; the strings are kept for the next batch
    size_t show_count = 0;

    bool IsFull() const { return show_count >= kMaxShows || hosts.size() >= kMaxShows; }
    Show& NextShow() {
      if (show_count == shows.size()) shows.emplace_back();
      return shows[show_count++];
    }
    void Clear() {
      hosts.clear();
      show_count = 0;
    }
  };

  int64_t TimeOf(uint32_t host) const;
  bool Clustered(uint32_t host) const { return clustering_.cluster_of[host] != Clustering::kNone; }
  bool AnyShared(const proto::PortRow& row) const;
  void NoteSoftware(uint16_t port, const proto::PortObservation& seen);
  void AddSsh(const proto::PortRow& row);
  uint64_t IdentityOf(std::string_view blob);
  Status AddTls(uint32_t host, uint16_t port, const proto::PortRow& row);
  // Ends the batch that is being read and has the one that is full read.
  Status Turn();
  // Everything about the hosts of the batch that is being read.
  Status Settle();
  Status SettleHost(OpenHost& host, const Show* begin, const Show* end);
  Result<uint32_t> SettleShow(const Show& show, HostKinds& kinds);
  uint32_t HandshakeFlags(const Show& show);
  Result<bool> IsTrusted(const Show& show, uint32_t leaf, const std::string& chain);
  void CountClass(const Show& show, bool trusted);
  Status CountLeaf(const Show& show, uint32_t leaf, const std::string& chain, HostKinds& kinds);
  bool Counts(const Show& show, uint32_t leaf) const;
  uint32_t SharedKeyOf(const Show& show) const;

  const HostTable& hosts_;
  const Clustering& clustering_;
  const FactsOptions& options_;
  int64_t run_started_unix_ = 0;
  SharedKeys shared_;
  LeafBook leaves_;
  KeyKindTally kinds_;
  PortTrustTally port_trust_;
  SuiteTally suites_;
  HygieneTally hygiene_;
  CertClasses classes_;
  PrefixMap ssh_blobs_;  // to a position in ssh_keys_, of blobs seen beside shared keys
  std::vector<uint64_t> ssh_keys_;
  Batch filling_, reading_;  // as the book's batches
  KindReuse kind_reuse_;
  uint32_t last_host_ = kNoHost;
};

}  // namespace hark
