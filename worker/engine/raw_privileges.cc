#include "worker/engine/raw_privileges.h"

#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>

namespace hark {
namespace {

// Two words of 32 capabilities.
using CapabilityWords = std::array<__user_cap_data_struct, _LINUX_CAPABILITY_U32S_3>;

// glibc has no wrappers, and libcap would be a library for two calls.
bool GetCapabilities(CapabilityWords* words) {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  return syscall(SYS_capget, &header, words->data()) == 0;
}

bool SetCapabilities(CapabilityWords words) {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  return syscall(SYS_capset, &header, words.data()) == 0;
}

}  // namespace

bool MayOpenRawSockets() {
  CapabilityWords words{};
  return GetCapabilities(&words) && (words[0].effective & (1U << CAP_NET_RAW)) != 0;
}

Status TryWithoutPrivileges(const std::function<Status()>& try_it) {
  CapabilityWords ours{};
  if (!GetCapabilities(&ours)) return ErrnoStatus("capget", errno);
  CapabilityWords none = ours;
  for (auto& word : none) word.effective = 0;
  if (!SetCapabilities(none)) return ErrnoStatus("capset", errno);
  const Status tried = try_it();
  if (!SetCapabilities(ours)) return ErrnoStatus("capset", errno);
  return tried;
}

Status DropRawPrivileges() {
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return ErrnoStatus("no_new_privs", errno);
  // The bounding set first: it takes CAP_SETPCAP, which goes with the rest. Fails without it, and
  // for the first number that is no capability.
  for (unsigned long i = 0; prctl(PR_CAPBSET_DROP, i, 0, 0, 0) == 0;) ++i;
  if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) != 0 && errno != EINVAL) {
    return ErrnoStatus("ambient capabilities", errno);
  }
  if (!SetCapabilities({})) return ErrnoStatus("capset", errno);
  CapabilityWords left{};
  if (!GetCapabilities(&left)) return ErrnoStatus("capget", errno);
  for (const auto& word : left) {
    if ((word.effective | word.permitted | word.inheritable) != 0) {
      return Internal("capabilities are left after dropping them");
    }
  }
  return Status::Ok();
}

}  // namespace hark
