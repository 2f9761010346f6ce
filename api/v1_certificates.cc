#include "api/v1_certificates.h"

#include <algorithm>
#include <set>

#include "analysis/tls_json.h"
#include "api/named_fact.h"
#include "api/v1_key.h"
#include "base/strings.h"
#include "keys/certificate.h"

namespace hark {
namespace {

std::string Quoted(std::string_view text) {
  return StrCat("'", EscapeForDisplay(text.substr(0, 100)), "'");
}

// Those that have one of these keys: wherever the key was seen, a certificate with it may have
// been. Keys of SSH alone are in none.
Result<std::vector<Fact>> CertificatesOfKeys(const MemoryView& memory,
                                             const std::vector<Fact>& keys, Effort& effort) {
  std::set<Fact> found, judged;
  for (const Fact& key : keys) {
    const Status walked =
        ForEachPlace(memory, key, {}, {}, effort, [&](const FactPlace& place) -> Status {
          HARK_ASSIGN_OR_RETURN(const Timeline timeline, memory.Port(place.use, effort));
          for (const Fact& fact : timeline.facts()) {
            if (fact.kind != FactKind::kCertificate || !judged.insert(fact).second) continue;
            HARK_RETURN_IF_ERROR(effort.Spend());
            const Result<std::string> der = memory.history().Certificate(fact);
            const auto id = der.ok() ? KeyIdOfCertificate(*der) : std::nullopt;
            if (id && id->bytes().substr(0, kFactRefSize) == key.value) found.insert(fact);
          }
          return Status::Ok();
        });
    HARK_RETURN_IF_ERROR(walked);
  }
  return std::vector<Fact>(found.begin(), found.end());
}

Result<std::vector<Fact>> CertificatesByHash(const MemoryView& memory, std::string_view text) {
  const std::optional<HashText> hash = ReadHashText(text);
  if (!hash) return InvalidInput(StrCat(Quoted(text), " is no SHA-256 of a certificate"));
  return CertificatesNamed(memory, *hash);
}

Result<std::vector<Fact>> Find(const MemoryView& memory, const CertificateWish& which,
                               Effort& effort) {
  constexpr size_t kMost = kMaxFoundCertificates + 1;
  // The index gives its entries without saying how many it will read.
  if (!which.name.empty() || !which.issuer.empty()) {
    HARK_RETURN_IF_ERROR(effort.Spend(Effort::kQuickUnits + 1));
  }
  if (!which.name.empty()) {
    return memory.history().CertificatesByName(AsciiLower(which.name), kMost);
  }
  if (!which.issuer.empty()) return memory.history().CertificatesByIssuer(which.issuer, kMost);
  if (!which.sha256.empty()) return CertificatesByHash(memory, which.sha256);
  HARK_ASSIGN_OR_RETURN(const HashText hash, ReadFingerprint(which.spki));
  HARK_ASSIGN_OR_RETURN(const std::vector<Fact> keys, KeysNamed(memory, hash));
  return CertificatesOfKeys(memory, keys, effort);
}

Result<std::vector<Fact>> FindOne(const MemoryView& memory, std::string_view sha256) {
  HARK_ASSIGN_OR_RETURN(std::vector<Fact> facts, CertificatesByHash(memory, sha256));
  if (facts.empty()) return NotFound("no such certificate was ever seen");
  return facts;
}

}  // namespace

Result<CertificateWish> ReadCertificateWish(const QueryMap& query) {
  CertificateWish wish;
  int given = 0;
  const auto take = [&](const char* name, std::string& out) {
    const auto at = query.find(name);
    if (at == query.end() || at->second.empty()) return;
    out = at->second;
    ++given;
  };
  take("sha256", wish.sha256);
  take("spki", wish.spki);
  take("name", wish.name);
  take("issuer", wish.issuer);
  if (given != 1) return InvalidInput("give one of sha256=, spki=, name= and issuer=");
  return wish;
}

Result<V1Page> CertificateList(const MemoryView& memory, const CertificateWish& which,
                               const PlaceFilter& filter, const PageWish& wish, Effort& effort,
                               bool* complete) {
  HARK_ASSIGN_OR_RETURN(std::vector<Fact> facts, Find(memory, which, effort));
  std::sort(facts.begin(), facts.end());
  *complete = facts.size() <= kMaxFoundCertificates;
  if (!*complete) facts.resize(kMaxFoundCertificates);
  V1Page page;
  const FactDescriber describer(memory, effort);
  for (const Fact& fact : facts) {
    if (!wish.cursor.empty() && FactRef(fact) < wish.cursor) continue;
    if (effort.spent() >= Effort::kPageUnits) {
      page.next = FactRef(fact);
      break;
    }
    HARK_ASSIGN_OR_RETURN(const PlacesSummary summary, SummaryOf(memory, {fact}, filter, effort));
    if (summary.places == 0) continue;
    if (page.items.size() == wish.limit) {
      page.next = FactRef(fact);
      break;
    }
    HARK_ASSIGN_OR_RETURN(Json item, describer.Describe(fact));
    AddSummary(summary, item);
    page.items.push_back(std::move(item));
  }
  return page;
}

Result<Json> CertificateListAnswer(const MemoryView& memory, const CertificateWish& which,
                                   const PlaceFilter& filter, const PageWish& wish,
                                   Effort& effort) {
  bool complete = false;
  HARK_ASSIGN_OR_RETURN(V1Page page,
                        CertificateList(memory, which, filter, wish, effort, &complete));
  Json out = Json::object();
  AddPage(std::move(page), "certificates", out);
  out["complete"] = complete;
  return out;
}

Result<Json> CertificateAnswer(const MemoryView& memory, std::string_view sha256,
                               const PlaceFilter& filter, const PageWish& wish, bool der,
                               Effort& effort) {
  HARK_ASSIGN_OR_RETURN(const std::vector<Fact> facts, FindOne(memory, sha256));
  Json out = {{"asked", EscapeForDisplay(sha256)}, {"fact", FactName(facts.front())}};
  const Result<std::string> body = memory.history().Certificate(facts.front());
  if (!body.ok() && body.status().code() != StatusCode::kNotFound) return body.status();
  out["certificate"] = body.ok() ? CertificateJson(*body, der) : Json(nullptr);
  HARK_RETURN_IF_ERROR(AddPlaces(memory, facts, filter, wish, effort, out));
  return out;
}

Result<V1Page> CertificatePlaces(const MemoryView& memory, std::string_view sha256,
                                 const PlaceFilter& filter, const PageWish& wish, Effort& effort) {
  HARK_ASSIGN_OR_RETURN(const std::vector<Fact> facts, FindOne(memory, sha256));
  return PlacesOf(memory, facts, filter, wish, effort);
}

}  // namespace hark
