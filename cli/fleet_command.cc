#include "cli/fleet_command.h"

#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <functional>
#include <optional>

#include "base/file.h"
#include "base/strings.h"
#include "base/time.h"
#include "bus/curve.h"
#include "bus/join_token.h"
#include "cli/control_client.h"
#include "cli/exit_code.h"
#include "cli/flags.h"
#include "cli/fleet_list.h"
#include "cli/key_file.h"
#include "cli/output.h"
#include "cli/status_text.h"
#include "coordinator/fleet_directory.h"

namespace hark {
namespace {

// Another hark fleet, or a coordinator with a joining worker: both hold the lock for milliseconds.
constexpr Duration kPatience = std::chrono::seconds(5);
constexpr int64_t kMaxInviteSeconds = 366 * 24 * 3600;

int64_t UnixSeconds() {
  return SystemClock().UnixMillis() / 1000;
}

FleetDirectory DirectoryOf(const std::string& db) {
  return FleetDirectory(db + "/fleet");
}

// "24h" as seconds.
Result<int64_t> ParseLifetime(std::string_view text) {
  const std::string_view units = "smhd";
  constexpr int64_t kSeconds[] = {1, 60, 3600, 86400};
  const size_t unit = text.empty() ? units.npos : units.find(text.back());
  const auto number =
      unit == units.npos ? std::nullopt : ParseUint(text.substr(0, text.size() - 1));
  const Status wrong =
      InvalidInput("--expires: give a number and s, m, h or d, at most 366d; for example 24h");
  if (!number || *number == 0 || *number > kMaxInviteSeconds) return wrong;
  const int64_t seconds = static_cast<int64_t>(*number) * kSeconds[unit];
  return seconds <= kMaxInviteSeconds ? Result<int64_t>(seconds) : wrong;
}

// What an operator can get wrong about --db. must_exist: or it will be made.
Status CheckStoreDirectory(const std::string& db, bool must_exist) {
  namespace fs = std::filesystem;
  std::error_code error;
  if (!fs::exists(db, error)) {
    return must_exist ? InvalidInput(StrCat("--db: no '", db, "'; hark fleet keygen makes it"))
                      : Status::Ok();
  }
  if (!fs::is_directory(db, error)) {
    return InvalidInput(StrCat("--db: '", db, "' is a file; give the store's directory"));
  }
  for (const char* ours : {"/CURRENT", "/coordinator.key", "/fleet"}) {
    if (fs::exists(db + ours, error)) return Status::Ok();
  }
  if (!must_exist && fs::is_empty(db, error)) return Status::Ok();
  return InvalidInput(StrCat("--db: '", db, "' is no hark store"));
}

Status MakeStoreDirectory(const std::string& db) {
  HARK_RETURN_IF_ERROR(CheckStoreDirectory(db, false));
  const Status made = MakeDirectories(db);
  return made.ok() ? made : InvalidInput("--db: cannot create it: " + made.message());
}

// One command, from its flags to its exit code. work is run after the flags are parsed.
int RunCommand(const char* name, const FlagSet& flags, const std::vector<std::string>& args,
               const std::function<Status(const ParsedFlags&)>& work) {
  const Result<ParsedFlags> parsed = flags.Parse(args);
  if (!parsed.ok()) return Fail(name, parsed.status());
  if (parsed->help) return Fail(name, WriteOutput("", flags.Help()));
  return Fail(name, work(*parsed));
}

Status Keygen(const std::string& db) {
  const std::string path = CoordinatorKeyPath(db);
  if (access(path.c_str(), F_OK) == 0) {
    HARK_ASSIGN_OR_RETURN(const KeyPair keys, LoadKeyPair(path));
    return InvalidInput(StrCat(path, " is there already, public key ", keys.public_key,
                               "; with another one every worker would have to join again"));
  }
  HARK_RETURN_IF_ERROR(MakeStoreDirectory(db));
  HARK_ASSIGN_OR_RETURN(const KeyPair keys, MakeKeyPair(path));
  return WriteOutput("", keys.public_key + "\n");
}

struct InviteOptions {
  std::string db;
  std::string endpoint;
  std::string name;
  std::string expires = "24h";
};

Status MakeInvite(const InviteOptions& options) {
  HARK_RETURN_IF_ERROR(CheckJoinEndpoint(options.endpoint).Prepend("--endpoint"));
  HARK_RETURN_IF_ERROR(CheckFleetName(options.name).Prepend("--name"));
  HARK_ASSIGN_OR_RETURN(const int64_t lifetime, ParseLifetime(options.expires));
  HARK_RETURN_IF_ERROR(MakeStoreDirectory(options.db));
  HARK_ASSIGN_OR_RETURN(const KeyPair server, CoordinatorKeys(options.db));
  const KeyPair invite = GenerateKeyPair();
  const int64_t now = UnixSeconds();
  HARK_RETURN_IF_ERROR(DirectoryOf(options.db)
                           .Edit(
                               [&](FleetRegistry& registry) -> Result<bool> {
                                 registry.Forget(now);
                                 registry.Invite(CurveKeyBytes(invite.public_key),
                                                 {now + lifetime, "", options.name});
                                 return true;
                               },
                               kPatience));
  return WriteOutput(
      "", EncodeJoinToken({options.endpoint, server.public_key, invite.secret_key}) + "\n");
}

// What the registry becomes is durable when this returns; a running scan follows.
Status SetWorker(const std::string& db, const std::string& worker, FleetWorker::State state,
                 const std::string& name) {
  HARK_RETURN_IF_ERROR(CheckStoreDirectory(db, true));
  HARK_RETURN_IF_ERROR(CheckFleetName(name).Prepend("--name"));
  const auto edit = [&](FleetRegistry& registry) -> Result<bool> {
    HARK_ASSIGN_OR_RETURN(const std::string key, registry.Find(worker));
    if (registry.invites().contains(key)) {
      if (state == FleetWorker::State::kRevoked) return registry.Withdraw(key);
      return InvalidInput("that is an invite's key; a worker gets in by joining with its token");
    }
    // Revoking a key nobody knows yet is taken at its word: it may be in an --allow_workers file.
    if (state == FleetWorker::State::kDraining && !registry.workers().contains(key)) {
      return InvalidInput("no worker of that key is in the registry; hark fleet allow adds it");
    }
    return registry.SetState(key, state, name, UnixSeconds());
  };
  return DirectoryOf(db).Edit(edit, kPatience);
}

int RunSetState(const char* command, const char* summary, const std::vector<std::string>& args,
                FleetWorker::State state) {
  std::string db, name;
  std::vector<Flag> table = {{"db", Text(&db, "DIR"), "the store", true}};
  if (state == FleetWorker::State::kAllowed) {
    table.push_back({"name", Text(&name, "NAME"), "what to call it"});
  }
  FlagSet flags(command, summary, std::move(table));
  flags.SetPositional({"WORKER"});
  flags.SetExamples({StrCat(command, " --db=out/db vps-1"),
                     StrCat(command, " --db=out/db -- 'KEY'   (a key may begin with -)")});
  return RunCommand(command, flags, args, [&](const ParsedFlags& parsed) {
    return SetWorker(db, parsed.positional.at(0), state, name);
  });
}

// Everything there is to tell of the workers, if a coordinator runs that can be asked.
Result<std::optional<proto::FleetStatus>> AskCoordinator(const std::string& db) {
  Result<std::unique_ptr<ControlClient>> client = ControlClient::Connect(db);
  if (!client.ok() || *client == nullptr) return std::optional<proto::FleetStatus>();
  HARK_ASSIGN_OR_RETURN(proto::FleetStatus status, (*client)->GetStatus("", 0));
  return std::optional<proto::FleetStatus>(std::move(status));
}

Status List(const std::string& db, const std::string& format) {
  HARK_RETURN_IF_ERROR(CheckStoreDirectory(db, true));
  const FleetDirectory directory = DirectoryOf(db);
  HARK_ASSIGN_OR_RETURN(const FleetRegistry registry, directory.Load());
  LiveFleet live;
  if (access(directory.live_path().c_str(), F_OK) == 0) {
    HARK_ASSIGN_OR_RETURN(const std::string text, ReadFile(directory.live_path()));
    Result<LiveFleet> read = LiveFleet::Parse(text);
    if (!read.ok()) return read.status().Prepend(directory.live_path());
    live = std::move(*read);
  }
  HARK_ASSIGN_OR_RETURN(const std::optional<proto::FleetStatus> status, AskCoordinator(db));
  if (status) TakeLive(*status, &live);
  const int64_t now = UnixSeconds();
  if (format == "text") {
    std::string text = FleetAsText(registry, live, now, StyleOfStdout());
    if (status) text += "\n" + WorkersText(*status, StyleOfStdout());
    return WriteOutput("", text);
  }
  return WriteOutput("", FleetAsJson(registry, live, now, status ? &*status : nullptr));
}

}  // namespace

int RunFleetKeygen(const std::vector<std::string>& args) {
  constexpr char kName[] = "hark fleet keygen";
  std::string db;
  FlagSet flags(kName, "make the coordinator's long-term key pair and print the public key",
                {{"db", Text(&db, "DIR"), "the store; made when missing", true}});
  flags.SetExamples({"hark fleet keygen --db=out/db"});
  return RunCommand(kName, flags, args, [&](const ParsedFlags&) { return Keygen(db); });
}

int RunFleetInvite(const std::vector<std::string>& args) {
  constexpr char kName[] = "hark fleet invite";
  InviteOptions options;
  FlagSet flags(
      kName, "print a token with which one new worker may join",
      {{"db", Text(&options.db, "DIR"), "the store; made when missing", true},
       {"endpoint", Text(&options.endpoint, "tcp://HOST:PORT"),
        "where the worker reaches the coordinator", true},
       {"name", Text(&options.name, "NAME"), "what to call it; default what it calls itself"},
       {"expires", Text(&options.expires, "N[smhd]"), "how long the token is good"}});
  flags.SetExamples(
      {"hark fleet invite --db=out/db --endpoint=tcp://scan.example.org:7170 --name=vps-1"});
  return RunCommand(kName, flags, args, [&](const ParsedFlags&) { return MakeInvite(options); });
}

int RunFleetAllow(const std::vector<std::string>& args) {
  return RunSetState("hark fleet allow", "let a worker in by its public key, or again by its name",
                     args, FleetWorker::State::kAllowed);
}

int RunFleetRevoke(const std::vector<std::string>& args) {
  return RunSetState("hark fleet revoke",
                     "cut a worker off for good, or withdraw an invite by its key", args,
                     FleetWorker::State::kRevoked);
}

int RunFleetDrain(const std::vector<std::string>& args) {
  return RunSetState("hark fleet drain", "let a worker finish the hosts it has under way and leave",
                     args, FleetWorker::State::kDraining);
}

int RunFleetList(const std::vector<std::string>& args) {
  constexpr char kName[] = "hark fleet list";
  std::string db;
  std::string format = "text";
  FlagSet flags(kName, "the workers, their states and when they were last seen; open invites",
                {{"db", Text(&db, "DIR"), "the store", true},
                 {"format", Choice(&format, {"text", "json"}), "how to print"}});
  flags.SetExamples({"hark fleet list --db=out/db"});
  return RunCommand(kName, flags, args, [&](const ParsedFlags&) { return List(db, format); });
}

}  // namespace hark
