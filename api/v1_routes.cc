#include "api/v1_routes.h"

#include <algorithm>

#include "api/v1_certificates.h"
#include "api/v1_host.h"
#include "api/v1_host_list.h"
#include "api/v1_key.h"
#include "api/v1_software.h"
#include "base/strings.h"

namespace hark {
namespace {

constexpr char kNdjsonType[] = "application/x-ndjson";

Result<V1Reply> Replied(Result<Json> json) {
  HARK_RETURN_IF_ERROR(json.status());
  V1Reply reply;
  reply.json = std::move(*json);
  return reply;
}

Result<V1Reply> AskHosts(const V1Ask& ask) {
  return Replied(HostListAnswer(*ask.memory, ask.filter, ask.wish, ask.effort));
}

Pager HostLines(const V1Ask& ask) {
  return [memory = ask.memory, filter = ask.filter](const PageWish& wish, Effort& effort) {
    return HostList(*memory, filter, wish, effort);
  };
}

Result<V1Reply> AskHost(const V1Ask& ask) {
  HARK_ASSIGN_OR_RETURN(const HostId host, ReadHostText(ask.Argument("host")));
  return Replied(HostAnswer(*ask.memory, host, ask.filter, ask.effort));
}

Result<V1Reply> AskHistory(const V1Ask& ask) {
  HARK_ASSIGN_OR_RETURN(const HostId host, ReadHostText(ask.Argument("host")));
  return Replied(HostHistoryAnswer(*ask.memory, host, ask.filter, ask.wish, ask.effort));
}

Result<V1Reply> AskChanges(const V1Ask& ask) {
  HARK_ASSIGN_OR_RETURN(const HostId host, ReadHostText(ask.Argument("host")));
  return Replied(HostChangesAnswer(*ask.memory, host, ask.filter, ask.wish, ask.effort));
}

// Lines of a list about one host.
template <auto kList>
Pager LinesOfHost(const V1Ask& ask) {
  return [memory = ask.memory, filter = ask.filter, text = ask.Argument("host")](
             const PageWish& wish, Effort& effort) -> Result<V1Page> {
    HARK_ASSIGN_OR_RETURN(const HostId host, ReadHostText(text));
    return kList(*memory, host, filter, wish, effort);
  };
}

// Lines of the places of what a text names.
template <auto kList>
Pager LinesOf(const V1Ask& ask, const std::string& text) {
  return [memory = ask.memory, filter = ask.filter, text](const PageWish& wish, Effort& effort) {
    return kList(*memory, text, filter, wish, effort);
  };
}

Result<V1Reply> AskKey(const V1Ask& ask) {
  return Replied(
      KeyAnswer(*ask.memory, ask.Argument("fingerprint"), ask.filter, ask.wish, ask.effort));
}

Pager KeyLines(const V1Ask& ask) {
  return LinesOf<KeyPlaces>(ask, ask.Argument("fingerprint"));
}

Result<V1Reply> AskEnvironment(const V1Ask& ask) {
  HARK_RETURN_IF_ERROR(NotQuick(ask));  // reads a file
  Result<Environment> environment =
      ReadEnvironment(ask.service->environments(), ask.Argument("name"));
  // A file that cannot be read is the operator's, and no stranger's, mistake.
  if (!environment.ok() && IsEnvironmentName(ask.Argument("name")) &&
      environment.status().code() == StatusCode::kInvalidInput) {
    return Internal(environment.status().message());
  }
  HARK_RETURN_IF_ERROR(environment.status());
  return Replied(KeyEnvironmentAnswer(*ask.memory, ask.Argument("fingerprint"), *environment,
                                      ask.filter, ask.wish, ask.effort));
}

// Here prefix= is the environment, not a filter.
Result<V1Reply> AskOwnEnvironment(const V1Ask& ask) {
  const std::string list = ask.Parameter("prefix");
  if (list.empty()) return InvalidInput("prefix: prefixes, ASes or names with commas between");
  HARK_ASSIGN_OR_RETURN(const Environment environment, Environment::OfList(list));
  return Replied(KeyEnvironmentAnswer(*ask.memory, ask.Argument("fingerprint"), environment,
                                      ask.filter, ask.wish, ask.effort));
}

Result<V1Reply> AskEnvironments(const V1Ask& ask) {
  HARK_RETURN_IF_ERROR(NotQuick(ask));
  Json out = {{"environments", Json::array()}};
  for (const std::string& name : EnvironmentNames(ask.service->environments())) {
    out["environments"].push_back(name);
  }
  return Replied(std::move(out));
}

Result<V1Reply> AskCertificates(const V1Ask& ask) {
  HARK_ASSIGN_OR_RETURN(const CertificateWish which, ReadCertificateWish(ask.request.query));
  return Replied(CertificateListAnswer(*ask.memory, which, ask.filter, ask.wish, ask.effort));
}

Pager CertificateLines(const V1Ask& ask) {
  return [memory = ask.memory, filter = ask.filter, query = ask.request.query](
             const PageWish& wish, Effort& effort) -> Result<V1Page> {
    HARK_ASSIGN_OR_RETURN(const CertificateWish which, ReadCertificateWish(query));
    bool complete = false;
    return CertificateList(*memory, which, filter, wish, effort, &complete);
  };
}

Result<V1Reply> AskCertificate(const V1Ask& ask) {
  return Replied(CertificateAnswer(*ask.memory, ask.Argument("sha256"), ask.filter, ask.wish,
                                   ask.Parameter("der") == "1", ask.effort));
}

Pager CertificatePlaceLines(const V1Ask& ask) {
  return LinesOf<CertificatePlaces>(ask, ask.Argument("sha256"));
}

Result<V1Reply> AskBanners(const V1Ask& ask) {
  const std::string exact = ask.Parameter("exact");
  if (!exact.empty()) {
    HARK_ASSIGN_OR_RETURN(const std::string banner, ReadBannerText(exact));
    return Replied(BannerAnswer(*ask.memory, banner, ask.filter, ask.wish, ask.effort));
  }
  HARK_ASSIGN_OR_RETURN(const std::string begin, ReadBannerText(ask.Parameter("begins")));
  return Replied(BannerListAnswer(*ask.memory, begin, ask.wish, ask.effort));
}

Pager BannerLines(const V1Ask& ask) {
  return [memory = ask.memory, filter = ask.filter, exact = ask.Parameter("exact"),
          begins = ask.Parameter("begins")](const PageWish& wish,
                                            Effort& effort) -> Result<V1Page> {
    HARK_ASSIGN_OR_RETURN(const std::string text, ReadBannerText(exact.empty() ? begins : exact));
    if (!exact.empty()) return BannerPlaces(*memory, text, filter, wish, effort);
    return BannerList(*memory, text, wish, effort);
  };
}

Result<V1Reply> AskHassh(const V1Ask& ask) {
  return Replied(HasshAnswer(*ask.memory, ask.Argument("value"), ask.filter, ask.wish, ask.effort));
}

Pager HasshLines(const V1Ask& ask) {
  return LinesOf<HasshPlaces>(ask, ask.Argument("value"));
}

Result<V1Reply> AskOpenApi(const V1Ask&) {
  V1Reply reply;
  reply.text = OpenApiText();
  return reply;
}

#define HARK_PLACES "prefix port country as run since until "
#define HARK_PAGING "limit cursor format"
constexpr ApiRole kReader = ApiRole::kReader, kAnalyst = ApiRole::kAnalyst;

constexpr V1Route kRoutes[] = {
    {"/v1/hosts", kAnalyst, "Hosts that were ever seen, by address", HARK_PLACES HARK_PAGING,
     "HostList", "HostItem", AskHosts, HostLines},
    {"/v1/hosts/{host...}", kReader, "All that is known of a host, with dates",
     "port run since until", "Host", "", AskHost, nullptr},
    {"/v1/hosts/{host}/history", kReader, "Every visit of a host and the facts it showed",
     "port since until " HARK_PAGING, "HostHistory", "HostVisit", AskHistory,
     LinesOfHost<HostVisits>},
    {"/v1/hosts/{host}/changes", kReader, "What changed on a host between visits",
     "port since until " HARK_PAGING, "HostChanges", "HostChange", AskChanges,
     LinesOfHost<HostChanges>},
    {"/v1/keys/{fingerprint...}", kReader, "A key by any fingerprint, and where it was seen",
     HARK_PLACES HARK_PAGING, "Key", "Place", AskKey, KeyLines},
    {"/v1/keys/{fingerprint}/environment", kReader,
     "Is this key new to the prefixes, ASes and names given?", "own_prefix port since until limit",
     "KeyEnvironment", "", AskOwnEnvironment, nullptr},
    {"/v1/keys/{fingerprint}/environment/{name}", kReader,
     "Is this key new to a named environment?", "prefix port since until limit", "KeyEnvironment",
     "", AskEnvironment, nullptr},
    {"/v1/environments", kAnalyst, "The named environments", "", "EnvironmentList", "",
     AskEnvironments, nullptr},
    {"/v1/environments/{name}/keys/{fingerprint...}", kReader,
     "The same question, for fingerprints with slashes", "prefix port since until limit",
     "KeyEnvironment", "", AskEnvironment, nullptr},
    {"/v1/certificates", kReader, "Certificates by hash, key, name or issuer",
     "sha256 spki name issuer " HARK_PLACES HARK_PAGING, "CertificateList", "CertificateItem",
     AskCertificates, CertificateLines},
    {"/v1/certificates/{sha256}", kReader, "A certificate and where it was seen",
     "der " HARK_PLACES HARK_PAGING, "Certificate", "Place", AskCertificate, CertificatePlaceLines},
    {"/v1/banners", kReader, "Banners, or where one banner was seen",
     "begins exact " HARK_PLACES HARK_PAGING, "Banners", "BannerLine", AskBanners, BannerLines},
    {"/v1/hassh/{value}", kReader, "Servers by HASSH, of either formula", HARK_PLACES HARK_PAGING,
     "Hassh", "Place", AskHassh, HasshLines},
    {"/v1/clusters", kAnalyst, "Clusters of a run, largest first",
     "run min_size prefix port country as since until " HARK_PAGING, "ClusterList", "ClusterItem",
     AskClusters, ClusterLines},
    {"/v1/clusters/{run}/{id}", kAnalyst, "One cluster: members, ports, keys, suspected cause",
     "prefix port country as since until", "Report", "", AskCluster, nullptr},
    {"/v1/clusters/{run}/{id}/graph", kAnalyst, "A cluster's nodes and links",
     "prefix port country as since until", "Report", "", AskClusterGraph, nullptr},
    {"/v1/runs", kAnalyst, "Runs, newest first", HARK_PAGING, "RunList", "RunItem", AskRuns,
     RunLines},
    {"/v1/runs/{run}", kAnalyst, "A run: its progress and its coverage ledger", "", "Run", "",
     AskRun, nullptr},
    {"/v1/runs/{run}/report", kAnalyst, "The tables of a run", "prefix port country as since until",
     "Report", "", AskReport, nullptr},
    {"/v1/compare", kAnalyst, "What changed between runs, or what crosses their borders",
     "runs cross", "Report", "", AskCompare, nullptr},
    {"/v1/statistics", kReader, "How much the store remembers", "", "Statistics", "", AskStatistics,
     nullptr},
    {"/openapi.json", kReader, "This document", "", "Report", "", AskOpenApi, nullptr},
};
#undef HARK_PLACES
#undef HARK_PAGING

bool WantsLines(const HttpRequest& request) {
  const auto format = request.query.find("format");
  if (format != request.query.end()) return format->second == "ndjson";
  return request.accept.find(kNdjsonType) != std::string::npos;
}

Status CheckFormat(const HttpRequest& request) {
  const auto format = request.query.find("format");
  const bool good =
      format == request.query.end() || format->second == "json" || format->second == "ndjson";
  return good ? Status::Ok() : InvalidInput("format: json or ndjson");
}

// What cannot be answered is said before the first line, while there still is a status for it.
std::optional<HttpResponse> Stream(const V1Ask& ask, Pager pager) {
  const bool limited = ask.request.query.contains("limit");
  BodySource lines = NdjsonOf(std::move(pager), ask.wish.cursor, limited ? ask.wish.limit : 0);
  Result<std::string> first = lines();
  if (!first.ok()) return ErrorOf(first.status());
  HttpResponse response;
  response.content_type = kNdjsonType;
  if (first->empty()) return response;
  auto held = std::make_shared<std::string>(std::move(*first));
  response.stream = [held, lines = std::move(lines)]() -> Result<std::string> {
    if (!held->empty()) return std::exchange(*held, std::string());
    return lines();
  };
  return response;
}

std::optional<HttpResponse> Respond(const V1Route& route, const V1Ask& ask) {
  if (const Status format = CheckFormat(ask.request); !format.ok()) return ErrorOf(format);
  if (route.lines != nullptr && WantsLines(ask.request)) {
    if (ask.quick) return std::nullopt;
    return Stream(ask, route.lines(ask));
  }
  Result<V1Reply> reply = route.ask(ask);
  if (ask.quick && reply.status().code() == StatusCode::kInterrupted) return std::nullopt;
  if (!reply.ok()) return ErrorOf(reply.status());
  HttpResponse response;
  response.body = reply->text.empty() ? JsonText(reply->json) : std::move(reply->text);
  return response;
}

// A run that is named is there. Where prefix= is no filter, its route reads it.
Result<PlaceFilter> FilterOf(const V1Route& route, const HttpRequest& request,
                             const MemoryView& memory) {
  QueryMap query = request.query;
  if (std::string_view(route.parameters).find("own_prefix") != std::string_view::npos) {
    query.erase("prefix");
  }
  HARK_ASSIGN_OR_RETURN(PlaceFilter filter, ReadPlaceFilter(query));
  if (!filter.run.empty()) HARK_RETURN_IF_ERROR(RunExists(memory, filter.run));
  return filter;
}

std::optional<HttpResponse> Handle(const V1Route& route, const std::shared_ptr<V1Service>& service,
                                   const HttpRequest& request, HttpLane lane) {
  const bool quick = lane == HttpLane::kQuick;
  Effort effort = quick ? Effort::Quick() : Effort::Patient();
  Result<MemoryView> memory = service->Memory();
  if (!memory.ok()) return ErrorOf(memory.status());
  Result<PlaceFilter> filter = FilterOf(route, request, *memory);
  if (!filter.ok()) return ErrorOf(filter.status());
  const bool lines = route.lines != nullptr && WantsLines(request);
  Result<PageWish> wish = ReadPageWish(request.query, lines ? UINT32_MAX : PageWish::kMaxLimit);
  if (!wish.ok()) return ErrorOf(wish.status());
  return Respond(route, {request, service, std::make_shared<const MemoryView>(std::move(*memory)),
                         std::move(*filter), std::move(*wish), effort, quick});
}

}  // namespace

std::span<const V1Route> V1Routes() {
  return kRoutes;
}

std::string V1Ask::Argument(const std::string& name) const {
  const auto at = request.arguments.find(name);
  return at == request.arguments.end() ? std::string() : at->second;
}

std::string V1Ask::Parameter(const std::string& name) const {
  const auto at = request.query.find(name);
  return at == request.query.end() ? std::string() : at->second;
}

Result<MemoryView> V1Service::Memory() {
  std::shared_ptr<const ApiView> view = context_->view();
  const std::lock_guard lock(guard_);
  if (runs_ == nullptr || generation_ != view->generation) {
    HARK_ASSIGN_OR_RETURN(runs_, MemoryView::ReadRuns(*view->store));
    generation_ = view->generation;
  }
  return MemoryView(std::move(view), runs_, context_->place);
}

void AddV1Routes(HttpRouter& router, std::shared_ptr<const ApiContext> context, V1Options options) {
  const auto service = std::make_shared<V1Service>(std::move(context), std::move(options));
  for (const V1Route& route : kRoutes) {
    router.Add(
        {route.pattern, route.role, [&route, service](const HttpRequest& request, HttpLane lane) {
           return Handle(route, service, request, lane);
         }});
  }
}

}  // namespace hark
