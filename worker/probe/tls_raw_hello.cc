#include "worker/probe/tls_raw_hello.h"

#include "base/bytes.h"
#include "base/random.h"
#include "base/strings.h"
#include "worker/probe/limits.h"

namespace hark {
namespace {

constexpr uint8_t kAlertRecord = 21;
constexpr uint8_t kHandshakeRecord = 22;
constexpr uint16_t kSsl3 = 0x0300;
constexpr uint16_t kTls12 = 0x0303;
constexpr uint8_t kClientHello = 1;
constexpr uint8_t kServerHelloMessage = 2;
constexpr uint8_t kCertificateMessage = 11;
constexpr uint8_t kServerHelloDone = 14;
constexpr uint8_t kFatal = 2;
constexpr size_t kRandomBytes = 32;

// Strong first. The order is by kind: forward secrecy, then RSA, then fixed DH; in each AES before
// 3DES before RC4 before DES before export. Names: keys/tls_names.h.
constexpr uint16_t kSuites[] = {
    // ECDHE
    0xc02b, 0xc02f, 0xc02c, 0xc030, 0xcca9, 0xcca8, 0xc023, 0xc027, 0xc009, 0xc013, 0xc024, 0xc028,
    0xc00a, 0xc014, 0xc008, 0xc012, 0xc007, 0xc011,
    // DHE with RSA and DSS
    0x009e, 0x009f, 0xccaa, 0x0067, 0x006b, 0x0033, 0x0039, 0x0045, 0x0088, 0x009a, 0x0016, 0x00a2,
    0x00a3, 0x0040, 0x006a, 0x0032, 0x0038, 0x0044, 0x0087, 0x0099, 0x0013, 0x0066,
    // RSA
    0x009c, 0x009d, 0x003c, 0x003d, 0x002f, 0x0035, 0x0041, 0x0084, 0x0096, 0x0007, 0x000a, 0x0005,
    0x0004,
    // fixed ECDH and DH
    0xc004, 0xc005, 0xc00e, 0xc00f, 0xc003, 0xc00d, 0xc002, 0xc00c, 0x0030, 0x0031, 0x0036, 0x0037,
    0x000d, 0x0010,
    // single DES, 56 and 40 bits
    0x0009, 0x0012, 0x0015, 0x000c, 0x000f, 0x0062, 0x0063, 0x0064, 0x0065, 0x0003, 0x0006, 0x0008,
    0x0011, 0x0014, 0x000b, 0x000e,
    0x00ff,  // TLS_EMPTY_RENEGOTIATION_INFO_SCSV (RFC 5746): no extension needed for it
};
constexpr uint16_t kGroups[] = {23, 24, 25, 29, 22, 19, 21};
constexpr uint16_t kSchemes[] = {0x0403, 0x0401, 0x0503, 0x0501, 0x0603, 0x0601,
                                 0x0402, 0x0203, 0x0201, 0x0202, 0x0101};

template <size_t kSize>
std::string ListOf(const uint16_t (&numbers)[kSize]) {
  ByteWriter out;
  out.U16(static_cast<uint16_t>(kSize * 2));
  for (uint16_t number : numbers) out.U16(number);
  return out.Take();
}

void WriteExtension(ByteWriter& out, uint16_t type, const std::string& body) {
  out.U16(type);
  out.U16(static_cast<uint16_t>(body.size()));
  out.Bytes(body);
}

std::string Extensions() {
  ByteWriter out;
  WriteExtension(out, 10, ListOf(kGroups));             // supported_groups
  WriteExtension(out, 11, std::string("\x01\x00", 2));  // ec_point_formats: uncompressed
  WriteExtension(out, 13, ListOf(kSchemes));            // signature_algorithms
  return out.Take();
}

std::string Record(uint8_t type, uint16_t version, const std::string& body) {
  ByteWriter out;
  out.U8(type);
  out.U16(version);
  out.U16(static_cast<uint16_t>(body.size()));
  out.Bytes(body);
  return out.Take();
}

}  // namespace

std::string RawClientHello(std::string_view random) {
  const std::string extensions = Extensions();
  ByteWriter hello;
  hello.U16(kTls12);
  hello.Bytes(random);
  hello.U8(0);  // no session to resume
  hello.Bytes(ListOf(kSuites));
  hello.U8(1);  // one compression method: null
  hello.U8(0);
  hello.U16(static_cast<uint16_t>(extensions.size()));
  hello.Bytes(extensions);
  ByteWriter message;
  message.U8(kClientHello);
  message.U24(static_cast<uint32_t>(hello.size()));
  message.Bytes(hello.str());
  return Record(kHandshakeRecord, kSsl3, message.str());
}

void TlsRawHello::Start() {
  ByteWriter random;
  while (random.size() < kRandomBytes) random.U64(SecureU64());
  output_ = RawClientHello(random.str());
}

void TlsRawHello::Feed(std::string_view bytes) {
  if (state_ != State::kHandshaking) return;
  const std::string_view admitted = Admit(bytes);
  records_ += admitted;
  std::string_view rest = records_;
  while (state_ == State::kHandshaking && TakeRecord(rest)) {
  }
  records_.erase(0, records_.size() - rest.size());
  if (state_ == State::kHandshaking && admitted.size() < bytes.size()) {
    Fail(State::kTooLong, "too many bytes before the certificate");
  }
}

bool TlsRawHello::TakeRecord(std::string_view& in) {
  ByteReader reader(in);
  const uint8_t type = reader.U8();
  const uint16_t version = reader.U16();
  const size_t size = reader.U16();
  if (!reader.ok()) return false;
  if ((type != kAlertRecord && type != kHandshakeRecord) || version >> 8 != 3 ||
      size > kMaxTlsRecord) {
    Fail(State::kBroken, "no record of a TLS hello");
    return false;
  }
  const std::string_view body = reader.Bytes(size);
  if (!reader.ok()) return false;
  if (body.empty() && ++empty_records_ > kMaxEmptyRecords) {
    Fail(State::kBroken, "too many empty records");
  } else if (type == kAlertRecord) {
    OnAlertRecord(body);
  } else {
    OnHandshakeRecord(body);
  }
  in = reader.rest();
  return true;
}

void TlsRawHello::OnAlertRecord(std::string_view body) {
  ByteReader reader(body);
  const uint8_t level = reader.U8();
  const uint8_t code = reader.U8();
  if (!reader.ok()) {
    Fail(State::kBroken, "an alert cut short");
    return;
  }
  messages_.OnAlert(level, code);
  if (level == kFatal) {
    Fail(State::kAlert, StrCat("alert number ", int{code}));
  } else if (++warnings_ > kMaxWarningAlerts) {
    Fail(State::kBroken, "too many warning alerts");
  }
}

void TlsRawHello::OnHandshakeRecord(std::string_view body) {
  handshake_ += body;
  std::string_view rest = handshake_;
  while (state_ == State::kHandshaking && TakeMessage(rest)) {
  }
  handshake_.erase(0, handshake_.size() - rest.size());
}

bool TlsRawHello::TakeMessage(std::string_view& in) {
  ByteReader reader(in);
  const uint8_t type = reader.U8();
  const size_t size = reader.U24();
  if (!reader.ok()) return false;
  if (size > kMaxTlsCertificateMessage) {
    Fail(State::kTooLong, "a handshake message beyond our limit");
    return false;
  }
  const std::string_view body = reader.Bytes(size);
  if (!reader.ok()) return false;
  OnMessage(type, body);
  in = reader.rest();
  return true;
}

void TlsRawHello::OnMessage(uint8_t type, std::string_view body) {
  const bool said_hello = messages_.stage() != Stage::kHello;
  if (type == kServerHelloMessage ? said_hello : type == kCertificateMessage && !said_hello) {
    Fail(State::kBroken, "handshake messages out of order");
    return;
  }
  messages_.OnHandshake(type, body);
  if (type == kServerHelloMessage &&
      (messages_.stage() == Stage::kHello || facts_.version > kTls12)) {
    Fail(State::kBroken, "a ServerHello that answers no hello of ours");
  } else if (type == kCertificateMessage) {
    SayGoodbye();
  } else if (type == kServerHelloDone) {
    Fail(State::kBroken, "no certificate");
  }
}

void TlsRawHello::SayGoodbye() {
  state_ = State::kDone;
  const std::string close_notify("\x01\x00", 2);
  output_ += Record(kAlertRecord, facts_.version, close_notify);
}

}  // namespace hark
