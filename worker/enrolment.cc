#include "worker/enrolment.h"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <memory>

#include "base/file.h"
#include "base/log.h"
#include "base/random.h"
#include "base/strings.h"
#include "bus/curve.h"
#include "bus/dealer.h"
#include "worker/state_lock.h"

namespace hark {
namespace {

constexpr const char* kWhere = "worker/enrolment";
constexpr uint32_t kMajor = 1;
constexpr uint32_t kMinor = 1;  // JOIN is its
// For a connection, a handshake and two syncs; then the connection itself is suspect.
constexpr Duration kAnswerTime = std::chrono::seconds(10);
constexpr Duration kFirstWait = std::chrono::seconds(1);
constexpr Duration kLastWait = std::chrono::minutes(1);
// The coordinator looks for new invites once a second, and a token may be used sooner than that.
// Four tries take at least three and a half seconds.
constexpr int kMaxRefusals = 4;
constexpr size_t kMaxName = 64;
constexpr int kPollMillis = 200;  // the socket's edges may be missed

std::string IdentityPath(const WorkerConfig& config) {
  return (config.state_dir.empty() ? kDefaultStateDir : config.state_dir) + "/identity.conf";
}

Status WriteIdentity(const std::string& directory, const WorkerConfig& identity) {
  std::string text =
      StrCat("# Who this hark-worker is. Keep it secret.\npublic_key = ", identity.public_key,
             "\nsecret_key = ", identity.secret_key, "\n");
  if (!identity.joined_with.empty()) {
    text += StrCat("coordinator = ", identity.coordinator,
                   "\nserver_public_key = ", identity.server_public_key,
                   "\njoined_with = ", identity.joined_with, "\nname = ", identity.name, "\n");
  }
  HARK_RETURN_IF_ERROR(WriteFileAtomically(directory + "/identity.conf", text, 0600));
  return SyncDirectory(directory);
}

Status Refusal(const proto::Reject& reject) {
  std::string advice;
  switch (reject.code()) {
    case proto::Reject::INVITE_SPENT:
    case proto::Reject::INVITE_EXPIRED:
    case proto::Reject::UNKNOWN_WORKER:
      advice = "; ask its operator for a new one (hark fleet invite)";
      break;
    case proto::Reject::REVOKED:
      advice = "; ask its operator (hark fleet allow), or give another state_dir";
      break;
    default:  // NOLINT: codes of other messages and of a newer peer
      break;
  }
  return InvalidInput(
      StrCat("the coordinator refuses: ", EscapeForDisplay(reject.text().substr(0, 200)), advice));
}

// Waits until something may have come. False: a signal did.
bool WaitFor(int fd, int signal_fd, int millis) {
  pollfd watched[2] = {{fd, POLLIN, 0}, {signal_fd, POLLIN, 0}};  // poll passes over -1
  poll(watched, 2, millis);
  return (watched[1].revents & POLLIN) == 0;
}

// One request after the other until the coordinator has said yes or no for good.
class Applicant {
 public:
  Applicant(DealerOptions dealer, proto::Envelope join, int signal_fd, const Clock& clock)
      : dealer_(std::move(dealer)), join_(std::move(join)), signal_fd_(signal_fd), clock_(clock) {}

  // What the coordinator calls us.
  Result<std::string> Run() {
    for (Duration wait = kFirstWait;; wait = std::min(wait * 2, kLastWait)) {
      HARK_ASSIGN_OR_RETURN(const bool joined, Ask());
      if (joined) return name_;
      LogWarning(kWhere, StrCat("not yet let in by ", dealer_.endpoint, "; asking again"));
      // Between half of it and all, so that a fleet set up together does not come in step.
      const auto jitter = static_cast<int64_t>(random_.Unit() * static_cast<double>(wait.count()));
      HARK_RETURN_IF_ERROR(Sleep(wait / 2 + Duration(jitter / 2)));
    }
  }

 private:
  // False: no answer, or none that counts.
  Result<bool> Ask() {
    HARK_ASSIGN_OR_RETURN(const std::unique_ptr<Dealer> dealer, Dealer::Connect(dealer_));
    dealer->Send(join_);
    const MonoTime until = clock_.Now() + kAnswerTime;
    while (clock_.Now() < until) {
      while (const auto answer = dealer->Receive()) {
        if (answer->has_joined() && answer->joined().public_key() == join_.join().public_key()) {
          name_ = EscapeForDisplay(answer->joined().name().substr(0, kMaxName));
          return true;
        }
        if (!answer->has_reject()) continue;
        if (answer->reject().code() == proto::Reject::BUSY) return false;
        return Refusal(answer->reject());
      }
      if (dealer->refused()) {
        if (++refusals_ < kMaxRefusals) return false;
        return InvalidInput(
            "the coordinator does not know this token: it is of another store, was withdrawn or "
            "has long expired; ask its operator for a new one (hark fleet invite)");
      }
      if (!WaitFor(dealer->wake_fd(), signal_fd_, kPollMillis)) return Interrupted();
    }
    return false;
  }

  Status Sleep(Duration time) {
    const MonoTime until = clock_.Now() + time;
    while (clock_.Now() < until) {
      if (!WaitFor(-1, signal_fd_, kPollMillis)) return Interrupted();
    }
    return Status::Ok();
  }

  static Status Interrupted() {
    return {StatusCode::kInterrupted, "stopped before it had joined; the token is good as it was"};
  }

