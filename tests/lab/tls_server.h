#pragma once

// TLS services: a dialogue in clear that may turn to TLS, or TLS from the first byte.

#include <memory>

#include "tests/lab/conversation.h"
#include "tests/lab/counters.h"
#include "tests/lab/credentials.h"
#include "tests/lab/tls_context.h"

namespace hark::lab {

// All arguments outlive the conversation.
std::unique_ptr<Conversation> TlsConversation(const Service& service, const TlsContext& context,
                                              const Credentials& credentials, Counters& counters);

}  // namespace hark::lab
