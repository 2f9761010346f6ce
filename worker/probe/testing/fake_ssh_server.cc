#include "worker/probe/testing/fake_ssh_server.h"

#include <algorithm>

#include "base/bytes.h"
#include "base/strings.h"
#include "keys/key_id.h"
#include "keys/ssh_key.h"
#include "worker/probe/ssh_algorithms.h"
#include "worker/probe/ssh_wire.h"

namespace hark {
namespace {

std::string SpkiOf(EVP_PKEY* key) {
  std::string spki(static_cast<size_t>(i2d_PUBKEY(key, nullptr)), '\0');
  unsigned char* out = AsUnsigned(spki.data());
  i2d_PUBKEY(key, &out);
  return spki;
}

FakeHostKey HostKey(std::string algorithm, EVP_PKEY* key) {
  return {std::move(algorithm), *SshBlobOfSpki(SpkiOf(key)), EvpPkeyPtr(key)};
}

std::string Sign(const FakeHostKey& host, std::string_view message) {
  const EvpMdCtxPtr context(EVP_MD_CTX_new());
  const EVP_MD* hash = host.algorithm == "ssh-ed25519" ? nullptr : EVP_sha256();
  EVP_DigestSignInit(context.get(), nullptr, hash, nullptr, host.key.get());
  size_t size = 0;
  EVP_DigestSign(context.get(), nullptr, &size, AsUnsigned(message.data()), message.size());
  std::string signature(size, '\0');
  EVP_DigestSign(context.get(), AsUnsigned(signature.data()), &size, AsUnsigned(message.data()),
                 message.size());
  ByteWriter out;
  out.String32(host.algorithm);
  out.String32(signature);
  return out.Take();
}

std::string ServerKexInit(const FakeSshBehaviour& behaviour) {
  ByteWriter out;
  out.U8(ssh::kKexInit);
  out.Bytes(std::string(16, 'c'));
  out.String32(behaviour.kex_algorithms);
  out.String32(behaviour.host_key_algorithms);
  for (const char* list : {"aes128-ctr", "hmac-sha2-256", "none"}) {
    out.String32(list);
    out.String32(list);
  }
  out.String32("");
  out.String32("");
  out.U8(behaviour.guess_follows ? 1 : 0);
  out.U32(0);
  return out.Take();
}

}  // namespace

FakeHostKey NewEd25519HostKey() {
  return HostKey("ssh-ed25519", EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"));
}

FakeHostKey NewRsaHostKey() {
  return HostKey("rsa-sha2-256", EVP_PKEY_Q_keygen(nullptr, nullptr, "RSA", size_t{1024}));
}

std::string FakeSshServer::OnConnect() {
  const size_t last = behaviour_.greeting.rfind("SSH-");
  if (last == std::string::npos) return behaviour_.greeting;
  transcript_.server_identification = Trim(std::string_view(behaviour_.greeting).substr(last));
  transcript_.server_kex_init = ServerKexInit(behaviour_);
  std::string out = behaviour_.greeting + ssh::Packet(transcript_.server_kex_init);
  if (behaviour_.guess_follows) out += ssh::Packet("\x1f guessed wrong");
  return out;
}

std::string FakeSshServer::OnBytes(std::string_view bytes) {
  in_ += bytes;
  if (transcript_.client_identification.empty()) {
    const size_t end = in_.find('\n');
    if (end == std::string::npos) return {};
    transcript_.client_identification = Trim(std::string_view(in_).substr(0, end));
    in_.erase(0, end + 1);
  }
  std::string out;
  for (;;) {
    const ssh::FramedPacket packet = ssh::ReadPacket(in_);
    if (packet.framing != ssh::Framing::kPacket) return out;
    out += OnPacket(packet.payload);
    in_.erase(0, packet.size);
  }
}

std::string FakeSshServer::OnPacket(std::string_view payload) {
  const uint8_t type = static_cast<uint8_t>(payload.front());
  heard_.push_back(type);
  if (type == ssh::kKexInit) transcript_.client_kex_init = payload;
  if (type != ssh::kKexFirst) return {};
  ByteReader reader(payload.substr(1));
  return OnInit(reader.String32(256));
}

const FakeHostKey* FakeSshServer::AgreedKey() const {
  const auto client = ssh::ReadKexInit(transcript_.client_kex_init);
  const auto agreed =
      NegotiateSsh(client->server_host_key_algorithms, behaviour_.host_key_algorithms);
  const auto key = std::find_if(keys_.begin(), keys_.end(), [&](const FakeHostKey& k) {
    return agreed && k.algorithm == *agreed;
  });
  return key == keys_.end() ? nullptr : &*key;
}

std::string FakeSshServer::OnInit(std::string_view client_value) {
  const FakeHostKey* host = AgreedKey();
  if (host == nullptr) {
    return ssh::Packet(ssh::DisconnectPayload(ssh::kReasonKeyExchangeFailed, "no such key"));
  }
  const auto agreement = ssh::NewX25519();
  const std::string our_value =
      behaviour_.public_value.empty() ? agreement->our_value() : behaviour_.public_value;
  const auto secret = agreement->Derive(client_value);
  ByteWriter hashed;
  for (const std::string& part :
       {transcript_.client_identification, transcript_.server_identification,
        transcript_.client_kex_init, transcript_.server_kex_init, host->blob}) {
    hashed.String32(part);
  }
  hashed.String32(client_value);
  hashed.String32(our_value);
  hashed.Mpint(*secret);
  ByteWriter reply;
  reply.U8(ssh::kKexReply);
  reply.String32(host->blob);
  reply.String32(our_value);
  reply.String32(Sign(*host, behaviour_.bad_signature ? "other" : Sha256(hashed.str())));
  std::string out;
  for (const std::string& payload : behaviour_.before_reply) out += ssh::Packet(payload);
  const std::string payload = reply.Take();
  return out + ssh::Packet(behaviour_.change_reply ? behaviour_.change_reply(payload) : payload);
}

}  // namespace hark
