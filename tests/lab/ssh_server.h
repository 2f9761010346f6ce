#pragma once

// An SSH server up to the proof that it holds its host key (RFC 4253 §4.2, §7, §8), and not a step
// further: after NEWKEYS it hangs up. That is all a key survey sees of a server.
//
// Why not libssh, as elsewhere: as a server it cannot name itself "SSH-1.99-…", hold more than one
// key of the odd types, sign wrongly, or stop in mid-exchange, and those are what the lab is for.

#include <memory>
#include <string>
#include <vector>

#include "tests/lab/conversation.h"
#include "tests/lab/key_store.h"
#include "tests/lab/scenario.h"

namespace hark::lab {

// keys: as service.keys, in order; they and the service outlive the conversation.
std::unique_ptr<Conversation> SshConversation(const Service& service,
                                              std::vector<const KeyStore::Key*> keys);

}  // namespace hark::lab
