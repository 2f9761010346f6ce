#pragma once

// The numbers of an SSH public key in decimal, under the names Passive SSH gives them:
//
//   ssh-rsa               exponent, modulus
//   ssh-dss               p, q, g, dsa_pub_key
//   ecdsa-sha2-*          curve, ec: the point as sent, its leading 4 included, as one number
//   ssh-ed25519           len_pk, pk: the bytes as one big-endian number, whatever the curve says
//   sk-*                  as above, and application (a text)
//   *-cert-v01@…          of the certified key
//   anything else         len_pk and pk if the blob is a type and one string more, else nothing
//
// Of the last four Passive SSH has only nistp256 and Ed25519; the rest is named after its fashion.

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace hark {

// Name and value, in the order Passive SSH writes them.
using CryptoMaterial = std::vector<std::pair<std::string, std::string>>;

// Larger numbers are left out: the conversion takes the square of their length, and the blob is in
// the answer anyway. 32,768 bits (OpenSSL's largest RSA key has 16,384, ML-DSA-87 20,736) take
// 1 ms.
inline constexpr size_t kMaxMaterialBytes = 4096;

// Empty for a blob that is malformed.
CryptoMaterial CryptoMaterialOf(std::string_view ssh_blob);

// The type in the blob; "" if it has none.
std::string_view SshBlobType(std::string_view ssh_blob);

}  // namespace hark
