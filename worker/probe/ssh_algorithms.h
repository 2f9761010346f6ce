#pragma once

// The SSH algorithm names we offer, and the families of host keys we ask for one by one.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "worker/probe/observation.h"

namespace hark {

// Host-key algorithms that show the same key: rsa-sha2-256, rsa-sha2-512 and ssh-rsa differ only in
// how the server signs (RFC 8332), so RSA is one connection.
struct SshKeyFamily {
  std::string name;        // for people, e.g. "rsa"
  std::string algorithms;  // name-list in our order of preference
};

// All families we know, in our order of preference.
const std::vector<SshKeyFamily>& KnownSshKeyFamilies();

// Every algorithm of every known family: the offer of the first connection.
std::string AllSshHostKeyAlgorithms();

// The families a server's server_host_key_algorithms lists, known ones in our order, then the
// types we do not know, each a family of its own, in the server's.
std::vector<SshKeyFamily> OfferedSshKeyFamilies(std::string_view server_list);

// Key-exchange methods, cheapest for both sides first, hybrids for want of anything else.
extern const std::string_view kSshKexMethods;
// Offered for both directions. Nothing is ever encrypted with them: the conversation ends before
// NEWKEYS, so the lists are only there for negotiation to succeed with servers of any age.
extern const std::string_view kSshCiphers;
extern const std::string_view kSshMacs;
extern const std::string_view kSshCompression;

// The first name of `ours` that `theirs` has (RFC 4253 §7.1); nullopt if none.
std::optional<std::string_view> NegotiateSsh(std::string_view ours, std::string_view theirs);
// What our offer with these host-key algorithms and the server's come to. Names for encryption, MAC
// and compression are what would be used if the conversation went on.
SshAgreed AgreeSsh(std::string_view our_host_key_algorithms, const SshKexInit& theirs);
bool NameListHas(std::string_view list, std::string_view name);
bool IsHybridKex(std::string_view method);
std::string_view FirstName(std::string_view list);

}  // namespace hark
