#pragma once

// An SSH server up to the proof that it holds its host key (RFC 4253 §4.2, §7, §8), and not a step
// further: after NEWKEYS it hangs up. That is all a key survey sees of a server.
//
// Why not libssh, as elsewhere: as a server it cannot name itself "SSH-1.99-…", hold more than one
// key of the odd types, sign wrongly, or stop in mid-exchange, and those are what the lab is for.

#include <memory>

#include "tests/lab/conversation.h"
#include "tests/lab/counters.h"
#include "tests/lab/service.h"
#include "tests/lab/ssh_host_keys.h"

namespace hark::lab {

// All arguments outlive the conversation.
std::unique_ptr<Conversation> SshConversation(const Service& service,
                                              const SshHostKeys::Offers& offers,
                                              Counters& counters);

}  // namespace hark::lab
