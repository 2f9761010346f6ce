#include "api/v1_software.h"

#include <algorithm>

#include "api/named_fact.h"
#include "base/strings.h"
#include "storage/sighting.h"

namespace hark {
namespace {

constexpr size_t kHasshDigits = 32;
// Algorithm lists of one HASSH differ in their host-key algorithms only; there are few.
constexpr size_t kMostLists = 1000;

Result<Fact> FindBanner(const MemoryView& memory, std::string_view banner, Effort& effort) {
  const Fact fact = BannerFact(banner).fact;
  HARK_ASSIGN_OR_RETURN(const std::vector<FactUse> uses, memory.Uses(fact, {}, 1, effort));
  if (uses.empty()) return NotFound("this banner was never seen");
  return fact;
}

struct HasshFacts {
  std::vector<Fact> facts;
  bool by_hassh = false;
  bool by_passive_ssh = false;
};

Result<HasshFacts> FindHassh(const MemoryView& memory, std::string_view text) {
  const std::string value = AsciiLower(text);
  if (value.size() != kHasshDigits || !HexDecode(value)) {
    return InvalidInput("a HASSH is 32 hex digits");
  }
  HasshFacts found;
  HARK_ASSIGN_OR_RETURN(found.facts, memory.history().AlgorithmsByHassh(value));
  HARK_ASSIGN_OR_RETURN(const std::vector<Fact> others,
                        memory.history().AlgorithmsByPassiveSshHassh(value));
  found.by_hassh = !found.facts.empty();
  found.by_passive_ssh = !others.empty();
  found.facts.insert(found.facts.end(), others.begin(), others.end());
  std::sort(found.facts.begin(), found.facts.end());
  found.facts.erase(std::unique(found.facts.begin(), found.facts.end()), found.facts.end());
  if (found.facts.empty()) return NotFound("no server with this HASSH was ever seen");
  return found;
}

}  // namespace

Result<std::string> ReadBannerText(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\') {
      out += text[i];
    } else if (text.substr(i, 2) == "\\\\") {
      out += text[i++];
    } else {
      const auto byte = text.substr(i, 2) == "\\x" ? HexDecode(text.substr(i + 2, 2))
                                                   : std::optional<std::string>();
      if (!byte || byte->size() != 1) return InvalidInput("a backslash is written \\\\");
      out += *byte;
      i += 3;
    }
  }
  return out;
}

Result<V1Page> BannerList(const MemoryView& memory, std::string_view prefix, const PageWish& wish,
                          Effort& effort) {
  HARK_RETURN_IF_ERROR(effort.Spend(Effort::kQuickUnits + 1));
  V1Page page;
  const Status full(StatusCode::kUnavailable, "the page is full");
  const Status walked = memory.history().ForEachFact(
      FactKind::kBanner, [&](const Fact& fact, uint64_t hosts) -> Status {
        if (!wish.cursor.empty() && FactRef(fact) < wish.cursor) return Status::Ok();
        const Result<std::string> text = memory.history().Banner(fact);
        if (text.status().code() == StatusCode::kNotFound) return Status::Ok();
        HARK_RETURN_IF_ERROR(text.status());
        if (!text->starts_with(prefix)) return Status::Ok();
        if (page.items.size() == wish.limit) {
          page.next = FactRef(fact);
          return full;
        }
        page.items.push_back({{"kind", FactKindName(fact.kind)},
                              {"fact", FactName(fact)},
                              {"banner", EscapeForDisplay(*text)},
                              {"hosts", hosts}});
        return Status::Ok();
      });
  if (page.next.empty()) HARK_RETURN_IF_ERROR(walked);
  return page;
}

Result<Json> BannerListAnswer(const MemoryView& memory, std::string_view prefix,
                              const PageWish& wish, Effort& effort) {
  HARK_ASSIGN_OR_RETURN(V1Page page, BannerList(memory, prefix, wish, effort));
  Json out = Json::object();
  AddPage(std::move(page), "banners", out);
  return out;
}

Result<Json> BannerAnswer(const MemoryView& memory, std::string_view banner,
                          const PlaceFilter& filter, const PageWish& wish, Effort& effort) {
  HARK_ASSIGN_OR_RETURN(const Fact fact, FindBanner(memory, banner, effort));
  Json out = {{"banner", EscapeForDisplay(banner)}, {"fact", FactName(fact)}};
  HARK_RETURN_IF_ERROR(AddPlaces(memory, {fact}, filter, wish, effort, out));
  return out;
}

Result<V1Page> BannerPlaces(const MemoryView& memory, std::string_view banner,
                            const PlaceFilter& filter, const PageWish& wish, Effort& effort) {
  HARK_ASSIGN_OR_RETURN(const Fact fact, FindBanner(memory, banner, effort));
  return PlacesOf(memory, {fact}, filter, wish, effort);
}

Result<Json> HasshAnswer(const MemoryView& memory, std::string_view value,
                         const PlaceFilter& filter, const PageWish& wish, Effort& effort) {
  HARK_ASSIGN_OR_RETURN(const HasshFacts found, FindHassh(memory, value));
  Json out = {{"asked", EscapeForDisplay(value)}, {"formulas", Json::array()}};
  if (found.by_hassh) out["formulas"].push_back("hassh_server");
  if (found.by_passive_ssh) out["formulas"].push_back("passive_ssh_hassh");
  const FactDescriber describer(memory, effort);
  out["algorithms"] = Json::array();
  for (size_t i = 0; i < std::min(found.facts.size(), kMostLists); ++i) {
    HARK_ASSIGN_OR_RETURN(Json lists, describer.Describe(found.facts[i]));
    out["algorithms"].push_back(std::move(lists));
  }
  HARK_RETURN_IF_ERROR(AddPlaces(memory, found.facts, filter, wish, effort, out));
  return out;
}

Result<V1Page> HasshPlaces(const MemoryView& memory, std::string_view value,
                           const PlaceFilter& filter, const PageWish& wish, Effort& effort) {
  HARK_ASSIGN_OR_RETURN(const HasshFacts found, FindHassh(memory, value));
  return PlacesOf(memory, found.facts, filter, wish, effort);
}

}  // namespace hark
