// Any words from a mail server: the dialogue ends, ends alike however they are cut, and what we say
// is the same.
//
// The first byte chooses SMTP, POP3 or IMAP, the rest is what the server sends. This one goes on
// into TLS; the fast ones without it are smtp_dialogue_fuzz, pop3_dialogue_fuzz,
// imap_dialogue_fuzz.

#include <cstdlib>

#include "worker/probe/testing/play.h"
#include "worker/probe/tls_probe.h"

namespace {

// The ClientHello holds random bytes; what we say before it must not.
std::string BeforeTls(const std::string& said) {
  return said.substr(0, said.find('\x16'));
}

std::string Learn(const hark::TlsContexts& contexts, hark::Protocol protocol,
                  std::string_view bytes, const hark::Cuts& cuts) {
  const hark::ProbeOptions options = hark::TestOptions();
  hark::TlsProbe probe(options, contexts, hark::TlsPass::kModern,
                       hark::NewMailDialogue(protocol, options));
  const std::string said = hark::Hear(probe, bytes, cuts);
  if (!probe.done()) std::abort();
  return BeforeTls(said) + hark::Describe(probe.verdict()) + probe.greeting() +
         Describe(probe.TakeMailFacts().value_or(hark::MailFacts()));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const hark::TlsContexts contexts;  // a millisecond to make
  constexpr hark::Protocol kProtocols[] = {hark::Protocol::kSmtp, hark::Protocol::kPop3,
                                           hark::Protocol::kImap};
  if (size == 0) return 0;
  const hark::Protocol protocol = kProtocols[data[0] % 3];
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  const std::string whole = Learn(contexts, protocol, bytes, hark::Cuts::Whole());
  if (Learn(contexts, protocol, bytes, hark::FineCuts(bytes.size())) != whole) std::abort();
  return 0;
}
