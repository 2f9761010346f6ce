#include "tests/bench/fleet/synthetic_hosts.h"

#include "base/bytes.h"
#include "base/outcome.h"
#include "base/random.h"
#include "base/strings.h"
#include "tests/lab/certificate.h"

namespace hark::bench {
namespace {

constexpr size_t kEcdsaKeys = 4096;
constexpr size_t kIntermediates = 10;
constexpr size_t kEd25519Bytes = 32;
constexpr size_t kRsaBytes = 384;
constexpr size_t kPointBytes = 64;  // behind the 0x04 of an uncompressed one

// What an OpenSSH 9.2 offers, as Debian 12 ships it.
constexpr char kKex[] =
    "sntrup761x25519-sha512@openssh.com,curve25519-sha256,curve25519-sha256@libssh.org,"
    "ecdh-sha2-nistp256,ecdh-sha2-nistp384,ecdh-sha2-nistp521,"
    "diffie-hellman-group-exchange-sha256,diffie-hellman-group16-sha512,"
    "diffie-hellman-group18-sha512,diffie-hellman-group14-sha256,"
    "kex-strict-s-v00@openssh.com";
constexpr char kHostKeys[] = "rsa-sha2-512,rsa-sha2-256,ecdsa-sha2-nistp256,ssh-ed25519";
constexpr char kCiphers[] =
    "chacha20-poly1305@openssh.com,aes128-ctr,aes192-ctr,aes256-ctr,aes128-gcm@openssh.com,"
    "aes256-gcm@openssh.com";
constexpr char kMacs[] =
    "umac-64-etm@openssh.com,umac-128-etm@openssh.com,hmac-sha2-256-etm@openssh.com,"
    "hmac-sha2-512-etm@openssh.com,hmac-sha1-etm@openssh.com,umac-64@openssh.com,"
    "umac-128@openssh.com,hmac-sha2-256,hmac-sha2-512,hmac-sha1";

std::string RandomBytes(uint64_t seed, size_t n) {
  Random random(seed);
  ByteWriter out;
  while (out.str().size() < n) out.U64(random.Next());
  return out.Take().substr(0, n);
}

void Overwrite(std::string* bytes, size_t at, std::string_view with) {
  bytes->replace(at, with.size(), with);
}

void OverwriteTail(std::string* bytes, std::string_view with) {
  Overwrite(bytes, bytes->size() - with.size(), with);
}

std::string RsaBlob() {
  ByteWriter out;
  out.String32("ssh-rsa");
  out.String32(std::string("\x01\x00\x01", 3));
  std::string modulus(1 + kRsaBytes, '\0');
  modulus[1] = '\x80';
  out.String32(modulus);
  return out.Take();
}

std::string Ed25519Blob() {
  ByteWriter out;
  out.String32("ssh-ed25519");
  out.String32(std::string(kEd25519Bytes, '\0'));
  return out.Take();
}

void AddKey(proto::SshFacts* ssh, const char* algorithm, std::string blob, std::string r) {
  proto::SshHostKey& key = *ssh->add_keys();
  key.set_algorithm(algorithm);
  key.set_signature_algorithm(algorithm);
  key.set_blob(std::move(blob));
  key.set_signature_r(std::move(r));
  key.set_proof(static_cast<uint32_t>(Proof::kVerified));
}

proto::PortObservation* AddPort(proto::HostObservation* host, uint32_t port, Protocol protocol) {
  proto::PortObservation* const out = host->add_ports();
  out->set_port(port);
  out->set_protocol(static_cast<uint32_t>(protocol));
  out->set_outcome(static_cast<uint32_t>(Outcome::kOk));
  out->set_stage(static_cast<uint32_t>(Stage::kDone));
  out->set_duration_ms(412);
  return out;
}

std::string DerOf(X509* certificate) {
  unsigned char* bytes = nullptr;
  const int n = i2d_X509(certificate, &bytes);
  std::string der(reinterpret_cast<const char*>(bytes), n > 0 ? static_cast<size_t>(n) : 0);
  OPENSSL_free(bytes);
  return der;
}

}  // namespace

void SyntheticHosts::FillSsh() {
  proto::PortObservation* const port = AddPort(&sample_, kSshPort, Protocol::kSsh);
  port->set_greeting("SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u3\r\n");
  port->set_connections(3);
  port->set_greeting_delay_ms(31);
  proto::SshFacts& ssh = *port->mutable_ssh();
  ssh.set_identification("SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u3");
  proto::SshKexInit& init = *ssh.mutable_kex_init();
  init.set_kex_algorithms(kKex);
  init.set_server_host_key_algorithms(kHostKeys);
  init.set_encryption_client_to_server(kCiphers);
  init.set_encryption_server_to_client(kCiphers);
  init.set_mac_client_to_server(kMacs);
  init.set_mac_server_to_client(kMacs);
  init.set_compression_client_to_server("none,zlib@openssh.com");
  init.set_compression_server_to_client("none,zlib@openssh.com");
  ssh.set_kex_algorithm("curve25519-sha256");
  proto::SshAgreed& agreed = *ssh.mutable_agreed();
  agreed.set_kex("curve25519-sha256");
  agreed.set_host_key("ssh-ed25519");
  agreed.set_encryption_client_to_server("chacha20-poly1305@openssh.com");
  agreed.set_encryption_server_to_client("chacha20-poly1305@openssh.com");
  agreed.set_compression_client_to_server("none");
  agreed.set_compression_server_to_client("none");
  ssh.set_hassh_server("a65c3b91f743d3f246e72172e77288f1");
  ssh.set_passive_ssh_hassh("0b3e1a8f6c3d4b7a9e5f2c1d0a9b8c7d");
  AddKey(&ssh, "ssh-ed25519", Ed25519Blob(), "");
  AddKey(&ssh, "ecdsa-sha2-nistp256", "", std::string(32, 'r'));
  AddKey(&ssh, "rsa-sha2-512", RsaBlob(), "");
}

Status SyntheticHosts::FillTls() {
  HARK_ASSIGN_OR_RETURN(const lab::PkeyPtr leaf_key, lab::GenerateKey(lab::KeyType::kEcdsaP256));
  HARK_ASSIGN_OR_RETURN(const lab::PkeyPtr signer, lab::GenerateKey(lab::KeyType::kRsa2048));
  const std::string leaf =
      DerOf(lab::MakeCertificate({"www", "issuer", leaf_key.get(), signer.get(), 4}).get());
  const std::string spki = lab::SpkiDer(leaf_key.get());
  key_at_ = leaf.find(std::string_view(spki).substr(spki.size() - kPointBytes));
  if (key_at_ == leaf.npos) return Internal("no key in the certificate");
  for (size_t i = 0; i < kIntermediates; ++i) {
    intermediates_.push_back(DerOf(
        lab::MakeCertificate({StrCat("ca", i), "root", signer.get(), signer.get(), 1}).get()));
  }
  proto::PortObservation* const port = AddPort(&sample_, kTlsPort, Protocol::kHttps);
  port->set_connections(1);
  proto::TlsFacts& tls = *port->mutable_tls();
  tls.set_version(0x0304);
  tls.set_cipher_suite(0x1302);
  tls.set_group("X25519");
  tls.set_signature_scheme(0x0403);
  tls.set_proof(static_cast<uint32_t>(Proof::kVerified));
  tls.set_extended_master_secret(true);
  tls.set_session_ticket(true);
  for (const uint32_t type : {51U, 43U}) tls.add_server_extensions(type);
  tls.set_ja3s("f4febc55ea12b31ae17cfb7e614afda8");
  tls.add_chain(leaf);
  tls.add_chain("");
  return Status::Ok();
}

Result<SyntheticHosts> SyntheticHosts::Make() {
  SyntheticHosts hosts;
  hosts.FillSsh();
  HARK_RETURN_IF_ERROR(hosts.FillTls());
  for (size_t i = 0; i < kEcdsaKeys; ++i) {
    HARK_ASSIGN_OR_RETURN(const lab::PkeyPtr key, lab::GenerateKey(lab::KeyType::kEcdsaP256));
    hosts.ecdsa_blobs_.push_back(lab::SshBlob(key.get(), lab::KeyType::kEcdsaP256));
  }
  return hosts;
}

proto::HostObservation SyntheticHosts::Visit(const Address& address, uint64_t index,
                                             int64_t unix_ms) const {
  const uint32_t number = address.v4();
  const uint64_t owner = Mix64(number % 10 < 3 ? number % 997 : number);
  proto::HostObservation host = sample_;
  host.set_index(index);
  host.set_address(std::string(address.bytes()));
  host.set_started_unix_ms(unix_ms);
  host.set_duration_ms(8200);
  proto::SshFacts& ssh = *host.mutable_ports(0)->mutable_ssh();
  OverwriteTail(ssh.mutable_keys(0)->mutable_blob(), RandomBytes(owner, kEd25519Bytes));
  ssh.mutable_keys(1)->set_blob(ecdsa_blobs_[owner % kEcdsaKeys]);
  OverwriteTail(ssh.mutable_keys(2)->mutable_blob(), RandomBytes(owner + 1, kRsaBytes - 1));
  proto::TlsFacts& tls = *host.mutable_ports(1)->mutable_tls();
  Overwrite(tls.mutable_chain(0), key_at_, RandomBytes(owner + 2, kPointBytes));
  // A signature, a serial number and names of their own: bytes that do not compress.
  OverwriteTail(tls.mutable_chain(0), RandomBytes(owner + 3, 256));
  tls.set_chain(1, intermediates_[owner % kIntermediates]);
  return host;
}

}  // namespace hark::bench
