#include "worker/probe/ssh_exchange.h"

#include <openssl/evp.h>
#include <openssl/obj_mac.h>

#include "base/bytes.h"
#include "keys/openssl_ptr.h"
#include "keys/ssh_key.h"
#include "worker/probe/limits.h"
#include "worker/probe/ssh_algorithms.h"
#include "worker/probe/ssh_hybrid.h"
#include "worker/probe/ssh_wire.h"

namespace hark::ssh {

enum class Kind { kX25519, kEcdh, kGroup, kGroupExchange, kSntrup761, kMlKem768 };

struct Method {
  std::string_view name;
  Kind kind;
  int parameter;  // curve nid or group number
  const EVP_MD* (*hash)();
};

namespace {

constexpr Method kMethods[] = {
    {"curve25519-sha256", Kind::kX25519, 0, EVP_sha256},
    {"curve25519-sha256@libssh.org", Kind::kX25519, 0, EVP_sha256},
    {"ecdh-sha2-nistp256", Kind::kEcdh, NID_X9_62_prime256v1, EVP_sha256},
    {"ecdh-sha2-nistp384", Kind::kEcdh, NID_secp384r1, EVP_sha384},
    {"ecdh-sha2-nistp521", Kind::kEcdh, NID_secp521r1, EVP_sha512},
    {"diffie-hellman-group14-sha256", Kind::kGroup, 14, EVP_sha256},
    {"diffie-hellman-group14-sha1", Kind::kGroup, 14, EVP_sha1},
    {"diffie-hellman-group1-sha1", Kind::kGroup, 1, EVP_sha1},
    {"diffie-hellman-group16-sha512", Kind::kGroup, 16, EVP_sha512},
    {"diffie-hellman-group18-sha512", Kind::kGroup, 18, EVP_sha512},
    {"diffie-hellman-group-exchange-sha256", Kind::kGroupExchange, 0, EVP_sha256},
    {"diffie-hellman-group-exchange-sha1", Kind::kGroupExchange, 0, EVP_sha1},
    {"sntrup761x25519-sha512", Kind::kSntrup761, 0, EVP_sha512},
    {"sntrup761x25519-sha512@openssh.com", Kind::kSntrup761, 0, EVP_sha512},
    {"mlkem768x25519-sha256", Kind::kMlKem768, 0, EVP_sha256},
};

// RFC 4419 §3: smallest, preferred and largest group. 1024 because old servers have nothing else.
constexpr uint32_t kGexMin = kMinDhBits;
constexpr uint32_t kGexPreferred = 2048;
constexpr uint32_t kGexMax = kMaxDhBits;

std::string GexBounds() {
  ByteWriter out;
  out.U32(kGexMin);
  out.U32(kGexPreferred);
  out.U32(kGexMax);
  return out.Take();
}

std::unique_ptr<Agreement> NewAgreement(const Method& method) {
  switch (method.kind) {
    case Kind::kX25519:
      return NewX25519();
    case Kind::kEcdh:
      return NewEcdh(method.parameter);
    case Kind::kGroup:
      return NewNamedGroup(method.parameter);
    case Kind::kGroupExchange:
      return nullptr;
    case Kind::kSntrup761:
      return NewSntrup761X25519();
    case Kind::kMlKem768:
      return NewMlKem768X25519();
  }
  return nullptr;
}

// A positive mpint's magnitude, or empty.
std::string_view Magnitude(std::string_view mpint) {
  if (!mpint.empty() && (static_cast<uint8_t>(mpint.front()) & 0x80) != 0) return {};
  while (!mpint.empty() && mpint.front() == '\0') mpint.remove_prefix(1);
  return mpint;
}

ExchangeStep Broken(std::string why) {
  ExchangeStep step;
  step.broken = std::move(why);
  return step;
}

}  // namespace

std::unique_ptr<Exchange> Exchange::New(std::string_view name) {
  for (const Method& method : kMethods) {
    if (method.name != name) continue;
    std::unique_ptr<Exchange> exchange(new Exchange(method));
    exchange->agreement_ = NewAgreement(method);
    if (!exchange->agreement_ && method.kind != Kind::kGroupExchange) return nullptr;
    return exchange;
  }
  return nullptr;
}

std::string Exchange::Start() {
  if (method_.kind == Kind::kGroupExchange) {
    return std::string(1, static_cast<char>(kGexRequest)) + GexBounds();
  }
  return InitPayload(kKexFirst);
}

ExchangeStep Exchange::On(std::string_view payload, const Transcript& transcript) {
  const uint8_t type = static_cast<uint8_t>(payload.front());
  if (method_.kind == Kind::kGroupExchange) {
    if (type == kGexGroup && !agreement_) return OnGroup(payload);
    if (type == kGexReply && agreement_) return OnReply(payload, transcript);
  } else if (type == kKexReply) {
    return OnReply(payload, transcript);
  }
  return Broken("key-exchange message " + std::to_string(type) + " out of turn");
}

std::string Exchange::InitPayload(uint8_t type) const {
  ByteWriter out;
  out.U8(type);
  out.String32(agreement_->our_value());
  return out.Take();
}

ExchangeStep Exchange::OnGroup(std::string_view payload) {
  ByteReader reader(payload.substr(1));
  const std::string_view prime = Magnitude(reader.String32(kMaxSshNumber));
  const std::string_view generator = Magnitude(reader.String32(kMaxSshNumber));
  if (!reader.ok()) return Broken("malformed group in group exchange");
  agreement_ = NewGroup(prime, generator);
  if (!agreement_) return Broken("unacceptable group in group exchange");
  ByteWriter group;
  group.Mpint(prime);
  group.Mpint(generator);
  group_ = group.Take();
  ExchangeStep step;
  step.say = InitPayload(kGexInit);
  return step;
}

ExchangeStep Exchange::OnReply(std::string_view payload, const Transcript& transcript) {
  ByteReader reader(payload.substr(1));
  ExchangeStep step;
  const std::string_view host_key = reader.String32(kMaxSshKeyBlob);
  if (!reader.ok() || host_key.empty()) return Broken("malformed key-exchange reply");
  step.reply.emplace();
  step.reply->host_key = host_key;
  const std::string_view peer_value = reader.String32(kMaxSshNumber);
  step.reply->signature = reader.String32(kMaxSshSignature);
  if (!reader.ok()) {
    step.broken = "malformed key-exchange reply behind the host key";
    return step;
  }
  const std::optional<std::string> secret = agreement_->Derive(peer_value);
  if (!secret) {
    step.broken = "unacceptable public value in the key-exchange reply";
    return step;
  }
  step.reply->exchange_hash = Hash(transcript, *step.reply, peer_value, *secret);
  return step;
}

std::string Exchange::Hash(const Transcript& transcript, const Reply& reply,
                           std::string_view peer_value, std::string_view secret) const {
  ByteWriter input;
  input.String32(transcript.client_identification);
  input.String32(transcript.server_identification);
  input.String32(transcript.client_kex_init);
  input.String32(transcript.server_kex_init);
  input.String32(reply.host_key);
  if (method_.kind == Kind::kGroupExchange) {
    input.Bytes(GexBounds());
    input.Bytes(group_);
  }
  input.String32(agreement_->our_value());
  input.String32(peer_value);
  if (IsHybridKex(method_.name)) {
    input.String32(secret);
  } else {
    input.Mpint(secret);
  }
  std::string digest(EVP_MAX_MD_SIZE, '\0');
  unsigned int size = 0;
  const std::string& bytes = input.str();
  if (EVP_Digest(bytes.data(), bytes.size(), AsUnsigned(digest.data()), &size, method_.hash(),
                 nullptr) != 1) {
    return {};
  }
  digest.resize(size);
  return digest;
}

}  // namespace hark::ssh
