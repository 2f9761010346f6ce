#pragma once

// Which keys of a run belong to a scope; the part of scope.h that looks at keys. One use of a key
// is judged by itself, whatever was asked before, so a walk may begin anywhere.

#include <functional>
#include <optional>
#include <unordered_set>
#include <vector>

#include "analysis/scope.h"
#include "storage/run_reader.h"

namespace hark {

class ScopeKeys {
 public:
  // Reads what the scope's lists name, and the SSH keys of the (host, port) that `in_scope` lets
  // pass. In address order, as a reader gives them.
  Status Prepare(const RunReader& reader, const Scope& scope,
                 const std::function<bool(const Address&, uint16_t)>& in_scope);

  bool Has(const KeyUse& use) const;
  bool AllOf(const Address& address, uint16_t port, const proto::PortRow& row) const;
  // The row as it would be if the host had no other keys than those of the scope: blobs and
  // certificates of the others are gone, too.
  proto::PortRow Narrowed(const RunReader& reader, const Address& address, uint16_t port,
                          const proto::PortRow& row) const;

 private:
  struct FirstKey {
    Address address;
    uint16_t port = 0;
    KeyId key;
  };

  bool HasKey(const Address& address, uint16_t port, std::string_view key) const;

  bool first_ssh_key_ = false;
  std::vector<FirstKey> first_;  // of SSH ports with several keys, by address and port
  std::optional<std::unordered_set<KeyId>> only_;
  std::unordered_set<KeyId> without_;
};

}  // namespace hark
