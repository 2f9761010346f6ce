#pragma once

// For tests: a store with a run that has something of everything, and the lines a writer gives.

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/range_set.h"
#include "base/strings.h"
#include "base/target_states.h"
#include "base/testing/temp_directory.h"
#include "keys/certificate.h"
#include "keys/hassh.h"
#include "keys/key_id.h"
#include "keys/ssh_key.h"
#include "keys/testing/test_ca.h"
#include "storage/store.h"

namespace hark {

inline std::string Ed25519Blob(std::string_view seed) {
  ByteWriter blob;
  blob.String32("ssh-ed25519");
  blob.String32(Sha256(seed));
  return blob.Take();
}

// 1024 bits, odd: no modulus anybody would use.
inline std::string RsaBlob(std::string_view seed) {
  std::string modulus;
  for (const char part : {'a', 'b', 'c', 'd'}) modulus += Sha256(std::string(seed) + part);
  modulus.front() = static_cast<char>(modulus.front() | '\x80');
  modulus.back() = static_cast<char>(modulus.back() | 1);
  ByteWriter blob;
  blob.String32("ssh-rsa");
  blob.Mpint(std::string("\x01\x00\x01", 3));
  blob.Mpint(modulus);
  return blob.Take();
}

class ExportFixture : public ::testing::Test {
 protected:
  static constexpr int64_t kVisited = 1'700'000'000;  // 2023-11-14T22:13:20Z
  static constexpr char kRun[] = "IE-20231114";

  ExportFixture() : store_(OpenStore("db")) {}

  std::unique_ptr<Store> OpenStore(const std::string& name) {
    auto store = Store::Open(directory_ / name, Store::Mode::kReadWrite);
    EXPECT_TRUE(store.ok()) << store.status().message();
    return std::move(store).value();
  }

  static Address HostAt(uint32_t number) { return Address::V4(0xc0000200 + number); }

  void Commit(const std::function<void(StoreWrite&)>& put) {
    const auto write = store_->NewWrite();
    put(*write);
    const Status committed = store_->Commit(*write, true);
    ASSERT_TRUE(committed.ok()) << committed.message();
  }

  // A host and its ports' rows; keys of SSH ports are those of the blobs.
  void PutHost(const Address& address, uint32_t asn = 64496, const std::string& country = "IE") {
    proto::HostRow row;
    row.set_in_country(proto::HostRow::IN);
    row.set_country(country);
    row.set_asn(asn);
    row.set_started_unix_ms(kVisited * 1000 + 123);
    row.set_duration_ms(777);
    row.set_worker(std::string(32, 'w'));
    row.set_job(1);
    row.add_names("host.example.org");
    Commit([&](StoreWrite& write) { write.PutHost(1, address, row); });
  }

  static proto::SshFacts SshOf(const std::vector<std::string>& blobs) {
    proto::SshFacts ssh;
    ssh.set_identification("SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u3");
    proto::SshKexInit& lists = *ssh.mutable_kex_init();
    lists.set_kex_algorithms("curve25519-sha256,ecdh-sha2-nistp256");
    lists.set_server_host_key_algorithms("rsa-sha2-512,ssh-ed25519");
    lists.set_encryption_client_to_server("aes128-ctr,aes256-gcm@openssh.com");
    lists.set_encryption_server_to_client("aes128-ctr,aes256-gcm@openssh.com");
    lists.set_mac_client_to_server("hmac-sha2-256");
    lists.set_mac_server_to_client("hmac-sha2-256");
    lists.set_compression_client_to_server("none,zlib@openssh.com");
    lists.set_compression_server_to_client("none,zlib@openssh.com");
    ssh.set_hassh_server(HasshServer(lists.kex_algorithms(), lists.encryption_server_to_client(),
                                     lists.mac_server_to_client(),
                                     lists.compression_server_to_client()));
    ssh.set_passive_ssh_hassh(
        PassiveSshHassh(lists.server_host_key_algorithms(), lists.encryption_server_to_client(),
                        lists.mac_server_to_client(), lists.compression_server_to_client()));
    for (const std::string& blob : blobs) {
      proto::SshHostKey& key = *ssh.add_keys();
      key.set_algorithm(ReadSshKey(blob).type);
      key.set_blob(blob);
      key.set_proof(1);
    }
    return ssh;
  }

  void PutSsh(const Address& address, const std::vector<std::string>& blobs) {
    proto::PortRow row = RowOf(22, 1);
    *row.mutable_observation()->mutable_ssh() = SshOf(blobs);
    std::set<std::string> ids;
    for (const std::string& blob : blobs) ids.emplace(ReadSshKey(blob).id.bytes());
    for (const std::string& id : ids) row.add_keys(id);
    Commit([&](StoreWrite& write) { write.PutPort(1, address, 22, row); });
  }

