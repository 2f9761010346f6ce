#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/ssl.h>
#include <sys/socket.h>

#include <memory>

#include "base/strings.h"
#include "base/unique_fd.h"
#include "tests/bench/clients.h"
#include "tests/bench/cost_meter.h"

namespace hark::bench {
namespace {

struct Free {
  void operator()(SSL_CTX* p) const { SSL_CTX_free(p); }
  void operator()(SSL* p) const { SSL_free(p); }
};
using ContextPtr = std::unique_ptr<SSL_CTX, Free>;
using SslPtr = std::unique_ptr<SSL, Free>;

// Told to offer just what hark and the server agreed on, so that both do the same work.
ContextPtr MakeContext(const Task& task) {
  ContextPtr context(SSL_CTX_new(TLS_client_method()));
  SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_OFF);
  SSL_CTX_set_min_proto_version(context.get(), task.tls_version);
  SSL_CTX_set_max_proto_version(context.get(), task.tls_version);
  const bool set = task.tls_version >= TLS1_3_VERSION
                       ? SSL_CTX_set_ciphersuites(context.get(), task.tls_suite.c_str()) == 1
                       : SSL_CTX_set_cipher_list(context.get(), task.tls_suite.c_str()) == 1;
  if (!set || SSL_CTX_set1_groups_list(context.get(), task.tls_group.c_str()) != 1) return nullptr;
  return context;
}

UniqueFd Connect(const Address& host, uint16_t port) {
  UniqueFd fd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in where{};
  where.sin_family = AF_INET;
  where.sin_port = htons(port);
  where.sin_addr.s_addr = htonl(host.v4());
  if (connect(fd.get(), reinterpret_cast<const sockaddr*>(&where), sizeof where) != 0) fd.Reset();
  return fd;
}

void Visit(SSL_CTX* context, const Task& task, uint64_t index, Cost* cost) {
  const UniqueFd fd = Connect(task.Host(index), task.port);
  if (!fd.valid()) return;
  const SslPtr ssl(SSL_new(context));
  SSL_set_fd(ssl.get(), fd.get());
  if (SSL_connect(ssl.get()) != 1) return;
  ++cost->grabs;
  if (SSL_get0_peer_certificate(ssl.get()) != nullptr) ++cost->keys;
  cost->exchange = StrCat(SSL_get_version(ssl.get()), " ", SSL_get_cipher_name(ssl.get()));
}

}  // namespace

Result<Cost> GrabWithOpenSsl(const Task& task) {
  const ContextPtr context = MakeContext(task);
  if (!context) return InvalidInput("OpenSSL does not know this suite or group");
  Cost warm_up, cost;
  Visit(context.get(), task, 0, &warm_up);
  const CostMeter meter;
  for (uint64_t i = 0; i < task.count; ++i) Visit(context.get(), task, i, &cost);
  meter.Stop(&cost);
  return cost;
}

}  // namespace hark::bench
