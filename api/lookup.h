#pragma once

// One question, one answer: what `hark lookup` asks, in whatever form the asker holds it.

#include <optional>
#include <string>
#include <string_view>

#include "api/environment.h"
#include "api/fact_json.h"
#include "api/v1_query.h"

namespace hark {

enum class LookupKind {
  kHost,     // an address, a name, an onion service
  kChanges,  // changes:HOST
  kHash,     // a fingerprint or hash: a key, a certificate or a HASSH
  kBanner,   // banner:TEXT
  kName,     // name:www.example.org, certificates for it
  kIssuer,   // issuer:TEXT
};

struct LookupQuestion {
  LookupKind kind = LookupKind::kHost;
  std::string text;  // without the word before the colon
};

// Never fails but for an empty text and a word that needs something behind it: what is nothing
// else is the name of a host.
Result<LookupQuestion> ReadLookup(std::string_view text);

struct LookupAnswer {
  std::string took_for;  // "an IPv4 address", "the MD5 fingerprint of an SSH key"
  std::string kind;      // which answer it is: "host", "key", "certificate", "hassh", "changes",
                         // "environment", "banner", "certificates"
  Json answer;           // as /v1 gives it
};

// environment: asked of keys only. kNotFound if nothing was seen, with what it was taken for.
Result<LookupAnswer> Lookup(const MemoryView& memory, const LookupQuestion& question,
                            const std::optional<Environment>& environment,
                            const PlaceFilter& filter, const PageWish& wish);

}  // namespace hark
