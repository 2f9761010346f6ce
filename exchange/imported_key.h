#pragma once

// Identities of keys that a source names only by a fingerprint.

#include <string>
#include <string_view>

#include "storage/sighting.h"

namespace hark {

// 32 bytes: the id of an SSH key of which only the SHA-256 of its blob (32 bytes) is known. Hashed
// in a domain of its own: it equals no id of a key that is known whole, nor a hash of an SPKI.
std::string ImportedSshKeyId(std::string_view fingerprint);

// For history: a key whose id (32 bytes) is all that is known.
SightedFact KeyFactOfId(std::string_view id);

}  // namespace hark
