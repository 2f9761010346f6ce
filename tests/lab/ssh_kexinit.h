#pragma once

// The lab's KEXINIT and its packets in clear (RFC 4253 §6, §7.1).

#include <string>
#include <string_view>
#include <vector>

#include "tests/lab/service.h"

namespace hark::lab {

inline constexpr uint8_t kKexInit = 20;
inline constexpr size_t kKexInitCookie = 16;

// A binary packet before encryption: payload padded to blocks of 8.
std::string SshPacket(std::string_view payload);

// The names of a list; of an empty one, one empty name.
std::vector<std::string> NamesIn(std::string_view list);

// The first of the client's names that we have: the rule of RFC 4253 §7.1. "" if there is none.
std::string AgreeOn(std::string_view client, const std::vector<std::string>& ours);

// The payload, with a cookie of its own. The service's lists of ciphers, MACs and compression
// count, or what the lab says where it has none.
std::string MakeKexInit(const Service& service, const std::vector<std::string>& methods,
                        const std::vector<std::string>& host_keys);

// The begin of a packet with a KEXINIT within every limit, whose first name list does not end
// while anybody waits.
std::string EndlessKexInit();

}  // namespace hark::lab
