#include "tests/lab/dialogue.h"

#include "base/strings.h"

namespace hark::lab {
namespace {

// Whether STARTTLS is on the list, and what becomes of asking for it.
class StartTlsPolicy {
 public:
  explicit StartTlsPolicy(const Service& service)
      : offered_(!service.keys.empty() && service.behaviour != Behaviour::kNoStartTls),
        granted_(offered_ && service.behaviour != Behaviour::kStartTlsRefused) {}
  bool Offered(bool secured) const { return offered_ && !secured; }
  bool Granted(bool secured) const { return granted_ && !secured; }

 private:
  bool offered_;
  bool granted_;
};

class Smtp final : public Dialogue {
 public:
  explicit Smtp(const Service& service) : service_(service), tls_(service) {}

  std::string Greeting() const override {
    return StrCat("220 ", BannerOr(service_, "mail.lab.test ESMTP Postfix"), "\r\n");
  }

  std::string Teaser() const override {
    return StrCat("220-", BannerOr(service_, "mail.lab.test ESMTP Postfix"), "\r\n");
  }
  std::string TooEarly() const override { return "521 5.5.1 Protocol error\r\n"; }
  std::string Smuggled() const override { return "250 2.0.0 smuggled\r\n"; }

  Answer OnLine(std::string_view line, bool secured) override {
    if (StartsWithIgnoreCase(line, "EHLO") && service_.behaviour != Behaviour::kEhloRefused) {
      return {Capabilities(secured)};
    }
    if (StartsWithIgnoreCase(line, "STARTTLS")) return StartTls(secured);
    if (StartsWithIgnoreCase(line, "QUIT")) return {"221 2.0.0 Bye\r\n", false, true};
    const bool simple = StartsWithIgnoreCase(line, "HELO") || StartsWithIgnoreCase(line, "NOOP") ||
                        StartsWithIgnoreCase(line, "RSET");
    return {simple ? "250 2.0.0 Ok\r\n" : "502 5.5.2 Command not recognized\r\n"};
  }

 private:
  std::string Capabilities(bool secured) const {
    return StrCat("250-mail.lab.test\r\n250-PIPELINING\r\n250-SIZE 10240000\r\n",
                  tls_.Offered(secured) ? "250-STARTTLS\r\n" : "", "250 8BITMIME\r\n");
  }
  Answer StartTls(bool secured) const {
    if (tls_.Granted(secured)) return {"220 2.0.0 Ready to start TLS\r\n", true};
    if (tls_.Offered(secured)) return {"454 4.7.0 TLS not available due to local problem\r\n"};
    return {"502 5.5.1 Error: command not implemented\r\n"};
  }

  const Service& service_;
  StartTlsPolicy tls_;
};

class Pop3 final : public Dialogue {
 public:
  explicit Pop3(const Service& service) : service_(service), tls_(service) {}

  std::string Greeting() const override {
    return StrCat("+OK ", BannerOr(service_, "Dovecot ready."), "\r\n");
  }

  std::string TooEarly() const override { return "-ERR too early\r\n"; }
  std::string Smuggled() const override { return "+OK smuggled\r\n"; }

  Answer OnLine(std::string_view line, bool secured) override {
    if (StartsWithIgnoreCase(line, "CAPA") && service_.behaviour != Behaviour::kCapaRefused) {
      return {StrCat("+OK\r\nTOP\r\nUIDL\r\n", tls_.Offered(secured) ? "STLS\r\n" : "", ".\r\n")};
    }
    if (StartsWithIgnoreCase(line, "STLS")) {
      if (tls_.Granted(secured)) return {"+OK Begin TLS negotiation now.\r\n", true};
      return {tls_.Offered(secured) ? "-ERR TLS not available right now\r\n"
                                    : "-ERR Unknown command.\r\n"};
    }
    if (StartsWithIgnoreCase(line, "QUIT")) return {"+OK Logging out\r\n", false, true};
    return {"-ERR Unknown command.\r\n"};
  }

 private:
  const Service& service_;
  StartTlsPolicy tls_;
};

class Imap final : public Dialogue {
 public:
  explicit Imap(const Service& service) : service_(service), tls_(service) {}

  std::string Greeting() const override {
    return StrCat("* OK ", BannerOr(service_, "Dovecot ready."), "\r\n");
  }

  std::string TooEarly() const override { return "* BYE too early\r\n"; }
  std::string Smuggled() const override { return "* CAPABILITY IMAP4rev1 SMUGGLED\r\n"; }

  Answer OnLine(std::string_view line, bool secured) override {
    const size_t space = line.find(' ');
    if (space == std::string_view::npos) return {"* BAD Error in IMAP command\r\n"};
    const std::string tag(line.substr(0, space));
    const std::string_view command = line.substr(space + 1);
    if (StartsWithIgnoreCase(command, "CAPABILITY") &&
        service_.behaviour != Behaviour::kCapaRefused) {
      return {StrCat("* CAPABILITY IMAP4rev1", tls_.Offered(secured) ? " STARTTLS" : "",
                     " LOGINDISABLED\r\n", tag, " OK Capability completed.\r\n")};
    }
    if (StartsWithIgnoreCase(command, "STARTTLS")) {
      if (tls_.Granted(secured)) return {tag + " OK Begin TLS negotiation now.\r\n", true};
      return {tag + (tls_.Offered(secured) ? " NO TLS not available right now\r\n"
                                           : " BAD Unknown command\r\n")};
    }
    if (StartsWithIgnoreCase(command, "LOGOUT")) {
      return {StrCat("* BYE Logging out\r\n", tag, " OK Logout completed.\r\n"), false, true};
    }
    return {tag + " BAD Error in IMAP command received by server.\r\n"};
  }

 private:
  const Service& service_;
  StartTlsPolicy tls_;
};

}  // namespace

std::string BannerOr(const Service& service, std::string_view text) {
  return service.banner.empty() ? std::string(text) : service.banner;
}

std::unique_ptr<Dialogue> MakeDialogue(const Service& service) {
  switch (service.protocol) {
    case Protocol::kSmtp:
    case Protocol::kSmtps:
      return std::make_unique<Smtp>(service);
    case Protocol::kPop3:
    case Protocol::kPop3s:
      return std::make_unique<Pop3>(service);
    case Protocol::kImap:
    case Protocol::kImaps:
      return std::make_unique<Imap>(service);
    case Protocol::kHttps:
      return HttpDialogue(service);
    case Protocol::kSsh:
    case Protocol::kUnknown:
      return nullptr;
  }
  return nullptr;
}

}  // namespace hark::lab
