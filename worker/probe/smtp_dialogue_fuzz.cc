// Any words from an SMTP server: the dialogue ends alike however they are cut, says the same, and
// never talks first. No TLS, so that a core tries a hundred thousand of them a second.
//
// The first byte forces STARTTLS if odd, the rest is what the server sends.

#include "worker/probe/testing/mail_play.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  hark::FuzzMail([](bool force) { return hark::NewSmtpDialogue("[192.0.2.1]", force); }, data,
                 size);
  return 0;
}
