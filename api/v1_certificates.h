#pragma once

// Certificates by what they say and by their key, and where they were seen.

#include "api/v1_page.h"
#include "api/v1_places.h"
#include "api/v1_query.h"

namespace hark {

// Exactly one of them is asked for.
struct CertificateWish {
  std::string sha256;  // 64 hex digits, or any form of it
  std::string spki;    // a key, in any form
  std::string name;    // a host's name; ".example.org" = all below it
  std::string issuer;  // the issuer's name as answers have it: RFC 2253 on one line
};
// sha256= spki= name= issuer=
Result<CertificateWish> ReadCertificateWish(const QueryMap& query);

// Certificates in brief with {"hosts", "places_count", "first_seen", "last_seen"}, by their hash.
// Of more than kMaxFound for a name or an issuer, the first stand here; `complete` tells.
inline constexpr size_t kMaxFoundCertificates = 10'000;
Result<V1Page> CertificateList(const MemoryView& memory, const CertificateWish& which,
                               const PlaceFilter& filter, const PageWish& wish, Effort& effort,
                               bool* complete);
Result<Json> CertificateListAnswer(const MemoryView& memory, const CertificateWish& which,
                                   const PlaceFilter& filter, const PageWish& wish, Effort& effort);

// One certificate with everything in it, and its places. der: its bytes as base64, too. kNotFound
// if it was never seen.
Result<Json> CertificateAnswer(const MemoryView& memory, std::string_view sha256,
                               const PlaceFilter& filter, const PageWish& wish, bool der,
                               Effort& effort);
Result<V1Page> CertificatePlaces(const MemoryView& memory, std::string_view sha256,
                                 const PlaceFilter& filter, const PageWish& wish, Effort& effort);

}  // namespace hark
