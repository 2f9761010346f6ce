#pragma once

// A list of keys by any name that hark prints: known keys of CDNs, vendors and images, to be left
// out of an analysis or looked at alone.

#include <set>
#include <string>
#include <string_view>
#include <unordered_set>

#include "base/status.h"
#include "keys/key_id.h"
#include "storage/run_reader.h"

namespace hark {

struct KeyList {
  std::unordered_set<KeyId> ids;
  // "SHA256:…" and "MD5:…" of SSH blobs: what they name is seen only where the blob is.
  std::set<std::string, std::less<>> fingerprints;

  size_t size() const { return ids.size() + fingerprints.size(); }
};

// A key a line, '#' and what follows a blank after the key are comments. A key is its id (64 hex
// digits, either case), "SHA256:" and 43 characters as ssh-keygen -l prints, or "MD5:" and 16 pairs
// of hex digits. kInvalidInput names the line.
Result<KeyList> ParseKeyList(std::string_view text);

// The ids of the list, fingerprints looked up among the SSH keys of the run. A fingerprint that
// nothing there has names no key of it.
Result<std::unordered_set<KeyId>> ResolveKeyList(const RunReader& reader, const KeyList& list);

}  // namespace hark
