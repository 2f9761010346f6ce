#pragma once

// Fingerprints of what an SSH server offers: MD5, as 32 hex digits, of four name-lists joined by
// ';'. The lists go in as sent (RFC 4253 §7.1), pseudo-algorithms such as kex-strict-s-v00 and
// ext-info-s included; the last three are those from server to client.

#include <string>
#include <string_view>

namespace hark {

// hasshServer by its published definition: kex;encryption;mac;compression. Names the software and
// its configuration.
std::string HasshServer(std::string_view kex_algorithms, std::string_view encryption,
                        std::string_view mac, std::string_view compression);

// What Passive SSH stores under the name hassh: the host-key algorithms stand where the key
// exchanges should, so it changes with the keys a host has. No hasshServer list knows this value;
// only look-ups in data of Passive SSH's do.
std::string PassiveSshHassh(std::string_view host_key_algorithms, std::string_view encryption,
                            std::string_view mac, std::string_view compression);

// "" from both where OpenSSL has no MD5 (a FIPS build).

}  // namespace hark
