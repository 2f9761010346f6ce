// state        | on                    | say                              | next
// identify     | client's line         | KEXINIT                          | negotiate
//              | the same, tarpit-hello| KEXINIT, a byte now and then     | dripping
// negotiate    | KEXINIT, common names | -                                | exchange
//              | KEXINIT, none common  | DISCONNECT, FIN                  | done
// exchange     | wrong first guess     | - (RFC 4253 §7: ignored)         | exchange
//              | message 30            | message 31, NEWKEYS              | final
// final        | NEWKEYS               | FIN                              | done
// any          | malformed, too long   | FIN                              | done
//
// The identification is said on connect. KEXINIT waits for the client's: a server that calls itself
// 1.99 must not send binary before it knows the client is not of version 1 (RFC 4253 §5.1).

#include "tests/lab/ssh_server.h"

#include <algorithm>
#include <array>

#include "base/bytes.h"
#include "base/strings.h"
#include "tests/lab/drip.h"
#include "tests/lab/ssh_kex.h"
#include "tests/lab/ssh_kexinit.h"

namespace hark::lab {
namespace {

constexpr size_t kMaxLine = 255;       // RFC 4253 §4.2
constexpr size_t kMaxPacket = 35'000;  // RFC 4253 §6.1

constexpr uint8_t kDisconnect = 1;
constexpr uint8_t kIgnore = 2;
constexpr uint8_t kDebug = 4;
constexpr uint8_t kNewKeys = 21;
constexpr uint8_t kKexRequest = 30;
constexpr uint8_t kKexReply = 31;

std::vector<std::string> NamesOf(const SshHostKeys::Offers& offers) {
  std::vector<std::string> out;
  for (const HostKeyOffer& offer : offers) out.push_back(offer.algorithm);
  return out;
}

class SshServer final : public Conversation {
 public:
  SshServer(const Service& service, const SshHostKeys::Offers& offers, Counters& counters)
      : service_(service),
        offers_(offers),
        counters_(counters),
        methods_(service.kex.empty() ? KexMethods() : NamesIn(service.kex)),
        algorithms_(service.host_keys.empty() ? NamesOf(offers) : NamesIn(service.host_keys)),
        drip_(EndlessKexInit(), service.pace) {
    identification_ = StrCat("SSH-", service.ssh_version, "-",
                             service.banner.empty() ? "OpenSSH_7.4" : service.banner);
  }

  Turn Start() override { return Turn::Say(StrCat(service_.prelude, identification_, "\r\n")); }
  Turn OnTimer() override { return drip_.Next(); }

  Turn OnBytes(std::string_view bytes) override {
    if (state_ == State::kDripping) return {};
    in_.append(bytes);
    Turn out;
    while (out.then == Turn::Then::kGoOn && Step(out)) {
    }
    return out;
  }

 private:
  enum class State { kIdentify, kNegotiate, kExchange, kFinal, kDripping };

  // One line or packet, if there is a whole one.
  bool Step(Turn& out) {
    if (state_ == State::kIdentify) return Identify(out);
    ByteReader reader(in_);
    const uint32_t length = reader.U32();
    const uint8_t padding = reader.U8();
    if (in_.size() < 5) return false;
    if (length > kMaxPacket || length < padding + 2U) return GiveUp(out);
    if (in_.size() < 4 + size_t{length}) return false;
    const std::string payload = in_.substr(5, length - padding - 1U);
    in_.erase(0, 4 + size_t{length});
    OnPacket(payload, out);
    return true;
  }

  static bool GiveUp(Turn& out) {
    out.then = Turn::Then::kFinish;
    return false;
  }

  bool Identify(Turn& out) {
    const size_t end = in_.find('\n');
    if (end == std::string::npos) return in_.size() > kMaxLine ? GiveUp(out) : false;
    client_identification_ = in_.substr(0, end > 0 && in_[end - 1] == '\r' ? end - 1 : end);
    in_.erase(0, end + 1);
    const bool version2 = client_identification_.rfind("SSH-2.", 0) == 0 ||
                          client_identification_.rfind("SSH-1.99", 0) == 0;
    if (!version2 || end > kMaxLine) {
      out.send += "Protocol mismatch.\n";
      return GiveUp(out);
    }
    if (service_.behaviour == Behaviour::kTarpitHello) {
      out = drip_.Next();
      state_ = State::kDripping;
      return false;
    }
    own_kexinit_ = MakeKexInit(service_, methods_, algorithms_);
    out.send += SshPacket(own_kexinit_);
    state_ = State::kNegotiate;
    return true;
  }

