#include "worker/probe/testing/play.h"

#include "base/strings.h"

namespace hark {
namespace {

constexpr MonoTime kStart{std::chrono::hours(1)};

void PlayOne(Probe& probe, FakePeer& peer, const Cuts& cuts, MonoTime& now) {
  probe.OnConnected(now);
  std::string to_hear = peer.OnConnect();
  while (!probe.done()) {
    for (std::string_view piece : cuts.Cut(to_hear)) {
      if (!probe.done()) probe.OnBytes(piece, now);
    }
    const std::string said = probe.TakeOutput();
    to_hear = said.empty() ? std::string() : peer.OnBytes(said);
    if (probe.done() || !to_hear.empty()) continue;
    if (peer.hangs_up()) {
      probe.OnEof(now);
    } else if (said.empty()) {  // neither side has more to say
      now = probe.deadline();
      probe.OnDeadline(now);
    }
  }
  const std::string afterword = to_hear + peer.OnBytes(probe.TakeOutput());
  for (std::string_view piece : cuts.Cut(afterword)) probe.OnAfterword(piece);
}

}  // namespace

ProbeOptions TestOptions() {
  ProbeOptions options;
  options.ehlo_name = "[192.0.2.1]";
  return options;
}

PortObservation Play(PortSurvey& survey, const std::function<std::unique_ptr<FakePeer>()>& dial,
                     const Cuts& cuts) {
  MonoTime now = kStart;
  while (Probe* probe = survey.Next()) {
    now += survey.PauseBeforeNext();
    const std::unique_ptr<FakePeer> peer = dial();
    if (peer) {
      PlayOne(*probe, *peer, cuts, now);
      survey.OnProbeDone(now);
    } else {
      survey.OnConnectFailed(Outcome::kRefused, now);
    }
  }
  return survey.Finish();
}

std::string Hear(Probe& probe, std::string_view bytes, const Cuts& cuts) {
  probe.OnConnected(kStart);
  std::string said;
  for (std::string_view piece : cuts.Cut(bytes)) {
    if (!probe.done()) probe.OnBytes(piece, kStart);
    said += probe.TakeOutput();
  }
  probe.OnEof(kStart);
  return said + probe.TakeOutput();
}

std::string Describe(const SshFacts& facts) {
  std::string out = StrCat("identification ", facts.identification, "\n");
  for (const std::string& line : facts.pre_lines) out += StrCat("pre_line ", line, "\n");
  out += StrCat("kex_algorithm ", facts.kex_algorithm, "\n");
  if (facts.kex_init) {
    out += StrCat("kex_init ", facts.kex_init->kex_algorithms, " / ",
                  facts.kex_init->server_host_key_algorithms, "\n");
  }
  if (facts.agreed) {
    const SshAgreed& agreed = *facts.agreed;
    out += StrCat("agreed ", agreed.kex, " ", agreed.host_key, " ",
                  agreed.encryption_server_to_client, " ", agreed.mac_server_to_client, "\n");
  }
  out += StrCat("hassh ", facts.hassh_server, " ", facts.passive_ssh_hassh, "\n");
  for (const SshHostKey& key : facts.keys) {
    out += StrCat("key ", key.algorithm, " ", ProofName(key.proof), " ", HexEncode(key.blob),
                  " signed by ", key.signature_algorithm, " ", HexEncode(key.signature_r), "\n");
  }
  return out;
}

std::string Describe(const TlsFacts& facts) {
  std::string out =
      StrCat("tls ", facts.version, " ", facts.cipher_suite, " ", facts.group, " ",
             ProofName(facts.proof), facts.legacy_pass ? " legacy" : "",
             facts.raw_pass ? " raw" : "", facts.stopped_at_certificate ? " stopped" : "",
             facts.alert ? StrCat(" alert ", int{*facts.alert}) : "", "\n");
  for (uint8_t code : facts.warning_alerts) out += StrCat("warning ", int{code}, "\n");
  out += StrCat("sni ", facts.sni, " scheme ", facts.signature_scheme, " alpn ",
                EscapeForDisplay(facts.alpn), facts.extended_master_secret ? " ems" : "",
                facts.secure_renegotiation ? " reneg" : "", facts.ocsp_stapled ? " ocsp" : "",
                facts.scts ? " scts" : "", facts.session_ticket ? " ticket" : "", " ja3s ",
                facts.ja3s, "\nextensions");
  for (uint16_t type : facts.server_extensions) out += StrCat(" ", type);
  out += "\n";
  for (const std::string& der : facts.chain) out += StrCat("certificate ", HexEncode(der), "\n");
  if (facts.other_leaf) {
    const TlsOtherLeaf& other = *facts.other_leaf;
    out += StrCat("other leaf ", other.version, " ", other.cipher_suite, " ",
                  other.signature_scheme, " ", ProofName(other.proof), "\n");
    for (const std::string& der : other.chain) out += StrCat("other ", HexEncode(der), "\n");
  }
  return out;
}

std::string Describe(const MailFacts& facts) {
  return StrCat(facts.starttls_offered  ? "offered"
                : facts.starttls_forced ? "forced"
                                        : "not offered",
                facts.said_helo ? ", helo" : "",
                facts.smuggled_bytes > 0 ? StrCat(", smuggled ", facts.smuggled_bytes) : "");
}

std::string Describe(const Verdict& verdict) {
  return StrCat(OutcomeName(verdict.outcome), " at ", StageName(verdict.stage), ": ",
                verdict.detail, "\n");
}

std::string Describe(const PortObservation& observation) {
  std::string out =
      StrCat(OutcomeName(observation.outcome), " at ", StageName(observation.stage), ": ",
             observation.detail, "\ngreeting ", EscapeForDisplay(observation.greeting),
             "\nconnections ", observation.connections, "\n");
  if (observation.mail) {
    out += StrCat("mail ", Describe(*observation.mail), "\ncapabilities ",
                  EscapeForDisplay(observation.mail->capabilities), "\nstarttls_reply ",
                  EscapeForDisplay(observation.mail->starttls_reply), "\n");
  }
  if (observation.ssh) out += Describe(*observation.ssh);
  if (observation.tls) out += Describe(*observation.tls);
  if (observation.http) {
    out += StrCat("http ", EscapeForDisplay(observation.http->status_line),
                  observation.http->truncated ? " truncated" : "", "\n",
                  EscapeForDisplay(observation.http->headers), "\n");
  }
  return out;
}

}  // namespace hark
