// hark-bench hark|libssh|openssl --first=127.1.0.0 --count=N --port=P …: grabs the hosts and prints
// what it cost as one line of JSON. tests/bench/bench.py calls it; exit 1 when nothing was grabbed.

#include <gflags/gflags.h>

#include <csignal>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <string>

#include "tests/bench/clients.h"

DEFINE_string(first, "127.1.0.0", "the first host");
DEFINE_uint64(count, 100, "hosts");
DEFINE_uint32(port, 22, "on each of them");
DEFINE_string(protocol, "ssh", "ssh or tls");
DEFINE_bool(certificate_only, false, "hark: --handshake=certificate");
DEFINE_uint32(in_flight, 100, "hark: conversations at once");
DEFINE_string(ssh_kex, "curve25519-sha256", "libssh: the exchange to offer");
DEFINE_string(ssh_keys, "ssh-ed25519", "libssh: host-key algorithms, one connection each");
DEFINE_string(tls_suite, "TLS_AES_256_GCM_SHA384", "openssl: the suite to offer");
DEFINE_string(tls_group, "X25519", "openssl: the group to offer");
DEFINE_uint32(tls_version, 0x0304, "openssl: the version to offer");

namespace hark::bench {
namespace {

Result<Task> TaskOfFlags() {
  Task task;
  const std::optional<Address> first = Address::Parse(FLAGS_first);
  if (!first || !first->is_v4() || first->v4() >> 24 != 127) {
    return InvalidInput("--first is not in 127.0.0.0/8");
  }
  task.first = first->v4();
  task.count = FLAGS_count;
  task.port = static_cast<uint16_t>(FLAGS_port);
  task.ssh = FLAGS_protocol == "ssh";
  task.certificate_only = FLAGS_certificate_only;
  task.in_flight = FLAGS_in_flight;
  task.ssh_kex = FLAGS_ssh_kex;
  task.ssh_keys = FLAGS_ssh_keys;
  task.tls_suite = FLAGS_tls_suite;
  task.tls_group = FLAGS_tls_group;
  task.tls_version = static_cast<uint16_t>(FLAGS_tls_version);
  return task;
}

Result<Cost> Run(const std::string& client) {
  HARK_ASSIGN_OR_RETURN(const Task task, TaskOfFlags());
  if (client == "hark") return GrabWithHark(task);
  if (client == "libssh") return GrabWithLibssh(task);
  if (client == "openssl") return GrabWithOpenSsl(task);
  return InvalidInput("no client of this name; there are hark, libssh and openssl");
}

}  // namespace
}  // namespace hark::bench

int main(int argc, char** argv) {
  gflags::ParseCommandLineFlags(&argc, &argv, true);
  std::signal(SIGPIPE, SIG_IGN);
  const auto cost = hark::bench::Run(argc > 1 ? argv[1] : "");
  if (!cost.ok()) {
    std::fprintf(stderr, "hark-bench: %s\n", cost.status().message().c_str());
    return 2;
  }
  const nlohmann::json line = {{"grabs", cost->grabs},
                               {"keys", cost->keys},
                               {"user_seconds", cost->user_seconds},
                               {"system_seconds", cost->system_seconds},
                               {"cpu_seconds", cost->user_seconds + cost->system_seconds},
                               {"wall_seconds", cost->wall_seconds},
                               {"exchange", cost->exchange}};
  std::printf("%s\n", line.dump().c_str());
  return cost->grabs > 0 ? 0 : 1;
}
