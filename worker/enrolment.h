#pragma once

// How a worker with a token becomes a worker with a key of its own (docs/formats/wire.md, Joining).
//
//   state_dir/identity.conf | token                  | then
//   none                    | none                   | error: nothing to work with
//   none                    | any                    | write a new key pair, ask, write the rest
//   a key that never joined | any                    | ask with that key, write the rest
//   joined                  | none, or the one used  | nothing to ask: use it
//   joined                  | another, same server   | ask with the same key
//   joined                  | another server's       | error: one state_dir, one coordinator
//
// The key is on the disk before it is shown to anybody, and the coordinator takes the same key
// twice: a crash anywhere costs a repetition and nothing else. After that the token is worth
// nothing and need not be given again.
//
// Threads: one. Blocks until the coordinator has answered.

#include <optional>
#include <string>

#include "base/status.h"
#include "base/time.h"
#include "bus/join_token.h"
#include "worker/worker_config.h"

namespace hark {

// Where the identity is kept when state_dir is not given: in the current directory.
inline constexpr char kDefaultStateDir[] = "hark-worker.state";

// The token of `join` (a flag), of the environment or of config.join_file; nullopt when there is
// none, kInvalidInput when there are two or a wrong one. join, environment: "" = not given.
Result<std::optional<JoinToken>> FindJoinToken(const std::string& join,
                                               const std::string& environment,
                                               const WorkerConfig& config);

// Is there an identity for a configuration that brings no keys?
bool HasIdentity(const WorkerConfig& config);

// Fills coordinator (unless given), server_public_key, public_key, secret_key and state_dir.
// kInvalidInput: the coordinator will never let this token in, and why. kInterrupted: signal_fd
// became readable (-1 = none).
Status Enrol(const std::optional<JoinToken>& token, int signal_fd, const Clock& clock,
             WorkerConfig* config);

}  // namespace hark
