#pragma once

// Conversations as text files. A line is one step; blank lines and those that begin with '#' are
// for people.
//
//   protocol P            ssh, smtp, pop3, imap, https …: first line
//   option NAME SECONDS   greeting_timeout, step_timeout or conversation_timeout
//   option force_starttls
//   connect               the survey asks for a connection and gets it
//   connect OUTCOME       … and it fails: refused, silent, unreachable
//   over                  the survey asks for nothing more
//   < TEXT                the peer sends TEXT (escapes \r \n \t \\ \xNN, \V for our version)
//   <packet TEXT          … as the payload of an SSH packet
//   <kexinit KEX KEYS     … a KEXINIT with these two lists; a third word sets "guess follows"
//   > TEXT                since the last such line we said exactly TEXT
//   >packets N M …        … SSH packets of these message types
//   >tls                  … a TLS ClientHello
//   >rawtls               … the raw pass's, in a record of SSLv3
//   eof, reset            the peer closes, or resets
//   wait SECONDS          time passes, deadlines fire
//   done                  the conversation is over (and was not before the step above)
//   expect WHAT TEXT      after over: outcome, stage, connections, identification, kex_algorithm,
//                         host_keys, pre_lines, alert: equal; greeting, capabilities,
//                         starttls_reply: equal, with escapes; greeting_delay: "N ms"; mail: what
//                         Describe says of MailFacts; detail: contains
//
// What the peer sends between two steps of ours is cut as the Cuts say: the split law holds if
// every way to cut passes.

#include <string>

#include "worker/probe/testing/cuts.h"

namespace hark {

// "" if every step went as written; otherwise the line number and what was different.
std::string PlayTranscript(const std::string& text, const Cuts& cuts);

// All the peer says in the first connection, for tests that end it early.
std::string PeerBytes(const std::string& text);
// The protocol line's word.
std::string ProtocolWord(const std::string& text);

}  // namespace hark
