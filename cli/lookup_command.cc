#include "cli/lookup_command.h"

#include "api/lookup.h"
#include "api/v1_page.h"
#include "cli/exit_code.h"
#include "cli/flags.h"
#include "cli/lookup_text.h"
#include "cli/output.h"

namespace hark {
namespace {

constexpr char kCommand[] = "hark lookup";

struct LookupOptions {
  std::string db;
  std::string format = "text";
  std::string environment;
  std::string since, until, port, prefix, country, asn, run;
  uint64_t limit = PageWish::kDefaultLimit;
  std::string output;
};

std::vector<Flag> LookupFlags(LookupOptions& options) {
  return {
      {"db", Text(&options.db, "DIR"), "the store to read", true},
      {"format", Choice(&options.format, {"text", "json"}), "how to print"},
      {"environment", Text(&options.environment, "NAME"),
       "is the key new there: DIR/environments/NAME, or prefixes, ASes and names with commas"},
      {"since", Text(&options.since, "TIME"), "only what was seen from then on"},
      {"until", Text(&options.until, "TIME"), "only what was seen before then"},
      {"port", Text(&options.port, "N,…"), "only these ports"},
      {"prefix", Text(&options.prefix, "PREFIX,…"), "only these addresses"},
      {"country", Text(&options.country, "CC,…"), "only hosts in these countries, by --run"},
      {"as", Text(&options.asn, "AS,…"), "only hosts in these ASes, by --run"},
      {"run", Text(&options.run, "NAME"),
       "whose word counts for country and AS; without it that of the newest run with the host"},
      {"limit", Number(&options.limit, 1, PageWish::kMaxLimit, "N"), "so many places, or changes"},
      {"output", Text(&options.output, "FILE"), "write there instead of to the terminal"},
  };
}

Result<PlaceFilter> FilterOf(const LookupOptions& options) {
  const Result<PlaceFilter> filter = ReadPlaceFilter({{"since", options.since},
                                                      {"until", options.until},
                                                      {"port", options.port},
                                                      {"prefix", options.prefix},
                                                      {"country", options.country},
                                                      {"as", options.asn},
                                                      {"run", options.run}});
  return filter.ok() ? filter : filter.status().Prepend("--");
}

Result<std::optional<Environment>> EnvironmentOf(const LookupOptions& options) {
  if (options.environment.empty()) return std::optional<Environment>();
  const std::string folder = options.db + "/environments";
  if (IsEnvironmentName(options.environment)) {
    Result<Environment> named = ReadEnvironment(folder, options.environment);
    if (named.ok()) return std::optional(std::move(*named));
    const bool missing = named.status().code() == StatusCode::kNotFound;
    // What looks like a name may be an address or an AS; a name alone is meant as one of ours.
    if (!missing || !(options.environment.find('.') != std::string::npos ||
                      options.environment.starts_with("AS"))) {
      return missing ? InvalidInput("--environment: " + named.status().message() + " in " + folder)
                     : named.status();
    }
  }
  HARK_ASSIGN_OR_RETURN(Environment list, Environment::OfList(options.environment));
  return std::optional(std::move(list));
}

// A store has no geo data of its own: runs say where their hosts are.
Result<MemoryView> ViewOf(const std::string& db) {
  HARK_ASSIGN_OR_RETURN(std::shared_ptr<const Store> store,
                        Store::Open(db, Store::Mode::kReadOnly));
  auto view = std::make_shared<ApiView>();
  view->history = store->ReadHistory();
  view->store = std::move(store);
  HARK_ASSIGN_OR_RETURN(auto runs, MemoryView::ReadRuns(*view->store));
  return MemoryView(std::move(view), std::move(runs), nullptr);
}

Result<std::string> Answer(const LookupOptions& options, const std::string& what) {
  HARK_ASSIGN_OR_RETURN(const LookupQuestion question, ReadLookup(what));
  HARK_ASSIGN_OR_RETURN(const PlaceFilter filter, FilterOf(options));
  HARK_ASSIGN_OR_RETURN(const std::optional<Environment> environment, EnvironmentOf(options));
  HARK_ASSIGN_OR_RETURN(const MemoryView memory, ViewOf(options.db));
  PageWish wish;
  wish.limit = options.limit;
  HARK_ASSIGN_OR_RETURN(const LookupAnswer answer,
                        Lookup(memory, question, environment, filter, wish));
  if (options.format == "text") {
    return LookupAsText(answer, options.output.empty() ? StyleOfStdout() : TextStyle());
  }
  const Json json = {{"taken_for", answer.took_for}, {answer.kind, answer.answer}};
  return json.dump(2, ' ', true, Json::error_handler_t::replace) + "\n";
}

}  // namespace

int RunLookup(const std::vector<std::string>& args) {
  LookupOptions options;
  FlagSet flags(kCommand, "an address, a name, a key, a certificate, a banner: all that is known",
                LookupFlags(options));
  flags.SetPositional({"WHAT"});
  flags.SetExamples({"hark lookup 192.0.2.1 --db=out/db",
                     "hark lookup SHA256:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU --db=out/db",
                     "hark lookup 8f:f9:a3:31:32:ff:ee:4a:dd:f5:16:91:ec:e0:28:c4 --db=out/db "
                     "--environment=office",
                     "hark lookup changes:192.0.2.1 --db=out/db --since=2026-01-01",
                     "hark lookup name:.example.org --db=out/db --format=json",
                     "hark lookup 'banner:SSH-2.0-OpenSSH_9.2p1 Debian-2' --db=out/db"});
  const Result<ParsedFlags> parsed = flags.Parse(args);
  if (!parsed.ok()) return Fail(kCommand, parsed.status());
  if (parsed->help) return Fail(kCommand, WriteOutput("", flags.Help()));
  const Result<std::string> text = Answer(options, parsed->positional[0]);
  if (!text.ok()) return Fail(kCommand, text.status());
  return Fail(kCommand, WriteOutput(options.output, *text));
}

}  // namespace hark
