#include "cli/grab_text.h"

#include <algorithm>
#include <cstdio>

#include "analysis/json_text.h"
#include "analysis/report.h"
#include "base/address.h"
#include "base/outcome.h"
#include "base/strings.h"
#include "keys/certificate.h"
#include "keys/ssh_key.h"
#include "keys/tls_names.h"

namespace hark {
namespace {

constexpr size_t kMaxShown = 100;  // of a peer's text, in a line for people

std::string Shown(std::string_view peer_text) {
  std::string text = EscapeForDisplay(peer_text);
  if (text.size() <= kMaxShown) return text;
  return text.substr(0, kMaxShown) + "…";
}

std::string Padded(std::string text, size_t width) {
  if (text.size() < width) text.append(width - text.size(), ' ');
  return text;
}

// "            ecdsa-sha2-nistp256   256  SHA256:… verified"
std::string KeyLine(const std::string& type, int bits, const std::string& name, uint32_t proof,
                    const std::string& more) {
  const std::string size = std::to_string(bits);
  return StrCat("         ", Padded(type, 20),
                std::string(6 - std::min<size_t>(6, size.size()), ' '), size, "  ", name, "  ",
                ProofName(static_cast<Proof>(proof)), more.empty() ? "" : "  " + more, "\n");
}

std::string SshText(const proto::SshFacts& ssh) {
  std::string out;
  for (const proto::SshHostKey& key : ssh.keys()) {
    const SshKeyInfo info = ReadSshKey(key.blob());
    out += KeyLine(info.type.empty() ? "unreadable" : Shown(info.type), info.bits,
                   SshSha256Fingerprint(key.blob()), key.proof(), "");
  }
  return out;
}

std::string LeafText(const google::protobuf::RepeatedPtrField<std::string>& chain, uint32_t proof) {
  if (chain.empty()) return {};
  const std::optional<CertificateFacts> facts = ReadCertificate(chain[0]);
  if (!facts) return "         certificate unreadable\n";
  const std::string until = UtcText(facts->not_after_unix).substr(0, 10);
  return KeyLine(facts->key_type, facts->key_bits, "spki " + facts->key.ToHex(), proof,
                 StrCat(Shown(facts->common_name), facts->self_signed ? ", self-signed" : "",
                        ", until ", until));
}

std::string TlsText(const proto::TlsFacts& tls) {
  std::string out = LeafText(tls.chain(), tls.proof());
  if (tls.has_other_leaf()) out += LeafText(tls.other_leaf().chain(), tls.other_leaf().proof());
  return out;
}

std::string TlsSummary(const proto::TlsFacts& tls) {
  if (tls.version() == 0) return {};
  std::string out = StrCat(TlsVersionName(tls.version()), " ",
                           TlsSuiteName(static_cast<uint16_t>(tls.cipher_suite())));
  if (!tls.group().empty()) out += " " + Shown(tls.group());
  return out;
}

// What the server calls itself.
std::string Summary(const proto::PortObservation& port) {
  if (port.has_ssh() && !port.ssh().identification().empty()) {
    return Shown(port.ssh().identification());
  }
  std::vector<std::string> parts;
  if (port.has_tls()) parts.push_back(TlsSummary(port.tls()));
  const std::string_view greeting = port.greeting();
  parts.push_back(Shown(Trim(greeting.substr(0, greeting.find('\n')))));
  if (port.has_http()) parts.push_back(Shown(port.http().status_line()));
  parts.erase(std::remove(parts.begin(), parts.end(), std::string()), parts.end());
  return Join(parts, "  ");
}

std::string PortText(const proto::PortObservation& port, const TextStyle& style) {
  const auto outcome = static_cast<Outcome>(port.outcome());
  std::string how(OutcomeName(outcome));
  if (outcome != Outcome::kOk) {
    how += StrCat(" (", StageName(static_cast<Stage>(port.stage())), ")");
  }
  char number[16];
  std::snprintf(number, sizeof number, "%7u", port.port());
  std::string line = StrCat(
      number, "  ", Padded(std::string(ProtocolName(static_cast<Protocol>(port.protocol()))), 6),
      "  ", outcome == Outcome::kOk ? how : style.Error(how));
  const std::string summary = Summary(port);
  if (!summary.empty()) line += "  " + summary;
  if (outcome != Outcome::kOk && !port.detail().empty()) {
    line += "  " + style.Faint(PrintableText(port.detail()).substr(0, kMaxShown));
  }
  line += "\n";
  if (port.has_ssh()) line += SshText(port.ssh());
  if (port.has_tls()) line += TlsText(port.tls());
  return line;
}

bool Nobody(const proto::PortObservation& port) {
  return static_cast<Stage>(port.stage()) == Stage::kConnect;
}

// "refused: 25, 110; silent: 443"
std::string ClosedPorts(const proto::HostObservation& host) {
  std::vector<std::string> parts;
  for (int outcome = 0; outcome < kOutcomeCount; ++outcome) {
    std::vector<std::string> ports;
    for (const proto::PortObservation& port : host.ports()) {
      if (Nobody(port) && port.outcome() == static_cast<uint32_t>(outcome)) {
        ports.push_back(std::to_string(port.port()));
      }
    }
    if (ports.empty()) continue;
    parts.push_back(StrCat(OutcomeName(static_cast<Outcome>(outcome)), ": ", Join(ports, ", ")));
  }
  return Join(parts, "; ");
}

}  // namespace

std::string HostAsText(const proto::HostObservation& host, const TextStyle& style) {
  const std::optional<Address> address = Address::FromBytes(host.address());
  std::string out = style.Heading(address ? address->ToString() : "?") + "\n";
  for (const proto::PortObservation& port : host.ports()) {
    if (!Nobody(port)) out += PortText(port, style);
  }
  const std::string closed = ClosedPorts(host);
  if (!closed.empty()) out += "         " + style.Faint(closed) + "\n";
  return out;
}

}  // namespace hark
