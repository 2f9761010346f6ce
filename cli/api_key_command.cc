#include "cli/api_key_command.h"

#include <fcntl.h>
#include <sys/file.h>

#include <algorithm>
#include <cerrno>

#include "analysis/json_text.h"
#include "api/api_keys.h"
#include "base/strings.h"
#include "base/time.h"
#include "base/unique_fd.h"
#include "cli/exit_code.h"
#include "cli/flags.h"
#include "cli/output.h"

namespace hark {
namespace {

constexpr char kAdd[] = "hark api key add";
constexpr char kList[] = "hark api key list";
constexpr char kRevoke[] = "hark api key revoke";

struct KeyOptions {
  std::string db;
  std::string role = "reader";
  uint32_t rate = 100;
  uint32_t burst = 200;
};

// The directory's lock, so that of two commands at once neither undoes the other.
Result<UniqueFd> LockDirectory(const std::string& db) {
  UniqueFd fd(open(db.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd.valid()) {
    return InvalidInput(ErrnoStatus(StrCat("--db: '", EscapeForDisplay(db), "'"), errno).message());
  }
  if (flock(fd.get(), LOCK_EX) != 0) return ErrnoStatus("--db: lock", errno);
  return fd;
}

Status Add(const KeyOptions& options, const std::string& name) {
  if (!IsApiKeyName(name)) {
    return InvalidInput(
        StrCat("'", EscapeForDisplay(name), "' is no name of a key: 1 to 32 of a-z, 0-9, - and _"));
  }
  HARK_ASSIGN_OR_RETURN(const UniqueFd lock, LockDirectory(options.db));
  const std::string file = ApiKeysFile(options.db);
  HARK_ASSIGN_OR_RETURN(std::vector<ApiKey> keys, ReadApiKeys(file));
  const bool known =
      std::any_of(keys.begin(), keys.end(), [&](const ApiKey& key) { return key.name == name; });
  if (known) {
    return InvalidInput(StrCat("there is a key '", name, "'; hark api key revoke ends it"));
  }
  if (keys.size() >= kMaxApiKeys) {
    return InvalidInput(StrCat("there are ", kMaxApiKeys, " keys already"));
  }
  const NewApiKey made = MakeApiKey(name, ApiRoleNamed(options.role).value_or(ApiRole::kReader),
                                    options.rate, options.burst, SystemClock().UnixMillis() / 1000);
  keys.push_back(made.key);
  HARK_RETURN_IF_ERROR(WriteApiKeys(file, keys));
  // The only time it is shown; a pipe gets the key and nothing else.
  return WriteOutput("", made.text + "\n");
}

Status List(const KeyOptions& options) {
  HARK_ASSIGN_OR_RETURN(const std::vector<ApiKey> keys, ReadApiKeys(ApiKeysFile(options.db)));
  std::string out;
  for (const ApiKey& key : keys) {
    out += StrCat(key.name, "  ", ApiRoleName(key.role), "  ", key.per_second, "/s, burst ",
                  key.burst, "  since ", UtcText(key.created_unix_s), "\n");
  }
  if (keys.empty()) out = "no API keys; everybody on this machine may ask everything\n";
  return WriteOutput("", out);
}

Status Revoke(const KeyOptions& options, const std::string& name) {
  HARK_ASSIGN_OR_RETURN(const UniqueFd lock, LockDirectory(options.db));
  const std::string file = ApiKeysFile(options.db);
  HARK_ASSIGN_OR_RETURN(std::vector<ApiKey> keys, ReadApiKeys(file));
  const size_t gone = std::erase_if(keys, [&](const ApiKey& key) { return key.name == name; });
  if (gone == 0) return InvalidInput(StrCat("there is no key '", EscapeForDisplay(name), "'"));
  return WriteApiKeys(file, keys);
}

Flag DbFlag(KeyOptions& options) {
  return {"db", Text(&options.db, "DIR"), "the store", true};
}

template <typename Work>
int RunCommand(const char* name, const FlagSet& flags, const std::vector<std::string>& args,
               const Work& work) {
  const Result<ParsedFlags> parsed = flags.Parse(args);
  if (!parsed.ok()) return Fail(name, parsed.status());
  if (parsed->help) return Fail(name, WriteOutput("", flags.Help()));
  return Fail(name, work(*parsed));
}

}  // namespace

int RunApiKeyAdd(const std::vector<std::string>& args) {
  KeyOptions options;
  FlagSet flags(kAdd, "makes a key for the API and shows it, once",
                {DbFlag(options),
                 {"role", Choice(&options.role, {"reader", "analyst", "admin"}),
                  "what it may ask; docs/api-server.md"},
                 {"rate", Number(&options.rate, 1, kMaxApiRate, "N"), "requests a second"},
                 {"burst", Number(&options.burst, 1, kMaxApiRate, "N"), "and so many at once"}});
  flags.SetPositional({"NAME"});
  flags.SetExamples(
      {"hark api key add misp --db=out/db",
       "hark api key add cert-at --db=out/db --role=analyst --rate=1000 --burst=5000"});
  return RunCommand(kAdd, flags, args,
                    [&](const ParsedFlags& parsed) { return Add(options, parsed.positional[0]); });
}

int RunApiKeyList(const std::vector<std::string>& args) {
  KeyOptions options;
  FlagSet flags(kList, "the keys of the API: names, roles and rates", {DbFlag(options)});
  return RunCommand(kList, flags, args, [&](const ParsedFlags&) { return List(options); });
}

int RunApiKeyRevoke(const std::vector<std::string>& args) {
  KeyOptions options;
  FlagSet flags(kRevoke, "ends a key of the API", {DbFlag(options)});
  flags.SetPositional({"NAME"});
  return RunCommand(kRevoke, flags, args, [&](const ParsedFlags& parsed) {
    return Revoke(options, parsed.positional[0]);
  });
}

}  // namespace hark
