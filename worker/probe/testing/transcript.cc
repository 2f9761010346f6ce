#include "worker/probe/testing/transcript.h"

#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/strings.h"
#include "worker/probe/ssh_wire.h"
#include "worker/probe/testing/play.h"

namespace hark {
namespace {

using std::literals::operator""sv;

std::string Unescape(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\' || i + 1 == text.size()) {
      out += text[i];
      continue;
    }
    const char c = text[++i];
    if (c == 'x' && i + 2 < text.size()) {
      out += HexDecode(text.substr(i + 1, 2)).value_or("?");
      i += 2;
    } else if (c == 'V') {
      out += HARK_VERSION;
    } else {
      out += c == 'r' ? '\r' : c == 'n' ? '\n' : c == 't' ? '\t' : c;
    }
  }
  return out;
}

std::string KexInitPacket(std::string_view words) {
  const std::vector<std::string_view> word = Split(words, ' ');
  ByteWriter out;
  out.U8(ssh::kKexInit);
  out.Bytes(std::string(16, 'c'));
  out.String32(word.at(0));
  out.String32(word.at(1));
  for (int i = 0; i < 8; ++i) out.String32("");
  out.U8(word.size() > 2 ? 1 : 0);
  out.U32(0);
  return ssh::Packet(out.str());
}

// What a step makes the peer send, or nothing if it is no such step.
std::optional<std::string> Sent(std::string_view step, std::string_view rest) {
  if (step == "<") return Unescape(rest);
  if (step == "<packet") return ssh::Packet(Unescape(rest));
  if (step == "<kexinit") return KexInitPacket(rest);
  return std::nullopt;
}

Protocol ProtocolNamed(std::string_view name) {
  for (int i = 0; i < kProtocolCount; ++i) {
    if (ProtocolName(static_cast<Protocol>(i)) == name) return static_cast<Protocol>(i);
  }
  return Protocol::kUnknown;
}

std::string PacketTypes(std::string_view bytes) {
  std::string types;
  while (!bytes.empty()) {
    const ssh::FramedPacket packet = ssh::ReadPacket(bytes);
    if (packet.framing != ssh::Framing::kPacket) return types + " and no packet";
    if (!types.empty()) types += ' ';
    types += std::to_string(static_cast<uint8_t>(packet.payload.front()));
    bytes.remove_prefix(packet.size);
  }
  return types;
}

class Player {
 public:
  explicit Player(const Cuts& cuts) : cuts_(cuts) {}

  // "" or what was different.
  std::string Step(std::string_view step, std::string_view rest) {
    if (step == "protocol") return SetProtocol(rest);
    if (step == "option") return SetOption(rest);
    if (step == "expect") return Expect(rest);
    if (step == "connect") return Connect(rest);
    if (step == "over") return Over();
    if (probe_ == nullptr) return "no conversation is going on";
    if (step.starts_with(">")) return Said(step, rest);
    if (step == "done") return Done();
    if (!said_.empty()) return "said unasked: " + EscapeForDisplay(said_);
    if (probe_->done()) return "the conversation is over already";
    return Happen(step, rest);
  }

 private:
  std::string SetProtocol(std::string_view name) {
    protocol_ = ProtocolNamed(name);
    return protocol_ == Protocol::kUnknown ? "no such protocol" : "";
  }

  std::string SetOption(std::string_view words) {
    if (words == "force_starttls") {
      options_.force_starttls = true;
      return "";
    }
    const std::vector<std::string_view> word = Split(words, ' ');
    Duration* option = word[0] == "greeting_timeout"       ? &options_.greeting_timeout
                       : word[0] == "step_timeout"         ? &options_.step_timeout
                       : word[0] == "conversation_timeout" ? &options_.conversation_timeout
                                                           : nullptr;
    if (option == nullptr) return "no such option";
    *option = std::chrono::seconds(ParseUint(word.at(1)).value());
    return "";
  }

  std::string Connect(std::string_view failure) {
    if (!survey_) survey_ = SurveyFactory(options_).Make(1, protocol_);
    if (probe_ != nullptr) return "a conversation is still going on";
    probe_ = survey_->Next();
    if (probe_ == nullptr) return "the survey wants no connection";
    if (failure.empty()) {
      probe_->OnConnected(now_);
    } else {
      probe_ = nullptr;
      survey_->OnConnectFailed(failure == "refused"  ? Outcome::kRefused
                               : failure == "silent" ? Outcome::kSilent
                                                     : Outcome::kUnreachable,
                               now_);
    }
    Collect();
    return "";
  }

  std::string Happen(std::string_view step, std::string_view rest) {
    if (const auto bytes = Sent(step, rest)) {
      for (std::string_view piece : cuts_.Cut(*bytes)) {
        if (!probe_->done()) probe_->OnBytes(piece, now_);
        Collect();
      }
    } else if (step == "eof") {
      probe_->OnEof(now_);
    } else if (step == "reset") {
      probe_->OnReset(now_);
    } else if (step == "wait") {
      Wait(std::chrono::seconds(ParseUint(rest).value()));
    } else {
      return "no such step";
    }
    Collect();
    return "";
  }

