#pragma once

// Hybrid key exchanges: X25519 beside a key encapsulation, sntrup761 (NTRU Prime, as OpenSSH has it
// since 8.5) or ML-KEM-768 (FIPS 203). Used with servers that offer nothing else.
//
// Nothing we say is secret, so we take the one right a client has here and choose public keys whose
// private operation is trivial: the zero vector for ML-KEM, the polynomial 3 for sntrup761. What
// the server encapsulates to them can be read off its ciphertext, without lattices and without
// having to trust an implementation of them, and the server's own work and proof are as always.

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "worker/probe/ssh_agreement.h"

namespace hark::ssh {

inline constexpr size_t kSntrup761PublicKey = 1158;
inline constexpr size_t kSntrup761Ciphertext = 1039;
inline constexpr size_t kMlKem768PublicKey = 1184;
inline constexpr size_t kMlKem768Ciphertext = 1088;

// Our public keys, always the same.
std::string Sntrup761PublicKey();
std::string MlKem768PublicKey();

// The 32 bytes a server encapsulated to them; nullopt if this is no ciphertext for our key.
std::optional<std::string> Sntrup761Secret(std::string_view ciphertext);
std::optional<std::string> MlKem768Secret(std::string_view ciphertext);

// Values are the KEM's, then X25519's; the secret is the hash of both secrets: SHA-512 with
// sntrup761, SHA-256 with ML-KEM. Unlike others' it enters the exchange hash as a string.
std::unique_ptr<Agreement> NewSntrup761X25519();
std::unique_ptr<Agreement> NewMlKem768X25519();

}  // namespace hark::ssh
