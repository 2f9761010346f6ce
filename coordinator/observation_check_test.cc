#include "coordinator/observation_check.h"

#include <gtest/gtest.h>

#include <functional>
#include <utility>
#include <vector>

#include "base/outcome.h"

namespace hark {
namespace {

constexpr size_t kText = 64 << 10;
constexpr size_t kName = 4 << 10;

// As much of everything as an honest worker may send.
proto::PortObservation Full() {
  proto::PortObservation port;
  port.set_port(443);
  port.set_greeting(std::string(kText, 'g'));
  proto::SshFacts& ssh = *port.mutable_ssh();
  ssh.set_identification("SSH-2.0-OpenSSH_9.2p1");
  ssh.set_hassh_server("0123456789abcdef0123456789abcdef");
  ssh.mutable_kex_init()->set_kex_algorithms(std::string(16 << 10, 'k'));
  for (int i = 0; i < 20; ++i) ssh.add_keys()->set_blob(std::string(kText, 'b'));
  ssh.mutable_keys(0)->set_signature_r(std::string(66, '\xff'));
  for (int i = 0; i < 50; ++i) ssh.add_pre_lines("hello");
  proto::TlsFacts& tls = *port.mutable_tls();
  tls.set_version(0x0304);
  tls.set_alert(256);
  tls.set_ja3s("0123456789abcdef0123456789abcdef");
  tls.set_warning_alerts(std::string(16, 'w'));
  for (uint32_t i = 0; i < 64; ++i) tls.add_server_extensions(0xff00 + i);
  for (int i = 0; i < 32; ++i) tls.add_chain("der");
  tls.mutable_other_leaf()->add_chain("der");
  port.mutable_mail()->set_capabilities(std::string(8 << 10, 'c'));
  port.mutable_http()->set_headers(std::string(16 << 10, 'h'));
  return port;
}

TEST(ObservationCheck, TakesWhatAnHonestWorkerMaySend) {
  EXPECT_TRUE(CheckObservation(Full()).ok());
  EXPECT_TRUE(CheckObservation(proto::PortObservation()).ok());
}

TEST(ObservationCheck, RefusesEveryFieldBeyondItsBounds) {
  using Port = proto::PortObservation;
  const std::vector<std::pair<const char*, std::function<void(Port&)>>> lies = {
      {"outcome", [](Port& p) { p.set_outcome(kOutcomeCount); }},
      {"stage", [](Port& p) { p.set_stage(kStageCount); }},
      {"protocol", [](Port& p) { p.set_protocol(kProtocolCount); }},
      {"greeting", [](Port& p) { p.set_greeting(std::string(kText + 1, 'x')); }},
      {"detail", [](Port& p) { p.set_detail(std::string(kText + 1, 'x')); }},
      {"capabilities",
       [](Port& p) { p.mutable_mail()->set_capabilities(std::string(kText + 1, 'x')); }},
      {"starttls_reply",
       [](Port& p) { p.mutable_mail()->set_starttls_reply(std::string(kText + 1, 'x')); }},
      {"smuggled", [](Port& p) { p.mutable_mail()->set_smuggled_bytes(kText + 1); }},
      {"status_line",
       [](Port& p) { p.mutable_http()->set_status_line(std::string(kText + 1, 'x')); }},
      {"headers", [](Port& p) { p.mutable_http()->set_headers(std::string(kText + 1, 'x')); }},
      {"identification",
       [](Port& p) { p.mutable_ssh()->set_identification(std::string(kName + 1, 'x')); }},
      {"pre_line", [](Port& p) { p.mutable_ssh()->add_pre_lines(std::string(kText + 1, 'x')); }},
      {"pre_lines",
       [](Port& p) {
         for (int i = 0; i < 256; ++i) p.mutable_ssh()->add_pre_lines("");
       }},
      {"kex_algorithm",
       [](Port& p) { p.mutable_ssh()->set_kex_algorithm(std::string(kName + 1, 'x')); }},
      {"name-list",
       [](Port& p) {
         p.mutable_ssh()->mutable_kex_init()->set_languages_server_to_client(
             std::string(kText + 1, 'x'));
       }},
      {"agreed",
       [](Port& p) {
         p.mutable_ssh()->mutable_agreed()->set_mac_client_to_server(std::string(kName + 1, 'x'));
       }},
      {"hassh_server", [](Port& p) { p.mutable_ssh()->set_hassh_server("0123"); }},
      {"passive_ssh_hassh",
       [](Port& p) { p.mutable_ssh()->set_passive_ssh_hassh(std::string(32, 'g')); }},
      {"keys",
       [](Port& p) {
         while (p.ssh().keys_size() <= 32) p.mutable_ssh()->add_keys();
       }},
      {"blob",
       [](Port& p) { p.mutable_ssh()->mutable_keys(0)->set_blob(std::string(kText + 1, 'x')); }},
      {"key proof", [](Port& p) { p.mutable_ssh()->mutable_keys(19)->set_proof(kProofCount); }},
      {"key algorithm",
       [](Port& p) {
         p.mutable_ssh()->mutable_keys(0)->set_algorithm(std::string(kName + 1, 'x'));
       }},
      {"signature_algorithm",
       [](Port& p) {
         p.mutable_ssh()->mutable_keys(0)->set_signature_algorithm(std::string(kName + 1, 'x'));
       }},
      {"signature_r",
       [](Port& p) { p.mutable_ssh()->mutable_keys(1)->set_signature_r(std::string(67, 'r')); }},
      {"version", [](Port& p) { p.mutable_tls()->set_version(0x10000); }},
      {"cipher_suite", [](Port& p) { p.mutable_tls()->set_cipher_suite(0x10000); }},
      {"signature_scheme", [](Port& p) { p.mutable_tls()->set_signature_scheme(0x10000); }},
      {"proof", [](Port& p) { p.mutable_tls()->set_proof(kProofCount); }},
      {"alert", [](Port& p) { p.mutable_tls()->set_alert(257); }},
      {"chain",
       [](Port& p) {
         while (p.tls().chain_size() <= 128) p.mutable_tls()->add_chain("");
       }},
      {"hash", [](Port& p) { p.mutable_tls()->add_chain_sha256("x"); }},
      {"warning_alerts",
       [](Port& p) { p.mutable_tls()->set_warning_alerts(std::string(257, 'x')); }},
      {"extension", [](Port& p) { p.mutable_tls()->add_server_extensions(0x10000); }},
      {"extensions",
       [](Port& p) {
         while (p.tls().server_extensions_size() <= 1024) p.mutable_tls()->add_server_extensions(1);
       }},
      {"group", [](Port& p) { p.mutable_tls()->set_group(std::string(kName + 1, 'x')); }},
      {"sni", [](Port& p) { p.mutable_tls()->set_sni(std::string(kName + 1, 'x')); }},
      {"alpn", [](Port& p) { p.mutable_tls()->set_alpn(std::string(kName + 1, 'x')); }},
      {"ja3s", [](Port& p) { p.mutable_tls()->set_ja3s("0123456789ABCDEF0123456789ABCDEF"); }},
      {"other version",
       [](Port& p) { p.mutable_tls()->mutable_other_leaf()->set_version(0x10000); }},
      {"other suite",
       [](Port& p) { p.mutable_tls()->mutable_other_leaf()->set_cipher_suite(0x10000); }},
      {"other scheme",
       [](Port& p) { p.mutable_tls()->mutable_other_leaf()->set_signature_scheme(0x10000); }},
      {"other proof",
       [](Port& p) { p.mutable_tls()->mutable_other_leaf()->set_proof(kProofCount); }},
      {"other chain",
       [](Port& p) {
         while (p.tls().other_leaf().chain_size() <= 128) {
           p.mutable_tls()->mutable_other_leaf()->add_chain("");
         }
       }},
      {"other hash", [](Port& p) { p.mutable_tls()->mutable_other_leaf()->add_chain_sha256("x"); }},
  };
  for (const auto& [name, lie] : lies) {
    proto::PortObservation port = Full();
    lie(port);
    EXPECT_EQ(CheckObservation(port).code(), StatusCode::kCorruption) << name;
  }
}

}  // namespace
}  // namespace hark
