#include <libssh/libssh.h>

#include <memory>

#include "base/strings.h"
#include "tests/bench/clients.h"
#include "tests/bench/cost_meter.h"

namespace hark::bench {
namespace {

using SessionPtr = std::unique_ptr<ssh_session_struct, decltype(&ssh_free)>;

// One key by one session; "" when there was none, else the exchange that was agreed on.
std::string TakeKey(const std::string& host, const Task& task, const std::string& algorithm) {
  const SessionPtr session(ssh_new(), ssh_free);
  const unsigned int port = task.port;
  const bool no = false;
  ssh_options_set(session.get(), SSH_OPTIONS_HOST, host.c_str());
  ssh_options_set(session.get(), SSH_OPTIONS_PORT, &port);
  ssh_options_set(session.get(), SSH_OPTIONS_PROCESS_CONFIG, &no);
  ssh_options_set(session.get(), SSH_OPTIONS_KEY_EXCHANGE, task.ssh_kex.c_str());
  ssh_options_set(session.get(), SSH_OPTIONS_HOSTKEYS, algorithm.c_str());
  if (ssh_connect(session.get()) != SSH_OK) return {};
  ssh_key key = nullptr;
  if (ssh_get_server_publickey(session.get(), &key) != SSH_OK) return {};
  ssh_key_free(key);
  const char* kex = ssh_get_kex_algo(session.get());
  std::string exchange = kex == nullptr ? "?" : kex;
  ssh_disconnect(session.get());
  return exchange;
}

void Visit(const Task& task, uint64_t index, Cost* cost) {
  const std::string host = task.Host(index).ToString();
  const auto algorithms = Split(task.ssh_keys, ',');
  uint64_t taken = 0;
  for (const std::string_view algorithm : algorithms) {
    const std::string exchange = TakeKey(host, task, std::string(algorithm));
    if (exchange.empty()) continue;
    ++taken;
    cost->exchange = exchange;
  }
  cost->keys += taken;
  if (taken == algorithms.size()) ++cost->grabs;
}

}  // namespace

Result<Cost> GrabWithLibssh(const Task& task) {
  Cost warm_up, cost;
  Visit(task, 0, &warm_up);
  const CostMeter meter;
  for (uint64_t i = 0; i < task.count; ++i) Visit(task, i, &cost);
  meter.Stop(&cost);
  return cost;
}

}  // namespace hark::bench
