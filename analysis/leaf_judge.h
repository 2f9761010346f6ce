#pragma once

// Whether a browser would have trusted what a host showed on a port: the verdict that the
// statistics of clusters count. It is about the certificate the server prefers, at the moment its
// host was grabbed (or another one that was asked for), as in the report's classes of certificates.

#include <cstdint>
#include <functional>
#include <string>

#include "analysis/host_table.h"
#include "analysis/leaf_facts.h"
#include "analysis/run_facts.h"
#include "base/status.h"
#include "storage/run_reader.h"

namespace hark {

struct LeafVerdict {
  bool trusted = false;   // by a browser, at that moment
  bool wildcard = false;  // '*' in its common name or a DNS name
};

// Of a port with a key; host: its number. What cannot be judged counts as not trusted. An empty one
// is nobody: nothing is judged, and the columns say so.
using LeafJudge = std::function<Result<LeafVerdict>(uint32_t host, const proto::PortRow& row)>;

// Judges by a trust store. Each distinct chain is read and verified once; it is remembered, 68
// bytes each.
class BrowserJudge {
 public:
  // reader, hosts and what options point at must outlive the judge. Of the options trust, at_unix
  // and threads matter.
  BrowserJudge(const RunReader& reader, const HostTable& hosts, const FactsOptions& options);
  BrowserJudge(const BrowserJudge&) = delete;
  BrowserJudge& operator=(const BrowserJudge&) = delete;

  // One pass over the ports that reads what hosts that are wanted showed, on all cores: a verdict
  // is a look-up then. Without a trust store nothing is read.
  Status ReadAhead(const std::function<bool(uint32_t host)>& wanted);

  Result<LeafVerdict> Verdict(uint32_t host, const proto::PortRow& row);
  // Verdict, or nobody without a trust store. Valid as long as this.
  LeafJudge AsJudge();

 private:
  int64_t TimeOf(uint32_t host) const;
  // Its number in the book. The chain stays in chain_.
  Result<uint32_t> Want(uint32_t host, const proto::PortRow& row);
  // What was asked for, all of it: chains as of shared keys stay in the book.
  void ReadBatch();

  const RunReader& reader_;
  const HostTable& hosts_;
  const FactsOptions options_;
  LeafBook book_;
  std::string chain_;
};

}  // namespace hark
