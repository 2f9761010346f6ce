#pragma once

// Scan records of Passive SSH (docs/import-passive-ssh.md): a JSON object a line, for one visit of
// one host and port. The format has no schema and its own readers check nothing; here every field
// is checked by itself, and one that cannot be used costs only itself.

#include <memory>
#include <string_view>

#include "exchange/foreign_record.h"

namespace hark {

// The port of records that do not tell theirs: what Passive SSH itself says of every host.
inline constexpr uint16_t kPassiveSshPort = 22;

// Threads: one reader belongs to one thread.
class PassiveSshRecordReader {
 public:
  PassiveSshRecordReader();
  ~PassiveSshRecordReader();
  PassiveSshRecordReader(const PassiveSshRecordReader&) = delete;
  PassiveSshRecordReader& operator=(const PassiveSshRecordReader&) = delete;

  // At most one sighting. None and no fault for an empty line and for {}, which the scanner prints
  // for a target that did not answer.
  ForeignRecord Read(std::string_view line);

  // The fact of a key_exchange by itself ({"key": [...], ...}) and the value its source has for it.
  // nullopt if both are empty or the value is none.
  std::optional<SightedFact> ReadLists(std::string_view key_exchange, std::string_view hassh);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace hark