  const DealerOptions dealer_;
  const proto::Envelope join_;
  const int signal_fd_;
  const Clock& clock_;
  Random random_{SecureU64()};
  std::string name_;
  int refusals_ = 0;
};

Result<std::string> AskToJoin(const JoinToken& token, const std::string& invite,
                              const std::string& name, const WorkerConfig& identity, int signal_fd,
                              const Clock& clock) {
  proto::Envelope envelope;
  envelope.set_major(kMajor);
  envelope.set_minor(kMinor);
  proto::Join& join = *envelope.mutable_join();
  join.set_public_key(CurveKeyBytes(identity.public_key));
  join.set_name(EscapeForDisplay(name));  // a proto string must be UTF-8
  join.set_software(StrCat("hark-worker ", HARK_VERSION));
  return Applicant({token.endpoint, token.server_public_key, invite, token.secret_key}, envelope,
                   signal_fd, clock)
      .Run();
}

// Brings the identity to where the token leads.
Status UseToken(const JoinToken& token, const WorkerConfig& config, int signal_fd,
                const Clock& clock, WorkerConfig* identity) {
  if (!identity->joined_with.empty() && identity->server_public_key != token.server_public_key) {
    return InvalidInput(StrCat(config.state_dir, " belongs to a worker of another coordinator (",
                               EscapeForDisplay(identity->coordinator),
                               "); give another state_dir"));
  }
  HARK_ASSIGN_OR_RETURN(const std::string invite, PublicKeyOf(token.secret_key));
  if (identity->joined_with == invite) return Status::Ok();
  if (identity->public_key.empty()) {
    const KeyPair keys = GenerateKeyPair();
    identity->public_key = keys.public_key;
    identity->secret_key = keys.secret_key;
    HARK_RETURN_IF_ERROR(WriteIdentity(config.state_dir, *identity));
  }
  const std::string name = config.name.empty() ? DefaultWorkerName() : config.name;
  HARK_ASSIGN_OR_RETURN(identity->name,
                        AskToJoin(token, invite, name, *identity, signal_fd, clock));
  identity->coordinator = token.endpoint;
  identity->server_public_key = token.server_public_key;
  identity->joined_with = invite;
  return WriteIdentity(config.state_dir, *identity);
}

}  // namespace

bool HasIdentity(const WorkerConfig& config) {
  return config.key_file.empty() && config.public_key.empty() && config.secret_key.empty() &&
         access(IdentityPath(config).c_str(), F_OK) == 0;
}

Result<std::optional<JoinToken>> FindJoinToken(const std::string& join,
                                               const std::string& environment,
                                               const WorkerConfig& config) {
  const int given = (join.empty() ? 0 : 1) + (config.join_file.empty() ? 0 : 1);
  if (given > 1) return InvalidInput("give one of --join and --join_file");
  std::string text = join;
  std::string where = "--join";
  if (!config.join_file.empty()) {
    where = "join_file " + config.join_file;
    // A spent token need not be kept, nor a service's command line be changed for that.
    const bool is_gone = access(config.join_file.c_str(), F_OK) != 0 && errno == ENOENT;
    if (is_gone && config.join_file != "-" && HasIdentity(config)) {
      return std::optional<JoinToken>();
    }
    HARK_RETURN_IF_ERROR(CheckSecrecy(config.join_file));
    Result<std::string> read = ReadFile(config.join_file, kMaxJoinToken + 64);
    if (!read.ok()) return read.status().Prepend("join_file");
    text = std::move(*read);
    if (Trim(text).empty()) return InvalidInput(where + ": is empty");
  } else if (join.empty()) {  // what is said on purpose wins over what is lying about
    text = environment;
    where = "HARK_JOIN";
  }
  if (text.empty()) return std::optional<JoinToken>();
  Result<JoinToken> token = ParseJoinToken(text);
  if (!token.ok()) return token.status().Prepend(where);
  return std::optional<JoinToken>(std::move(*token));
}

Status Enrol(const std::optional<JoinToken>& token, int signal_fd, const Clock& clock,
             WorkerConfig* config) {
  for (const std::string* key :
       {&config->key_file, &config->public_key, &config->secret_key, &config->server_public_key}) {
    if (key->empty()) continue;
    return InvalidInput(
        "a token, or the identity made with it, brings all keys: leave out key_file, public_key, "
        "secret_key and server_public_key");
  }
  if (config->state_dir.empty()) config->state_dir = kDefaultStateDir;
  HARK_ASSIGN_OR_RETURN(const UniqueFd lock, LockStateDirectory(config->state_dir));
  const std::string path = IdentityPath(*config);
  WorkerConfig identity;
  if (access(path.c_str(), F_OK) == 0) HARK_RETURN_IF_ERROR(LoadWorkerConfig(path, &identity));
  if (token) {
    HARK_RETURN_IF_ERROR(UseToken(*token, *config, signal_fd, clock, &identity));
    identity.coordinator = token->endpoint;  // the operator may have moved it
  }
  if (identity.joined_with.empty()) {
    return InvalidInput(
        StrCat(config->state_dir, " has no identity that joined; give the token again"));
  }
  if (config->coordinator.empty()) config->coordinator = identity.coordinator;
  if (config->name.empty()) config->name = identity.name;
  config->server_public_key = identity.server_public_key;
  config->public_key = identity.public_key;
  config->secret_key = identity.secret_key;
  return Status::Ok();
}

}  // namespace hark