  void Wait(Duration time) {
    const MonoTime until = now_ + time;
    if (probe_->deadline() <= until) {
      now_ = probe_->deadline();
      probe_->OnDeadline(now_);
    }
    now_ = until;
  }

  std::string Said(std::string_view step, std::string_view rest) {
    const std::string said = std::exchange(said_, {});
    bool right = false;
    if (step == ">") right = said == Unescape(rest);
    if (step == ">packets") right = PacketTypes(said) == rest;
    if (step == ">tls") right = said.starts_with("\x16\x03\x01") && said.size() > 5 && said[5] == 1;
    if (step == ">rawtls") right = said.starts_with("\x16\x03\x00"sv) && said[5] == 1;
    return right ? "" : "said " + EscapeForDisplay(said);
  }

  std::string Done() {
    if (!said_.empty()) return "said unasked: " + EscapeForDisplay(said_);
    if (!probe_->done()) return "the conversation goes on";
    survey_->OnProbeDone(now_);
    probe_ = nullptr;
    return "";
  }

  std::string Over() {
    if (probe_ != nullptr) return "a conversation is still going on";
    if (survey_->Next() != nullptr) return "the survey wants a connection";
    seen_ = survey_->Finish();
    return "";
  }

  std::string Expect(std::string_view words) {
    const size_t blank = words.find(' ');
    const std::string_view what = words.substr(0, blank);
    const std::string_view wanted = blank == std::string_view::npos ? "" : words.substr(blank + 1);
    const std::optional<std::string> actual = Field(what);
    if (!actual) return "no such thing to expect";
    const bool right =
        what == "detail" ? actual->find(wanted) != std::string::npos : *actual == Unescape(wanted);
    return right ? "" : StrCat(what, " is ", EscapeForDisplay(*actual));
  }

  std::optional<std::string> Field(std::string_view what) const {
    const SshFacts ssh = seen_.ssh.value_or(SshFacts());
    if (what == "outcome") return std::string(OutcomeName(seen_.outcome));
    if (what == "stage") return std::string(StageName(seen_.stage));
    if (what == "detail") return seen_.detail;
    if (what == "greeting") return seen_.greeting;
    if (what == "greeting_delay") return StrCat(ToMillis(seen_.greeting_delay), " ms");
    if (what == "capabilities") return seen_.mail ? seen_.mail->capabilities : "none";
    if (what == "starttls_reply") return seen_.mail ? seen_.mail->starttls_reply : "none";
    if (what == "mail") return seen_.mail ? Describe(*seen_.mail) : "none";
    if (what == "connections") return std::to_string(seen_.connections);
    if (what == "identification") return ssh.identification;
    if (what == "kex_algorithm") return ssh.kex_algorithm;
    if (what == "pre_lines") return Join(ssh.pre_lines, "\n");
    if (what == "host_keys") {
      return ssh.kex_init ? ssh.kex_init->server_host_key_algorithms : "none";
    }
    if (what == "alert") {
      return seen_.tls && seen_.tls->alert ? std::to_string(*seen_.tls->alert) : "none";
    }
    return std::nullopt;
  }

  void Collect() {
    if (probe_ != nullptr) said_ += probe_->TakeOutput();
  }

  const Cuts cuts_;
  ProbeOptions options_ = TestOptions();
  Protocol protocol_ = Protocol::kUnknown;
  std::unique_ptr<PortSurvey> survey_;
  Probe* probe_ = nullptr;
  MonoTime now_{std::chrono::hours(1)};
  std::string said_;
  PortObservation seen_;
};

struct Line {
  size_t number;
  std::string_view step;
  std::string_view rest;
};

std::vector<Line> Lines(const std::string& text) {
  std::vector<Line> lines;
  size_t number = 0;
  for (std::string_view line : Split(text, '\n')) {
    ++number;
    if (line.empty() || line.front() == '#') continue;
    const size_t blank = line.find(' ');
    lines.push_back(
        {number, line.substr(0, blank),
         blank == std::string_view::npos ? std::string_view() : line.substr(blank + 1)});
  }
  return lines;
}

}  // namespace

std::string PlayTranscript(const std::string& text, const Cuts& cuts) {
  Player player(cuts);
  for (const Line& line : Lines(text)) {
    const std::string wrong = player.Step(line.step, line.rest);
    if (!wrong.empty()) return StrCat("line ", line.number, ": ", wrong);
  }
  return "";
}

std::string PeerBytes(const std::string& text) {
  std::string bytes;
  for (const Line& line : Lines(text)) {
    if (line.step == "done") break;
    bytes += Sent(line.step, line.rest).value_or("");
  }
  return bytes;
}

std::string ProtocolWord(const std::string& text) {
  return std::string(Lines(text).at(0).rest);
}

}  // namespace hark