  void OnPacket(const std::string& payload, Turn& out) {
    const auto type = static_cast<uint8_t>(payload[0]);
    if (type >= kIgnore && type <= kDebug) return;  // legal at any time
    switch (state_) {
      case State::kNegotiate:
        if (type == kKexInit) return Negotiate(payload, out);
        break;
      case State::kExchange:
        if (skip_guess_) {
          skip_guess_ = false;
          return;
        }
        if (type == kKexRequest) return Exchange(payload, out);
        break;
      case State::kFinal:
      case State::kIdentify:
      case State::kDripping:
        break;
    }
    out.then = Turn::Then::kFinish;
  }

  void Negotiate(const std::string& payload, Turn& out) {
    if (service_.behaviour == Behaviour::kCloseInHello) {
      GiveUp(out);
      return;
    }
    client_kexinit_ = payload;
    ByteReader in(payload);
    in.Bytes(1 + kKexInitCookie);
    std::array<std::string_view, 10> lists;
    for (auto& list : lists) list = in.String32(kMaxPacket);
    const bool guessed = in.U8() != 0;
    if (!in.ok()) {
      GiveUp(out);
      return;
    }
    method_ = AgreeOn(lists[0], methods_);
    algorithm_ = AgreeOn(lists[1], algorithms_);
    offer_ = OfferOf(algorithm_);
    // What the scenario lets us offer need not be what we can do.
    const auto& able = KexMethods();
    const bool can = std::find(able.begin(), able.end(), method_) != able.end();
    if (!can || offer_ == nullptr) return Disconnect(out);
    // A guess is right only if both sides' first choices agree (RFC 4253 §7).
    skip_guess_ = guessed && (NamesIn(lists[0]).front() != methods_.front() ||
                              NamesIn(lists[1]).front() != algorithms_.front());
    state_ = State::kExchange;
  }

  static void Disconnect(Turn& out) {
    constexpr uint32_t kKeyExchangeFailed = 3;
    ByteWriter message;
    message.U8(kDisconnect);
    message.U32(kKeyExchangeFailed);
    message.String32("no matching algorithm");
    message.String32("");
    out.send += SshPacket(message.str());
    out.then = Turn::Then::kFinish;
  }

  void Exchange(const std::string& payload, Turn& out) {
    ByteReader in(payload);
    in.U8();
    std::string_view client_public = in.String32(kMaxPacket);
    const auto result = in.ok() ? RespondToKex(method_, StripZeros(client_public)) : std::nullopt;
    if (!result.has_value()) {
      GiveUp(out);
      return;
    }
    std::string signature = offer_->Sign(ExchangeHash(offer_->blob, client_public, *result));
    if (service_.behaviour == Behaviour::kBadSignature) signature.back() ^= 1;
    ++counters_.ssh_exchanges;
    ByteWriter reply;
    reply.U8(kKexReply);
    reply.String32(offer_->blob);
    Public(reply, result->server_public);
    reply.String32(signature);
    out.send += SshPacket(reply.str());
    out.send += SshPacket(std::string(1, static_cast<char>(kNewKeys)));
    state_ = State::kFinal;
  }

  // An mpint may have a leading zero for its sign; a point's first byte is never to be dropped.
  std::string_view StripZeros(std::string_view value) const {
    if (!KexUsesMpints(method_)) return value;
    while (!value.empty() && value.front() == '\0') value.remove_prefix(1);
    return value;
  }

  void Public(ByteWriter& out, std::string_view value) const {
    if (KexUsesMpints(method_)) {
      out.Mpint(value);
    } else {
      out.String32(value);
    }
  }

  const HostKeyOffer* OfferOf(std::string_view algorithm) const {
    for (const HostKeyOffer& offer : offers_) {
      if (offer.algorithm == algorithm) return &offer;
    }
    return nullptr;
  }

  std::string ExchangeHash(std::string_view blob, std::string_view client_public,
                           const KexResult& result) const {
    ByteWriter out;
    out.String32(client_identification_);
    out.String32(identification_);
    out.String32(client_kexinit_);
    out.String32(own_kexinit_);
    out.String32(blob);
    Public(out, client_public);
    Public(out, result.server_public);
    out.Mpint(result.secret);
    return KexHash(method_, out.str());
  }

  const Service& service_;
  const SshHostKeys::Offers& offers_;
  Counters& counters_;
  std::vector<std::string> methods_;     // on offer
  std::vector<std::string> algorithms_;  // likewise, host keys
  const HostKeyOffer* offer_ = nullptr;  // agreed on
  Drip drip_;
  State state_ = State::kIdentify;
  std::string in_;
  std::string identification_, client_identification_;
  std::string own_kexinit_, client_kexinit_;
  std::string method_, algorithm_;
  bool skip_guess_ = false;
};

}  // namespace

std::unique_ptr<Conversation> SshConversation(const Service& service,
                                              const SshHostKeys::Offers& offers,
                                              Counters& counters) {
  return std::make_unique<SshServer>(service, offers, counters);
}

}  // namespace hark::lab
