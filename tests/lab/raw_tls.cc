// state   | on                                | say                               | next
// hello   | ClientHello, a suite of ours      | ServerHello, Certificate, Done    | said
//         | ClientHello, none                 | handshake_failure                 | closed
//         | ClientHello too new, not `answer` | handshake_failure, or nothing     | closed
//         | anything else, too long           | -                                 | closed
// said    | alert                             | -                                 | closed
//         | anything else                     | -                                 | said

#include <openssl/rand.h>

#include <algorithm>
#include <array>
#include <optional>

#include "base/bytes.h"
#include "base/log.h"
#include "tests/lab/tls_end.h"

namespace hark::lab {
namespace {

constexpr uint8_t kAlert = 21;
constexpr uint8_t kHandshake = 22;
constexpr uint8_t kClientHello = 1;
constexpr uint8_t kServerHello = 2;
constexpr uint8_t kCertificate = 11;
constexpr uint8_t kServerHelloDone = 14;
constexpr size_t kRecordHeader = 5;
constexpr size_t kMaxRecord = 16'384;
constexpr size_t kMaxHello = 65'536;

// In the server's order of preference, all with RSA key exchange, which needs no ServerKeyExchange.
constexpr std::array<uint16_t, 2> kRc4Suites = {0x0005, 0x0004};
constexpr std::array<uint16_t, 6> kSsl3Suites = {0x000a, 0x0005, 0x0004, 0x0009, 0x002f, 0x0035};

std::string Message(uint8_t type, std::string_view body) {
  ByteWriter out;
  out.U8(type);
  out.U24(static_cast<uint32_t>(body.size()));
  out.Bytes(body);
  return out.Take();
}

std::string Records(uint8_t type, uint16_t version, std::string_view content) {
  ByteWriter out;
  while (!content.empty()) {
    const std::string_view piece = content.substr(0, kMaxRecord);
    content.remove_prefix(piece.size());
    out.U8(type);
    out.U16(version);
    out.U16(static_cast<uint16_t>(piece.size()));
    out.Bytes(piece);
  }
  return out.Take();
}

std::string LeafDer(X509* certificate) {
  unsigned char* bytes = nullptr;
  const int n = i2d_X509(certificate, &bytes);
  HARK_CHECK(n > 0);
  std::string out(reinterpret_cast<char*>(bytes), static_cast<size_t>(n));
  OPENSSL_free(bytes);
  return out;
}

struct Hello {
  uint16_t version = 0;
  std::string_view suites;
};

// The body of a ClientHello up to its suites (RFC 6101 §5.6.1.2; the same in every later version).
std::optional<Hello> ReadHello(std::string_view body) {
  ByteReader in(body);
  Hello out;
  out.version = in.U16();
  in.Bytes(32);
  in.Bytes(in.U8());
  out.suites = in.Bytes(in.U16());
  if (!in.ok() || out.suites.empty() || out.suites.size() % 2 != 0) return std::nullopt;
  return out;
}

class ByHand final : public TlsEnd {
 public:
  explicit ByHand(const TlsContext::Plan& plan) : plan_(plan) {}

  bool handshaken() const override { return false; }
  void Send(std::string_view) override {}
  void Shutdown() override {}
  std::string TakeOutput() override { return std::move(out_); }

  State Receive(std::string_view bytes, std::string*) override {
    in_.append(bytes);
    while (true) {
      ByteReader reader(in_);
      const uint8_t type = reader.U8();
      const uint16_t version = reader.U16();
      const std::string_view content = reader.Bytes(reader.U16());
      if (!in_.empty() && (type != kHandshake && (!answered_ || type == kAlert))) {
        return State::kClosed;
      }
      if (in_.size() >= 3 && version >> 8 != 3) return State::kClosed;
      if (!reader.ok()) return State::kOpen;
      if (!answered_) messages_.append(content);
      in_.erase(0, kRecordHeader + content.size());
      if (!answered_ && OnMessages() == State::kClosed) return State::kClosed;
    }
  }

 private:
  // The hello may be spread over records.
  State OnMessages() {
    if (messages_.size() > kMaxHello) return State::kClosed;
    ByteReader reader(messages_);
    const uint8_t type = reader.U8();
    const std::string_view body = reader.Bytes(reader.U24());
    if (!messages_.empty() && type != kClientHello) return State::kClosed;
    if (!reader.ok()) return State::kOpen;
    const auto hello = ReadHello(body);
    return hello.has_value() ? Answer(*hello) : State::kClosed;
  }

  State Answer(const Hello& hello) {
    const Service& service = *plan_.service;
    if (hello.version > service.tls_max && service.decline != RawDecline::kAnswer) {
      return service.decline == RawDecline::kAlert ? Fail() : State::kClosed;
    }
    const uint16_t version = std::min(hello.version, service.tls_max);
    const auto suite = Choose(hello.suites);
    if (!suite.has_value() || version < service.tls_min) return Fail();
    answered_ = true;
    ByteWriter done;
    done.Bytes(Message(kServerHello, ServerHello(version, *suite)));
    done.Bytes(Message(kCertificate, CertificateList()));
    done.Bytes(Message(kServerHelloDone, ""));
    out_ += Records(kHandshake, version, done.str());
    return State::kOpen;
  }

  State Fail() {
    out_ += Records(kAlert, plan_.service->tls_min, "\x02\x28");  // fatal, handshake_failure
    return State::kClosed;
  }

  // The server's preference counts.
  std::optional<uint16_t> Choose(std::string_view offered) const {
    const auto first_of = [&](const auto& ours) -> std::optional<uint16_t> {
      for (uint16_t suite : ours) {
        for (ByteReader in(offered); !in.empty();) {
          if (in.U16() == suite) return suite;
        }
      }
      return std::nullopt;
    };
    return plan_.service->raw == RawTls::kSsl3 ? first_of(kSsl3Suites) : first_of(kRc4Suites);
  }

  static std::string ServerHello(uint16_t version, uint16_t suite) {
    std::string random(32, '\0');
    RAND_bytes(reinterpret_cast<unsigned char*>(random.data()), static_cast<int>(random.size()));
    ByteWriter out;
    out.U16(version);
    out.Bytes(random);
    out.U8(0);  // no session id
    out.U16(suite);
    out.U8(0);  // no compression
    return out.Take();
  }

  std::string CertificateList() const {
    ByteWriter list;
    const auto add = [&](X509* certificate) {
      const std::string der = LeafDer(certificate);
      list.U24(static_cast<uint32_t>(der.size()));
      list.Bytes(der);
    };
    const Credential& credential = plan_.credentials->leaves.front();
    add(credential.leaf);
    for (int i = 0; i < sk_X509_num(credential.chain.get()); ++i) {
      add(sk_X509_value(credential.chain.get(), i));
    }
    ByteWriter out;
    out.U24(static_cast<uint32_t>(list.size()));
    out.Bytes(list.str());
    return out.Take();
  }

  const TlsContext::Plan plan_;
  std::string in_;        // of an unfinished record
  std::string messages_;  // of an unfinished hello
  std::string out_;
  bool answered_ = false;
};

}  // namespace

std::unique_ptr<TlsEnd> RawTlsEnd(const TlsContext::Plan& plan) {
  return std::make_unique<ByHand>(plan);
}

}  // namespace hark::lab
