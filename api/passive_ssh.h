#pragma once

// The routes of CIRCL's Passive SSH, for its clients (docs/passive-ssh.md). Everything they show
// was seen on places that speak SSH (api/ssh_presence.h); /v1 has the rest.

#include <memory>

#include "api/api_context.h"
#include "api/http.h"

namespace hark {

// Handlers keep the context, and between them the tallies of all of the store.
void AddPassiveSshRoutes(HttpRouter& router, std::shared_ptr<const ApiContext> context);

}  // namespace hark