  void PutTls(const Address& address, uint16_t port, uint32_t protocol, const TestCertificate& leaf,
              const TestCertificate& issuer) {
    proto::PortRow row = RowOf(port, protocol);
    proto::PortObservation& seen = *row.mutable_observation();
    if (port == 25) seen.set_greeting("220 mail.example.org ESMTP <b>\xff\r\n");
    if (port == 443) seen.mutable_http()->set_status_line("HTTP/1.1 200 OK");
    proto::TlsFacts& tls = *seen.mutable_tls();
    tls.set_version(0x0303);
    tls.set_cipher_suite(0xc02f);
    tls.set_group("x25519");
    tls.set_proof(1);
    for (const TestCertificate* certificate : {&leaf, &issuer}) {
      tls.add_chain_sha256(Sha256(certificate->der));
    }
    row.add_keys(std::string(KeyIdOfCertificate(leaf.der)->bytes()));
    Commit([&](StoreWrite& write) {
      write.PutPort(1, address, port, row);
      write.PutCertificate(Sha256(leaf.der), leaf.der);
      write.PutCertificate(Sha256(issuer.der), issuer.der);
    });
  }

  static proto::PortRow RowOf(uint16_t port, uint32_t protocol) {
    proto::PortRow row;
    row.mutable_observation()->set_port(port);
    row.mutable_observation()->set_protocol(protocol);
    row.mutable_observation()->set_stage(7);
    row.mutable_observation()->set_connections(3);
    row.mutable_observation()->set_duration_ms(55);
    return row;
  }

  // Four hosts: 1 and 2 share an SSH key, 2 and 3 a certificate's key, 4 is IPv6 and alone, 5 has
  // no key.
  void FillRun() {
    const RangeSet targets({{0xc0000200, 0xc000020f}});
    proto::RunRow run;
    run.set_id(1);
    run.set_name(kRun);
    run.set_country("IE");
    run.set_target_set(Sha256(targets.Encode()));
    run.set_planned(16);
    run.set_gate_port(25);
    for (const uint32_t port : {22, 25, 443}) run.add_ports(port);
    run.set_created_unix_ms(kVisited * 1000 - 5000);
    run.set_finished_unix_ms(kVisited * 1000 + 5000);
    run.set_state(proto::RunRow::DONE);
    run.set_source("a list \"of\" \\ mine");
    Commit([&](StoreWrite& write) {
      write.PutRun(run);
      write.PutTargetSet(run.target_set(), targets.Encode());
      PutLedger(write);
    });
    for (const uint32_t host : {1, 2, 3, 5}) PutHost(HostAt(host), 64495 + host);
    PutHost(kSixth(), 64500, "DE");
    PutSsh(HostAt(1), {Ed25519Blob("shared"), RsaBlob("one")});
    PutSsh(HostAt(2), {Ed25519Blob("shared")});
    PutSsh(kSixth(), {Ed25519Blob("alone")});
    PutTls(HostAt(2), 25, 2, leaf_, ca_.certificate());
    PutTls(HostAt(3), 443, 5, leaf_, ca_.certificate());
    proto::PortRow refused = RowOf(22, 1);
    refused.mutable_observation()->set_outcome(1);
    refused.mutable_observation()->set_stage(0);
    Commit([&](StoreWrite& write) { write.PutPort(1, HostAt(5), 22, refused); });
  }

  static Address kSixth() { return *Address::Parse("2001:db8::6"); }

  static void PutLedger(StoreWrite& write) {
    proto::JobRow job;
    job.set_id(1);
    job.set_kind(proto::JobRow::SWEEP);
    job.set_state(proto::JobRow::DONE);
    job.set_end(16);
    job.set_cursor(16);
    job.set_worker(std::string(32, 'w'));
    job.mutable_tally()->set_answered(4);
    job.mutable_tally()->set_silent(12);
    write.PutJob(1, job);
    TargetStates states;
    for (int i = 0; i < 16; ++i) states.Add(i < 4 ? TargetState::kAnswered : TargetState::kSilent);
    proto::SweptRow swept;
    swept.set_targets(16);
    swept.set_states(states.bytes());
    write.PutSwept(1, 0, swept);
    for (uint32_t i = 0; i < 4; ++i) write.PutListener(1, i, HostAt(i));
    proto::NameRow names;
    names.add_names("host.example.org");
    write.PutNames(1, HostAt(1), names);
    StoredRevisit revisit;
    revisit.list = 2;
    revisit.position = 7;
    revisit.row.set_address(std::string(HostAt(3).bytes()));
    revisit.row.add_ports(22);
    write.PutRevisit(1, revisit);
    proto::PurgeRow purged;
    purged.set_hosts(1);
    write.PutPurged(1, purged);
  }

  static std::string Digest(const Store& store, const std::string& run = kRun) {
    const Result<std::string> digest = store.LogicalDigest(run);
    EXPECT_TRUE(digest.ok()) << digest.status().message();
    return digest.ok() ? HexEncode(*digest) : "";
  }

  static std::vector<std::string> Lines(const std::string& text) {
    std::vector<std::string> lines;
    for (const std::string_view line : Split(text, '\n')) {
      if (!line.empty()) lines.emplace_back(line);
    }
    return lines;
  }

  TempDirectory directory_;
  std::unique_ptr<Store> store_;
  TestCa ca_{"Test Root"};
  TestCertificate leaf_ = ca_.Issue({.names = {"mail.example.org", "*.example.org"}});
};

}  // namespace hark
