#include "api/v1_key.h"

#include <algorithm>

#include "base/strings.h"

namespace hark {
namespace {

// What stands on one side of an environment's border.
struct Side {
  PlacesSummary summary;
  std::optional<HostId> last;
  Json places = Json::array();

  void Add(const FactPlace& place, size_t limit) {
    ++summary.places;
    if (last != place.use.host) ++summary.hosts;
    last = place.use.host;
    summary.first_unix_s = std::min(summary.first_unix_s, place.span.first_unix_s);
    summary.last_unix_s = std::max(summary.last_unix_s, place.span.last_unix_s);
    if (places.size() < limit) places.push_back(PlaceJson(place));
  }

  Json ToJson() {
    Json out = Json::object();
    AddSummary(summary, out);
    out["complete"] = summary.complete && places.size() == summary.places;
    out["places"] = std::move(places);
    return out;
  }
};

// An environment and what is asked about it.
struct Border {
  const MemoryView& memory;
  const Environment& environment;
  const PlaceFilter& filter;
  size_t limit;
  Effort& effort;
};

Result<Side> LookAtSide(const Border& border, const std::vector<Fact>& keys, bool inside) {
  Side side;
  const auto wanted = [&](const FactUse& use) -> Result<bool> {
    HARK_RETURN_IF_ERROR(border.effort.Spend());
    HARK_ASSIGN_OR_RETURN(const bool has,
                          border.environment.Has(border.memory, use.host, border.effort));
    return has == inside;
  };
  const Status enough(StatusCode::kUnavailable, "enough places");
  for (const Fact& key : keys) {
    const Status walked = ForEachPlace(
        border.memory, key, {}, border.filter, border.effort,
        [&](const FactPlace& place) {
          side.summary.complete = side.summary.places < PlacesSummary::kMostPlaces;
          if (!side.summary.complete) return enough;
          side.Add(place, border.limit);
          return Status::Ok();
        },
        wanted);
    if (!side.summary.complete) break;
    HARK_RETURN_IF_ERROR(walked);
  }
  return side;
}

Result<std::vector<Fact>> FindKeys(const MemoryView& memory, std::string_view text) {
  HARK_ASSIGN_OR_RETURN(const HashText hash, ReadFingerprint(text));
  return KeysNamed(memory, hash);
}

Result<std::vector<Fact>> FindSeenKeys(const MemoryView& memory, std::string_view text) {
  HARK_ASSIGN_OR_RETURN(std::vector<Fact> keys, FindKeys(memory, text));
  if (keys.empty()) return NotFound("no key with this fingerprint was ever seen");
  return keys;
}

Result<Json> KeysJson(const MemoryView& memory, const std::vector<Fact>& keys, Effort& effort) {
  const FactDescriber describer(memory, effort);
  Json out = Json::array();
  for (const Fact& key : keys) {
    HARK_ASSIGN_OR_RETURN(Json json, describer.Describe(key));
    out.push_back(std::move(json));
  }
  return out;
}

}  // namespace

Result<HashText> ReadFingerprint(std::string_view text) {
  if (const auto hash = ReadHashText(text)) return *hash;
  return InvalidInput(
      StrCat("'", EscapeForDisplay(text.substr(0, 100)),
             "' is no fingerprint: give 32 or 64 hex digits, MD5 with colons, or SHA256: and "
             "base64"));
}

Result<Json> KeyAnswer(const MemoryView& memory, std::string_view text, const PlaceFilter& filter,
                       const PageWish& wish, Effort& effort) {
  HARK_ASSIGN_OR_RETURN(const std::vector<Fact> keys, FindSeenKeys(memory, text));
  Json out = {{"asked", EscapeForDisplay(text)}};
  HARK_ASSIGN_OR_RETURN(out["keys"], KeysJson(memory, keys, effort));
  HARK_RETURN_IF_ERROR(AddPlaces(memory, keys, filter, wish, effort, out));
  return out;
}

Result<V1Page> KeyPlaces(const MemoryView& memory, std::string_view text, const PlaceFilter& filter,
                         const PageWish& wish, Effort& effort) {
  HARK_ASSIGN_OR_RETURN(const std::vector<Fact> keys, FindSeenKeys(memory, text));
  return PlacesOf(memory, keys, filter, wish, effort);
}

Result<Json> KeyEnvironmentAnswer(const MemoryView& memory, std::string_view text,
                                  const Environment& environment, const PlaceFilter& filter,
                                  const PageWish& wish, Effort& effort) {
  HARK_ASSIGN_OR_RETURN(const std::vector<Fact> keys, FindKeys(memory, text));
  const Border border{memory, environment, filter, wish.limit, effort};
  HARK_ASSIGN_OR_RETURN(Side inside, LookAtSide(border, keys, true));
  HARK_ASSIGN_OR_RETURN(Side outside, LookAtSide(border, keys, false));
  const bool known = inside.summary.places > 0;
  const bool seen = known || outside.summary.places > 0;
  Json out = {
      {"asked", EscapeForDisplay(text)},
      {"environment", environment.name().empty() ? Json(nullptr) : Json(environment.name())},
      {"verdict", known  ? "known"
                  : seen ? "new"
                         : "never-seen"},
      {"new", !known}};
  HARK_ASSIGN_OR_RETURN(out["keys"], KeysJson(memory, keys, effort));
  out["inside"] = inside.ToJson();
  out["outside"] = outside.ToJson();
  return out;
}

}  // namespace hark
