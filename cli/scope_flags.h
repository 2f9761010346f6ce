#pragma once

// The flags with which commands that only look say what they look at: one run, several as one, or a
// part of them (analysis/scope.h).

#include <memory>
#include <string>
#include <vector>

#include "analysis/scope.h"
#include "base/status.h"
#include "cli/flags.h"
#include "storage/store.h"

namespace hark {

// As given; ScopeOf checks it.
struct ScopeWishes {
  std::vector<std::string> runs;  // none = the newest
  bool together = false;
  std::vector<std::string> asns;
  std::vector<std::string> countries;
  std::string prefixes;
  std::vector<uint16_t> ports;
  std::string since, until;
  std::string ssh_keys = "all";
  std::string only_keys, without_keys;  // files
};

// --run, --together and those of the scope. wishes must outlive their use.
std::vector<Flag> ScopeFlags(ScopeWishes& wishes);
// Those of the scope alone: for commands that are told their runs otherwise.
std::vector<Flag> PartFlags(ScopeWishes& wishes);

// kInvalidInput names the flag and what is wrong. Reads the files.
Result<Scope> ScopeOf(const ScopeWishes& wishes);

// What the commands read: the runs and the store they live in.
struct ScopedRun {
  std::unique_ptr<Store> store;  // declared first: outlives the reader
  std::unique_ptr<RunReader> reader;
  size_t runs = 1;                 // how many of them it is
  std::vector<std::string> words;  // ScopeWords, and that they are several
};

// Each run is narrowed by itself before they are put together: a host is of the AS, the country and
// the time that the run says.
Result<ScopedRun> OpenScope(const std::string& db, const ScopeWishes& wishes);

// That part of these runs in an open store, as one run. "" = the newest.
Result<std::unique_ptr<RunReader>> ReadTogether(const Store& store,
                                                const std::vector<std::string>& runs,
                                                const Scope& scope);

}  // namespace hark
