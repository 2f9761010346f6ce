#pragma once

// Environments: what an asker calls his own, as a list of prefixes, ASes and names. Named ones are
// files beside the store, DIR/environments/NAME, a piece a line; blank lines and what follows '#'
// are comments:
//
//   192.0.2.0/24            an address, a prefix, or FIRST-LAST
//   AS64496                 addresses that are in it by geo data, or by the newest run
//   www.example.org         a host known by that name only
//   .example.org            and all below it

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "api/memory_view.h"
#include "base/address_set.h"
#include "base/status.h"

namespace hark {

class Environment {
 public:
  // 10,000 networks of a large organisation are 200 kB.
  static constexpr size_t kMaxBytes = size_t{8} << 20;

  // kInvalidInput names the line.
  static Result<Environment> Parse(std::string name, std::string_view text);
  // pieces with commas, as in ?prefix=.
  static Result<Environment> OfList(std::string_view pieces);

  const std::string& name() const { return name_; }  // "" of a list
  Result<bool> Has(const MemoryView& memory, const HostId& host, Effort& effort) const;

 private:
  Status Add(std::string_view piece, std::vector<AddressSpan>& spans);
  bool HasName(const std::string& name) const;

  std::string name_;
  AddressSet prefixes_;
  std::set<uint32_t> asns_;
  std::set<std::string, std::less<>> names_;  // domains begin with a dot
};

// The named one of a folder. A name is letters, digits, '.', '_' and '-', and begins with none of
// the last three: a path is none. kNotFound if there is no such file.
Result<Environment> ReadEnvironment(const std::string& folder, std::string_view name);
// Their names, sorted; none where there is no folder.
std::vector<std::string> EnvironmentNames(const std::string& folder);
bool IsEnvironmentName(std::string_view name);

}  // namespace hark
