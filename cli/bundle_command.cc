#include "cli/bundle_command.h"

#include <unistd.h>

#include <chrono>
#include <cstdio>

#include "analysis/bundle_build.h"
#include "analysis/json_text.h"
#include "base/as_table.h"
#include "base/file.h"
#include "base/random.h"
#include "base/strings.h"
#include "cli/bundle_folder.h"
#include "cli/bundle_graph.h"
#include "cli/exit_code.h"
#include "cli/flags.h"
#include "cli/output.h"
#include "cli/probe_flags.h"
#include "cli/scope_flags.h"
#include "cli/target_words.h"

namespace hark {
namespace {

constexpr char kName[] = "hark cluster bundle";

struct BundleOptions {
  std::string db;
  ScopeWishes scope;  // --asn and --prefix are not among its flags: the holder is told so
  std::string asn;
  std::string prefixes;
  std::string names;
  std::string out;
  std::string contact;
  std::string secret;
  bool forget_secret = false;
  bool include_answers_all = false;
};

// Of the flags of the scope those that are not the holder's, or read as if they were.
std::vector<Flag> ScopeFlagsOfBundle(ScopeWishes& wishes) {
  std::vector<Flag> flags = ScopeFlags(wishes);
  std::erase_if(flags,
                [](const Flag& flag) { return flag.name == "asn" || flag.name == "prefix"; });
  return flags;
}

FlagSet Flags(BundleOptions& options) {
  FlagSet flags(
      kName, "the clusters that touch one asset-holder, with everybody else taken out",
      AllFlags({{{"db", Text(&options.db, "DIR"), "the store to read", true}},
                ScopeFlagsOfBundle(options.scope),
                {{"asn", Text(&options.asn, "N"), "the holder's hosts are those of this AS"},
                 {"prefixes", Text(&options.prefixes, "FILE"),
                  "the holder's hosts are those inside these prefixes, addresses or ranges"},
                 {"names", Text(&options.names, "REGEX"),
                  "the holder's hosts are those one of whose names this extended regular "
                  "expression matches"},
                 {"out", Text(&options.out, "DIR"),
                  "the folder to make; it must not be there, or be empty", true},
                 {"contact", Text(&options.contact, "URL-or-mail"),
                  "whom the holder is to ask; without it the run's own contact"},
                 {"secret", Text(&options.secret, "FILE"),
                  "where to keep the secret of the pseudonyms; without it OUT.secret"},
                 {"forget_secret", Switch(&options.forget_secret),
                  "do not keep the secret: nobody, you included, can tell any more who is who"},
                 {"include_answers_all", Switch(&options.include_answers_all),
                  "let hosts that answer on every port take part like others"}}}));
  flags.SetExamples(
      {"hark cluster bundle --db=out/db --asn=64500 --out=for-as64500",
       "hark cluster bundle --db=out/db --prefixes=theirs.txt --without_keys=cdn.txt "
       "--out=for-them",
       "hark cluster bundle --db=out/db --names='(^|\\.)example\\.org$' --out=for-them"});
  return flags;
}

Result<BundleOwner> OwnerOfPrefixes(const std::string& file) {
  std::vector<AddressSpan> spans;
  HARK_RETURN_IF_ERROR(TakeFile(file, [&](std::string_view word) -> Status {
                         const Result<AddressSpan> span = ParseSpan(word);
                         if (!span.ok()) {
                           return span.status().Prepend(StrCat("'", EscapeForDisplay(word), "'"));
                         }
                         spans.push_back(*span);
                         return Status::Ok();
                       }).Prepend("--prefixes"));
  if (spans.empty()) return InvalidInput(StrCat("--prefixes: ", file, " names no prefix"));
  return BundleOwner::OfPrefixes(AddressSet(spans));
}

Result<BundleOwner> OwnerOf(const BundleOptions& options, const ParsedFlags& parsed) {
  const size_t told =
      parsed.given.count("asn") + parsed.given.count("prefixes") + parsed.given.count("names");
  if (told != 1) {
    return InvalidInput("whose hosts? needs one of --asn, --prefixes and --names, and no more");
  }
  if (parsed.given.contains("prefixes")) return OwnerOfPrefixes(options.prefixes);
  if (parsed.given.contains("names")) {
    Result<BundleOwner> owner = BundleOwner::OfNames(options.names);
    if (!owner.ok()) return owner.status().Prepend("--names");
    return owner;
  }
  const std::optional<uint32_t> asn = ParseAsn(options.asn);
  if (!asn || *asn == 0) {
    return InvalidInput(StrCat("--asn: '", EscapeForDisplay(options.asn),
                               "' is no AS number from 1 to 4294967295"));
  }
  return BundleOwner::OfAsn(*asn);
}

std::string SecretPath(const BundleOptions& options) {
  if (!options.secret.empty()) return options.secret;
  std::string out = options.out;
  while (out.size() > 1 && out.back() == '/') out.pop_back();
  return out + ".secret";
}

// Before any work: what would only fail at its end.
Status CheckPlaces(const BundleOptions& options) {
  if (options.out.empty()) return InvalidInput("--out: needs the name of a folder");
  HARK_RETURN_IF_ERROR(CheckBundlePlace(options.out).Prepend("--out"));
  if (options.forget_secret) {
    return options.secret.empty() ? Status::Ok()
                                  : InvalidInput("--secret and --forget_secret exclude each other");
  }
  const std::string secret = SecretPath(options);
  // Whose pseudonyms it makes would be lost with it.
  if (access(secret.c_str(), F_OK) == 0) {
    return InvalidInput(StrCat("--secret: ", secret, " is there already; name another file"));
  }
  const std::string inside = options.out + (options.out.back() == '/' ? "" : "/");
  if (secret.substr(0, inside.size()) == inside) {
    return InvalidInput("--secret: inside the bundle it would be handed over with it");
  }
  return Status::Ok();
}

std::string Today() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return UtcText(std::chrono::duration_cast<std::chrono::seconds>(now).count()).substr(0, 10);
}

// What hark itself says in a bundle is no name of anybody's.
void ExcuseOwnWords(const Bundle& bundle, const BundleLetter& letter, BundleCheck& check) {
  for (const BundleFile& file : BundleFiles(BundleOfNobody(bundle), letter, PaintBundleCluster)) {
    check.names.Excuse(file.path);
    check.names.Excuse(file.content);
  }
}

// The secret is there before the bundle is: nobody gets a bundle whose names cannot be told.
Status KeepSecretAndHandOver(const std::vector<BundleFile>& files, const BundleCheck& check,
                             const BundlePseudonyms& pseudonyms, const BundleOptions& options) {
  if (options.forget_secret) return HandOverBundle(files, check, options.out);
  const std::string path = SecretPath(options);
  HARK_RETURN_IF_ERROR(
      WriteFileAtomically(path, HexEncode(pseudonyms.secret()) + "\n", 0600).Prepend("--secret"));
  Status status = HandOverBundle(files, check, options.out);
  if (!status.ok()) unlink(path.c_str());
  return status;
}

std::string Summary(const Bundle& bundle, const BundleOptions& options, size_t files) {
  uint64_t own = 0;
  uint64_t all = 0;
  for (const BundleCluster& cluster : bundle.clusters) {
    own += cluster.own_hosts;
    all += cluster.members.size();
  }
  std::string out =
      StrCat(options.out, ": ", bundle.clusters.size(), " clusters, ", WithThousands(own), " of ",
             WithThousands(all), " hosts are the holder's; ", files,
             " files, searched for everybody else. Read README.md before you send it.\n");
  if (!options.forget_secret) {
    out += StrCat(SecretPath(options), ": the secret of its pseudonyms. Keep it, never send it.\n");
  }
  return out;
}

// All hosts of the runs: who is outside the scope must not be in the bundle either.
Result<HostTable> Everybody(const BundleOptions& options, const ScopedRun& opened,
                            const HostTable& hosts) {
  if (opened.words.empty()) return hosts;
  HARK_ASSIGN_OR_RETURN(const auto whole, ReadTogether(*opened.store, options.scope.runs, Scope()));
  return HostTable::Read(*whole);
}

// As the other commands tell their scope, but times as days: to the second, a visit tells its place
// in the order of the scan (docs/bundles.md).
Result<std::vector<std::string>> ScopeWordsOfBundle(const ScopeWishes& wishes, size_t runs) {
  HARK_ASSIGN_OR_RETURN(Scope scope, ScopeOf(wishes));
  const auto day = [](int64_t unix_ms) { return UtcText(unix_ms / 1000).substr(0, 10); };
  std::vector<std::string> times;
  if (scope.since_unix_ms) times.push_back("visited on or after " + day(*scope.since_unix_ms));
  if (scope.until_unix_ms) times.push_back("visited by " + day(*scope.until_unix_ms - 1));
  scope.since_unix_ms.reset();
  scope.until_unix_ms.reset();
  std::vector<std::string> words = ScopeWords(scope);
  words.insert(words.end(), times.begin(), times.end());
  if (runs > 1) words.insert(words.begin(), StrCat(runs, " surveys taken for one"));
  return words;
}

Status MakeBundle(const BundleOptions& options, const BundleOwner& owner) {
  HARK_RETURN_IF_ERROR(CheckPlaces(options));
  HARK_ASSIGN_OR_RETURN(const ScopedRun opened, OpenScope(options.db, options.scope));
  const RunReader& reader = *opened.reader;
  const BundleLetter letter{
      options.contact.empty() ? reader.run().policy().contact() : options.contact, Today()};
  if (letter.contact.empty()) {
    return InvalidInput("--contact: the run has none, so say whom the holder is to ask");
  }
  HARK_ASSIGN_OR_RETURN(const HostTable hosts,
                        HostTable::Read(reader, options.include_answers_all));
  HARK_ASSIGN_OR_RETURN(const Clustering clustering, FindClusters(reader, hosts));
  HARK_ASSIGN_OR_RETURN(const BundleFacts facts, ReadBundleFacts(reader, hosts, clustering, owner));
  if (facts.clusters.empty()) {
    return InvalidInput(StrCat("no cluster of the run has a host of that holder (--", owner.kind(),
                               "); there is nothing to hand over"));
  }
  const BundlePseudonyms pseudonyms(SecureBytes(BundlePseudonyms::kSecretSize));
  HARK_ASSIGN_OR_RETURN(const HostTable everybody, Everybody(options, opened, hosts));
  BundleCheck check = MakeBundleCheck(facts, everybody, pseudonyms);
  Bundle bundle = BuildBundle(facts, reader.run(), owner, pseudonyms, check);
  HARK_ASSIGN_OR_RETURN(bundle.scope, ScopeWordsOfBundle(options.scope, opened.runs));
  ExcuseOwnWords(bundle, letter, check);
  const std::vector<BundleFile> files = BundleFiles(bundle, letter, PaintBundleCluster);
  HARK_RETURN_IF_ERROR(KeepSecretAndHandOver(files, check, pseudonyms, options));
  return WriteOutput("", Summary(bundle, options, files.size()));
}

}  // namespace

int RunClusterBundle(const std::vector<std::string>& args) {
  BundleOptions options;
  const FlagSet flags = Flags(options);
  const Result<ParsedFlags> parsed = flags.Parse(args);
  if (!parsed.ok()) return Fail(kName, parsed.status());
  if (parsed->help) return Fail(kName, WriteOutput("", flags.Help()));
  const Result<BundleOwner> owner = OwnerOf(options, *parsed);
  if (!owner.ok()) return Fail(kName, owner.status());
  return Fail(kName, MakeBundle(options, *owner));
}

}  // namespace hark
