// /fingerprint/all and /fingerprint/type: one key, and who else had it.

#include <openssl/evp.h>

#include <utility>

#include "api/passive_ssh_routes.h"
#include "api/ssh_words.h"
#include "keys/openssl_ptr.h"
#include "keys/ssh_key.h"

namespace hark {
namespace {

std::string Base64(std::string_view bytes) {
  std::string out((bytes.size() + 2) / 3 * 4 + 1, '\0');
  const int length = EVP_EncodeBlock(AsUnsigned(out.data()), AsUnsigned(bytes.data()),
                                     static_cast<int>(bytes.size()));
  out.resize(static_cast<size_t>(length));
  return out;
}

// A key that was asked for, as far as SSH has shown it.
struct FoundKey {
  std::vector<Fact> facts;  // nearly always one
  SshKeyWords words;        // of the first
  SightedSpan span;
  std::optional<std::vector<HostId>> hosts;  // only if they are few
};

Result<std::vector<Fact>> FactsOfHash(const HistoryReader& history, const AskedFingerprint& asked) {
  std::vector<Fact> facts;
  for (const std::string& bytes : asked.bytes) {
    Result<std::vector<Fact>> some = asked.form == AskedFingerprint::Form::kMd5
                                         ? history.KeysByMd5(bytes)
                                         : history.KeysBySshSha256(bytes);
    if (some.ok() && some->empty() && asked.form == AskedFingerprint::Form::kSha256) {
      some = history.KeysById(bytes);
    }
    if (!some.ok()) return some.status();
    facts.insert(facts.end(), some->begin(), some->end());
  }
  return facts;
}

// type: "" = any. An empty span: not found. nullopt: it takes longer than the quick lane may.
Result<std::optional<FoundKey>> FindKey(const PassiveSshQuestion& question,
                                        const AskedFingerprint& asked, std::string_view type) {
  FoundKey found;
  HARK_ASSIGN_OR_RETURN(const std::vector<Fact> facts, FactsOfHash(question.history(), asked));
  for (const Fact& fact : facts) {
    HARK_ASSIGN_OR_RETURN(auto words, WordsOfKey(question.history(), fact));
    if (!words || (!type.empty() && words->type != type)) continue;
    if (found.facts.empty()) found.words = std::move(*words);
    found.facts.push_back(fact);
  }
  // The dates of a few places, which nearly every key has, come with the hosts in one walk.
  std::vector<HostId> hosts;
  HARK_ASSIGN_OR_RETURN(auto span,
                        SshSpanOf(question.history(), found.facts, kQuickPlaces, &hosts));
  if (span) {
    found.hosts = std::move(hosts);
  } else {
    if (question.lane == HttpLane::kQuick) return std::optional<FoundKey>();
    HARK_ASSIGN_OR_RETURN(span, SshSpanOf(question.history(), found.facts, SIZE_MAX));
  }
  found.span = *span;
  return std::optional<FoundKey>(std::move(found));
}

void AddDates(const SightedSpan& span, PythonJson& json) {
  json.Name("first_seen").String(DayText(span.first_unix_s));
  json.Name("last_seen").String(DayText(span.last_unix_s));
}

void AddMaterial(const SshKeyWords& words, PythonJson& json) {
  json.Name("base64").String(words.type + " " + Base64(words.blob));
  json.Name("crypto_material").BeginObject();
  for (const auto& [name, value] : CryptoMaterialOf(words.blob)) json.Name(name).String(value);
  json.EndObject();
}

// What Passive SSH does not have, behind everything it has.
std::string ExtraFields(const FoundKey& key) {
  PythonJson json;
  json.BeginObject();
  json.Name("fingerprint_sha256").String(SshSha256Fingerprint(key.words.blob));
  json.Name("first_seen_epoch").Int(key.span.first_unix_s);
  json.Name("last_seen_epoch").Int(key.span.last_unix_s);
  const std::string object = json.EndObject().Take();
  return ", " + object.substr(1);  // goes on in the document, and ends it
}

HttpResponse UnknownKey(std::string_view asked) {
  PythonJson json;
  json.BeginObject().Name("fingerprint").String(asked).Name("hosts").BeginList().EndList();
  return JsonBody(json.EndObject().Take());
}

HttpResponse UnknownKeyOfType(std::string_view type) {
  PythonJson json;
  json.BeginObject().Name("first_seen").Null().Name("last_seen").Null().Name("base64").Null();
  json.Name("crypto_material").BeginObject().EndObject();
  json.Name("type").String(type).Name("hosts").BeginList().EndList();
  return JsonBody(json.EndObject().Take());
}

}  // namespace

PassiveSshAnswer PassiveSshKey(const PassiveSshQuestion& question) {
  const std::string_view text = question.Argument("fingerprint");
  const AskedFingerprint asked = ParseAskedFingerprint(text);
  if (asked.form == AskedFingerprint::Form::kMalformed) {
    return std::optional<HttpResponse>(JsonError(400, "Invalid Fingerprint"));
  }
  HARK_ASSIGN_OR_RETURN(const auto found, FindKey(question, asked, ""));
  if (!found) return std::optional<HttpResponse>();
  if (found->span.empty()) return std::optional<HttpResponse>(UnknownKey(text));
  PythonJson json;
  json.BeginObject().Name("type").String(found->words.type);
  AddDates(found->span, json);
  AddMaterial(found->words, json);
  json.Name("fingerprint").String(found->words.fingerprint).Name("hosts").Raw("");
  return AnswerWithHosts(question, {json.Take(), ExtraFields(*found), found->facts, found->hosts});
}

PassiveSshAnswer PassiveSshKeyOfType(const PassiveSshQuestion& question) {
  const std::string_view type = question.Argument("type");
  const AskedFingerprint asked = ParseAskedFingerprint(question.Argument("fingerprint"));
  if (asked.form == AskedFingerprint::Form::kMalformed) {
    return std::optional<HttpResponse>(JsonError(400, "Invalid Fingerprint"));
  }
  HARK_ASSIGN_OR_RETURN(const auto found, FindKey(question, asked, type));
  if (!found) return std::optional<HttpResponse>();
  if (found->span.empty()) return std::optional<HttpResponse>(UnknownKeyOfType(type));
  PythonJson json;
  json.BeginObject();
  AddDates(found->span, json);
  AddMaterial(found->words, json);
  json.Name("type").String(found->words.type).Name("hosts").Raw("");
  PythonJson fingerprint;
  fingerprint.Name("fingerprint").String(found->words.fingerprint);
  return AnswerWithHosts(question, {json.Take(), ", " + fingerprint.Take() + ExtraFields(*found),
                                    found->facts, found->hosts});
}

}  // namespace hark
