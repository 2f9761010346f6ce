#pragma once

// After the raw sockets are open nothing needs a privilege any more.

#include <functional>

#include "base/status.h"

namespace hark {

// Whether this thread may open raw sockets (CAP_NET_RAW).
bool MayOpenRawSockets();

// Calls try_it as it would go after DropRawPrivileges; the calling thread has its capabilities back
// when this returns. For what has to work later: a user 0 without them cannot open others' files.
Status TryWithoutPrivileges(const std::function<Status()>& try_it);

// Drops every capability of the calling thread for good: effective, permitted, inheritable and
// ambient, the bounding set where CAP_SETPCAP allows, and no_new_privs, so that no program it
// starts gets them back. The user id stays: root without capabilities still owns root's files, so a
// worker is better run as its own user. Threads that already run keep theirs: call it before any
// is started. Idempotent.
Status DropRawPrivileges();

}  // namespace hark
