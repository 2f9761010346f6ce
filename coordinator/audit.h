#pragma once

// Audits: a secret sample of what one worker says is asked of a second one, and the two answers are
// compared. A blocked vantage point or a worker that lies then disagrees with everybody else
// (docs/decisions/0036). Here is what is pure about it: what is in the sample, what of a result is
// kept to be compared, the comparison, and when a worker stands out. run_state_audit.cc has the
// jobs.

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/address.h"
#include "base/address_set.h"
#include "proto/observation.pb.h"
#include "proto/store.pb.h"

namespace hark {

// The name in the store's meta family of the 32 random bytes that choose the samples. No worker
// ever learns them.
inline constexpr char kAuditSecretName[] = "audit_secret";

// Which targets of a run are asked for twice.
//
//   sweeps   the plan's permuted indices in blocks of 1024 to 65,536; of each block one stretch of
//            ceil(share * block), beginning anywhere in it
//   grabs    every host for itself, whatever list or job it comes in
//
// So the sample does not depend on how jobs are cut, trimmed or split.
class AuditSample {
 public:
  struct Stretch {
    uint64_t from = 0;
    uint64_t to = 0;
  };

  // secret: as in the store; "" = no sample. share: 0 to 1.
  AuditSample(std::string_view secret, uint32_t run, uint64_t planned, double share);

  // What of [from, to) is in it, in order. One Stretch at most for each block.
  std::vector<Stretch> Within(uint64_t from, uint64_t to) const;
  bool Has(const Address& address) const;

 private:
  uint64_t Draw(char kind, std::string_view what) const;
  Stretch StretchOf(uint64_t block) const;

  std::string key_;  // of this run, "" = no sample
  uint64_t planned_;
  uint64_t block_;
  double share_;
};

// Takes them out of the claim; their places stay, and nothing is compared there. addresses: of the
// claim's hits, by index. False: none was there.
bool Forget(const AddressSet& who, const std::function<Address(uint64_t index)>& address_of,
            proto::AuditClaim* claim);

// What is kept of a visit for a second one; nullopt: nothing can be said about it, or the host was
// throttled and shall have its rest.
std::optional<proto::AuditHost> AuditHostOf(const proto::HostObservation& host);

// Findings: listeners of a sweep, ports of a visit that showed keys. What neither saw is none, so
// that a quiet Internet does not make everybody look trustworthy.
struct AuditCount {
  uint64_t audited = 0;    // findings of either that could be compared
  uint64_t disagreed = 0;  // that only one of them had

  AuditCount& operator+=(const AuditCount& other);
};

// The claim's part in [from, to) against what the second worker found there: the indices of its
// listeners, in order, and how many indices it could not knock at. Every such index, the second's
// here or the first's (claim->doubtful, which is used up), excuses one finding the other had alone.
AuditCount CompareSweep(uint64_t from, uint64_t to, const std::vector<uint64_t>& seen,
                        uint64_t could_not, proto::AuditClaim* claim);
// One host's ports. Both complete: the same keys. Else the keys of one must be among the other's;
// keys against none disagree. seen has the same ports in the same order.
AuditCount CompareHost(const proto::AuditHost& claimed, const proto::HostObservation& seen);

// Is the worker's rate of disagreement no accident? worker: the findings it took part in, audited
// or auditing; others: those of everybody else among themselves. With at least kFewestAudited of
// each, and when the chance of so many under the others' rate (at least kUsualDisagreement; the
// Internet changes between two visits) is at most one in a million by Chernoff's bound on the
// binomial distribution: exp(-n * KL(d/n || p)).
inline constexpr uint64_t kFewestAudited = 20;
inline constexpr double kUsualDisagreement = 0.01;
bool StandsOut(const AuditCount& worker, const AuditCount& others);

}  // namespace hark
