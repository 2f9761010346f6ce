// The OpenAPI 3.1 document: paths from the table of /v1 and from the one of Passive SSH here,
// schemas from openapi_schemas.json.

#include <nlohmann/json.hpp>
#include <set>

#include "api/v1_routes.h"
#include "base/strings.h"

namespace hark {

std::string_view EmbeddedOpenApiSchemas();

namespace {

struct DocumentedParameter {
  const char* name;
  const char* called;  // in the query string
  const char* description;
  const char* schema;  // JSON
};
constexpr DocumentedParameter kParameters[] = {
    {"prefix", "prefix", "Only addresses in these: addresses, prefixes or FIRST-LAST, with commas",
     R"({"type": "string"})"},
    {"own_prefix", "prefix",
     "The environment: prefixes, AS numbers (AS64496), names and domains (.example.org), with "
     "commas",
     R"({"type": "string"})"},
    {"port", "port", "Only these ports, with commas", R"({"type": "string"})"},
    {"country", "country",
     "Only hosts in these countries, two letters each, with commas: by the server's geo data, "
     "without by the newest run that has the host, or by run=",
     R"({"type": "string"})"},
    {"as", "as", "Only hosts in these ASes, with commas; see country", R"({"type": "string"})"},
    {"run", "run", "The run that is asked, or whose word counts for country and AS",
     R"({"type": "string"})"},
    {"since", "since", "Only what was seen from then on; UTC, a date or RFC 3339",
     R"({"type": "string"})"},
    {"until", "until", "Only what was seen before then", R"({"type": "string"})"},
    {"limit", "limit",
     "At most so many items, 100 without it, up to 10,000; of NDJSON any number, all without it",
     R"({"type": "integer", "minimum": 1})"},
    {"cursor", "cursor", "Where to go on: the \"next\" of the answer before",
     R"({"type": "string"})"},
    {"format", "format", "ndjson: items alone, one a line; as Accept: application/x-ndjson",
     R"({"type": "string", "enum": ["json", "ndjson"]})"},
    {"sha256", "sha256", "SHA-256 of the certificate", R"({"type": "string"})"},
    {"spki", "spki", "The certificate's key, in any form of a fingerprint",
     R"({"type": "string"})"},
    {"name", "name", "A name in the certificate; .example.org: every name below it",
     R"({"type": "string"})"},
    {"issuer", "issuer", "The issuer's name, as answers have it", R"({"type": "string"})"},
    {"der", "der", "1: the certificate's bytes as base64, too",
     R"({"type": "string", "enum": ["0", "1"]})"},
    {"begins", "begins", "What the banners begin with; \\xNN stands for a byte",
     R"({"type": "string"})"},
    {"exact", "exact", "The whole banner; \\xNN stands for a byte", R"({"type": "string"})"},
    {"min_size", "min_size", "Only clusters of that many hosts and more",
     R"({"type": "integer", "minimum": 2, "default": 2})"},
    {"runs", "runs", "Names of runs, with commas", R"({"type": "string"})"},
    {"cross", "cross", "1: what crosses the runs' borders; goes with any number of them",
     R"({"type": "string", "enum": ["0", "1"]})"},
    {"pssh_limit", "limit", "Pages of so many items; without it the whole list",
     R"({"type": "integer", "minimum": 1, "maximum": 10000})"},
    {"pssh_cursor", "cursor", "Where to go on: the X-Next-Cursor of the answer before",
     R"({"type": "string"})"},
    {"pssh_hassh", "hassh", "Which value counts: Passive SSH's own, or the true hasshServer",
     R"({"type": "string", "enum": ["legacy", "server"]})"},
};

// The routes of Passive SSH (docs/passive-ssh.md). Unknown items are 200 and an empty shape.
struct DocumentedRoute {
  const char* pattern;
  const char* summary;
  const char* parameters;
  const char* answer;
};
constexpr DocumentedRoute kPassiveSsh[] = {
    {"/stats", "Counts over all of the store", "", "PassiveSshStats"},
    {"/banners", "Banners and on how many hosts they were seen", "pssh_limit pssh_cursor",
     "PassiveSshBanners"},
    {"/banner/hosts/{banner...}", "Hosts with a banner", "pssh_limit pssh_cursor",
     "PassiveSshBannerHosts"},
    {"/keys/types", "Types of SSH keys that were seen", "", "PassiveSshKeyTypes"},
    {"/host/ssh/{host...}", "All that a host showed in SSH", "pssh_hassh", "PassiveSshHost"},
    {"/host/history/{host...}", "The keys of each visit of a host", "", "PassiveSshHistory"},
    {"/fingerprints", "Keys and on how many hosts they were seen", "pssh_limit pssh_cursor",
     "PassiveSshFingerprints"},
    {"/fingerprint/all/{fingerprint...}", "A key and its hosts", "pssh_limit pssh_cursor",
     "PassiveSshKey"},
    {"/fingerprint/type/{type}/{fingerprint...}", "A key of a type and its hosts",
     "pssh_limit pssh_cursor", "PassiveSshKey"},
    {"/hasshs", "HASSH values and on how many hosts they were seen",
     "pssh_hassh pssh_limit pssh_cursor", "PassiveSshHasshs"},
    {"/hassh/hosts/{hassh...}", "Hosts with a HASSH", "pssh_hassh pssh_limit pssh_cursor",
     "PassiveSshHasshHosts"},
};

Json SchemaRef(const std::string& name) {
  return {{"$ref", "#/components/schemas/" + name}};
}

// "/v1/hosts/{host...}" -> "/v1/hosts/{host}".
std::string DocumentedPath(std::string path) {
  const size_t dots = path.find("...}");
  if (dots != std::string::npos) path.erase(dots, 3);
  return path;
}

void AddPathParameters(std::string_view pattern, Json& parameters) {
  for (const std::string_view segment : Split(pattern, '/')) {
    if (!segment.starts_with('{')) continue;
    std::string_view name = segment.substr(1, segment.size() - 2);
    const bool rest = name.ends_with("...");
    if (rest) name.remove_suffix(3);
    Json one = {{"name", name}, {"in", "path"}, {"required", true}};
    if (rest) one["description"] = "All that follows, slashes included";
    one["schema"] = {{"type", "string"}};
    parameters.push_back(std::move(one));
  }
}

Json ParametersOf(std::string_view pattern, std::string_view names) {
  Json parameters = Json::array();
  AddPathParameters(pattern, parameters);
  for (const std::string_view name : Split(names, ' ')) {
    if (!name.empty()) parameters.push_back({{"$ref", StrCat("#/components/parameters/", name)}});
  }
  return parameters;
}

Json ErrorAnswers(ApiRole role) {
  Json answers = Json::object();
  for (const char* status : {"400", "401", "403", "404", "429", "503"}) {
    if (std::string_view(status) == "403" && role == ApiRole::kReader) continue;
    answers[status] = {{"$ref", "#/components/responses/Error"}};
  }
  return answers;
}

std::string_view RoleName(ApiRole role) {
  switch (role) {
    case ApiRole::kReader:
      return "reader";
    case ApiRole::kAnalyst:
      return "analyst";
    case ApiRole::kAdmin:
      return "admin";
  }
  return "";
}

// "get_v1_hosts_host_history".
std::string OperationId(std::string_view pattern) {
  std::string id = "get";
  for (const std::string_view segment : Split(pattern.substr(1), '/')) {
    id += '_';
    for (const char c : segment) {
      if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9')) id += c;
      if (c == '.' && !segment.starts_with('{')) id += '_';
    }
  }
  return id;
}

Json Operation(std::string_view pattern, ApiRole role, const char* summary,
               std::string_view parameters, const std::string& answer, const std::string& line,
               const char* tag) {
  Json content = {{"application/json", {{"schema", SchemaRef(answer)}}}};
  if (!line.empty()) content["application/x-ndjson"] = {{"schema", SchemaRef(line)}};
  Json answers = {{"200", {{"description", "The answer"}, {"content", std::move(content)}}},
                  {"304", {{"description", "It is still what If-None-Match names"}}}};
  answers.update(ErrorAnswers(role));
  return {{"operationId", OperationId(pattern)},
          {"summary", summary},
          {"description", StrCat("Least role: ", RoleName(role), ".")},
          {"tags", {tag}},
          {"parameters", ParametersOf(pattern, parameters)},
          {"responses", std::move(answers)}};
}

Json Paths() {
  Json paths = Json::object();
  for (const V1Route& route : V1Routes()) {
    paths[DocumentedPath(route.pattern)]["get"] = Operation(
        route.pattern, route.role, route.summary, route.parameters, route.answer, route.line, "v1");
  }
  for (const DocumentedRoute& route : kPassiveSsh) {
    paths[DocumentedPath(route.pattern)]["get"] =
        Operation(route.pattern, ApiRole::kReader, route.summary, route.parameters, route.answer,
                  "", "passive-ssh");
  }
  return paths;
}

Json Parameters() {
  Json out = Json::object();
  for (const DocumentedParameter& parameter : kParameters) {
    out[parameter.name] = {{"name", parameter.called},
                           {"in", "query"},
                           {"description", parameter.description},
                           {"schema", Json::parse(parameter.schema)}};
  }
  return out;
}

Json Document() {
  Json error = {{"description", "What was wrong, in one sentence"},
                {"content", {{"application/json", {{"schema", SchemaRef("Error")}}}}}};
  return {
      {"openapi", "3.1.0"},
      {"info",
       {{"title", "hark"},
        {"version", HARK_VERSION},
        {"description",
         "Public keys of Internet servers, where and when they were seen. Texts of strangers are "
         "escaped as \\xNN; times are UTC. Lists have \"next\", the cursor of the page after it, "
         "null at the end."}}},
      {"paths", Paths()},
      {"components",
       {{"schemas", Json::parse(EmbeddedOpenApiSchemas())},
        {"parameters", Parameters()},
        {"responses", {{"Error", std::move(error)}}},
        {"securitySchemes",
         {{"basic", {{"type", "http"}, {"scheme", "basic"}}},
          {"bearer", {{"type", "http"}, {"scheme", "bearer"}}},
          {"key", {{"type", "apiKey"}, {"in", "header"}, {"name", "X-Api-Key"}}}}}}},
      {"security",
       {Json::object(),
        {{"basic", Json::array()}},
        {{"bearer", Json::array()}},
        {{"key", Json::array()}}}}};
}

}  // namespace

const std::string& OpenApiText() {
  static const std::string text = JsonText(Document());
  return text;
}

}  // namespace hark
