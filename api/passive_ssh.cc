#include "api/passive_ssh.h"

#include <utility>

#include "api/passive_ssh_routes.h"
#include "api/ssh_words.h"
#include "base/strings.h"
#include "keys/digests.h"

namespace hark {
namespace {

using Route = PassiveSshAnswer (*)(const PassiveSshQuestion&);

std::optional<HttpResponse> Answered(PassiveSshAnswer answer) {
  if (!answer.ok()) return ErrorOf(answer.status());
  return std::move(*answer);
}

std::string_view Found(const std::map<std::string, std::string>& values, const std::string& name) {
  const auto at = values.find(name);
  return at == values.end() ? std::string_view() : std::string_view(at->second);
}

}  // namespace

std::string_view PassiveSshQuestion::Argument(const std::string& name) const {
  return Found(request.arguments, name);
}

std::string_view PassiveSshQuestion::Parameter(const std::string& name) const {
  return Found(request.query, name);
}

HttpResponse JsonBody(std::string json) {
  HttpResponse response;
  response.body = std::move(json);
  return response;
}

Result<std::optional<SshKeyWords>> WordsOfKey(const HistoryReader& history, const Fact& key) {
  Result<std::string> blob = history.SshBlob(key);
  if (!blob.ok() && blob.status().code() != StatusCode::kNotFound) return blob.status();
  if (!blob.ok() || SshBlobType(*blob).empty()) return std::optional<SshKeyWords>();
  SshKeyWords words;
  words.type = SshBlobType(*blob);
  words.fingerprint = ColonHex(Md5(*blob));
  words.blob = std::move(*blob);
  return std::optional<SshKeyWords>(std::move(words));
}

Result<HasshChoice> ReadHasshChoice(const PassiveSshQuestion& question) {
  const std::string_view asked = question.Parameter("hassh");
  if (asked.empty()) return HasshChoice::kUnsaid;
  if (asked == "legacy") return HasshChoice::kLegacy;
  if (asked == "server") return HasshChoice::kServer;
  return InvalidInput("hassh is legacy or server");
}

std::string AlgorithmsJson(const proto::AlgorithmsRow& row, bool with_kex) {
  PythonJson json;
  const auto list = [&json](std::string_view name, std::string_view names) {
    json.Name(name).BeginList();
    if (!names.empty()) {
      for (const std::string_view one : Split(names, ',')) json.String(one);
    }
    json.EndList();
  };
  const proto::SshKexInit& lists = row.lists();
  json.BeginObject();
  if (with_kex) list("kex", lists.kex_algorithms());
  list("key", lists.server_host_key_algorithms());
  list("encrypt", lists.encryption_server_to_client());
  list("mac", lists.mac_server_to_client());
  list("compress", lists.compression_server_to_client());
  list("lang", lists.languages_server_to_client());
  return json.EndObject().Take();
}

void AddPassiveSshRoutes(HttpRouter& router, std::shared_ptr<const ApiContext> context) {
  const auto census = std::make_shared<CensusKeeper>();
  census->MakeAll(context->view);
  const auto add = [&](std::string pattern, Route route) {
    const auto handler = [=](const HttpRequest& request, HttpLane lane) {
      return Answered(route({request, lane, context->view(), *census}));
    };
    router.Add({std::move(pattern), ApiRole::kReader, handler});
  };
  add("/stats", PassiveSshStats);
  add("/banners", PassiveSshBanners);
  add("/banner/hosts/{banner...}", PassiveSshBannerHosts);
  add("/keys/types", PassiveSshKeyTypes);
  add("/host/ssh/{host...}", PassiveSshHost);
  add("/host/history/{host...}", PassiveSshHistory);
  add("/fingerprints", PassiveSshFingerprints);
  add("/fingerprint/all/{fingerprint...}", PassiveSshKey);
  add("/fingerprint/type/{type}/{fingerprint...}", PassiveSshKeyOfType);
  add("/hasshs", PassiveSshHasshs);
  add("/hassh/hosts/{hassh...}", PassiveSshHasshHosts);
}

}  // namespace hark
