#pragma once

// Every bound on what a peer may make us keep, read or do, with its reason.
// docs/protocols/limits.md tells the same as a table; a probe that meets a bound ends with
// Outcome::kTooLong.

#include <cstddef>
#include <cstdint>

namespace hark {

// --- SSH -----------------------------------------------------------------------------------------
// RFC 4253 §4.2 ends the identification at 255 bytes with CR LF; some firmware pads it. Twice that.
inline constexpr size_t kMaxSshIdentification = 512;
// Lines before the identification. OpenSSH's client gives up after 1024 lines of 8 KiB; banners of
// real servers have fewer than ten, a tarpit never ends.
inline constexpr size_t kMaxSshPreLines = 50;
inline constexpr size_t kMaxSshPreBytes = size_t{8} * 1024;
// packet_length. RFC 4253 §6.1 asks for 35000; a reply may carry a key blob of 64 KiB
// (kMaxSshKeyBlob) beside two numbers and a signature of at most 2 KiB each.
inline constexpr size_t kMaxSshPacket = size_t{72} * 1024;
// Everything a server may send before its key: room for the largest KEXINIT and the largest reply.
inline constexpr size_t kMaxSshBytes = 2 * kMaxSshPacket + size_t{64} * 1024;
// IGNORE, DEBUG, EXT_INFO and the like before the reply. Honest servers send at most one or two.
inline constexpr size_t kMaxSshIdlePackets = 32;
// One name-list of a KEXINIT. The longest of a real server is below 1 KiB.
inline constexpr size_t kMaxSshNameList = size_t{16} * 1024;
// A name in it (RFC 4251 §6: names are at most 64 characters).
inline constexpr size_t kMaxSshName = 64;
// A group offered in a group exchange (RFC 4419 §3 recommends 1024 to 8192 bits). One modular
// exponentiation of 8192 bits costs about 5 ms, so this is also the CPU a peer may cost us.
inline constexpr int kMinDhBits = 1024;
inline constexpr int kMaxDhBits = 8192;
// Public values and signatures: 16384 bits and framing.
inline constexpr size_t kMaxSshNumber = 2048 + 1;
inline constexpr size_t kMaxSshSignature = 2048 + 128;
// r of a DSA or ECDSA signature: that of P-521, the largest there is.
inline constexpr size_t kMaxSshSignatureR = 66;
// Connections to one sshd: the 16 families of ssh_algorithms.cc and a few of types nobody here
// knows.
inline constexpr size_t kMaxSshConnections = 20;

// --- TLS -----------------------------------------------------------------------------------------
// All bytes of one connection until the handshake is done: the largest chain twice over.
inline constexpr size_t kMaxTlsBytes = size_t{256} * 1024;
// The Certificate message (OpenSSL's own default is 100 KB); certificates with 1,577 names need 40.
inline constexpr size_t kMaxTlsCertificateMessage = size_t{128} * 1024;
// Certificates kept of a chain. Honest chains have up to five; some servers send their whole store.
inline constexpr size_t kMaxTlsChain = 32;
// Warning alerts kept, and in a raw hello borne. Honest servers send one (unrecognized_name).
inline constexpr size_t kMaxWarningAlerts = 16;
// Extensions of a ServerHello kept; about 60 are registered, we offer a dozen, and a server may
// only answer those. JA3S is taken of all.
inline constexpr size_t kMaxServerExtensions = 64;
// A record: RFC 5246 §6.2.3, 2^14 bytes and what compression and MAC may add.
inline constexpr size_t kMaxTlsRecord = (size_t{1} << 14) + 2048;
// How often one handshake is put away while it waits. Each time costs making it anew, 50 µs and its
// certificates' parsing; an honest server pauses once or twice in its flight.
inline constexpr uint32_t kMaxTlsRests = 8;
// Records that hold nothing, in a raw hello; OpenSSL bears as many.
inline constexpr size_t kMaxEmptyRecords = 32;

// --- HTTP ----------------------------------------------------------------------------------------
// Status line and headers together. Servers' own limits for a request's are 8 to 16 KiB, answers
// with many cookies reach 8.
inline constexpr size_t kMaxHttpHead = size_t{16} * 1024;

// --- Mail dialogues ------------------------------------------------------------------------------
// One line with its end. RFC 5321 §4.5.3.1.5 allows 512, IMAP capability lines reach 1 KiB.
inline constexpr size_t kMaxDialogueLine = size_t{4} * 1024;
// Everything said in plain: greeting, capabilities, go-ahead. Real ones stay below 2 KiB.
inline constexpr size_t kMaxDialogueBytes = size_t{16} * 1024;
// What of it is kept: PortObservation::greeting, and the two texts of MailFacts. Greetings of real
// servers stay below 1 KiB, capabilities below 2 KiB, a reply to STARTTLS is a line.
inline constexpr size_t kMaxGreetingKept = size_t{4} * 1024;
inline constexpr size_t kMaxCapabilitiesKept = size_t{8} * 1024;
inline constexpr size_t kMaxStartTlsReplyKept = 1024;
// Plaintext between the go-ahead and the first TLS record: counted and dropped, up to this.
inline constexpr size_t kMaxSmuggled = size_t{4} * 1024;

// --- All -----------------------------------------------------------------------------------------
// A peer's words quoted in PortObservation::detail, before escaping.
inline constexpr size_t kMaxQuoted = 160;

}  // namespace hark
