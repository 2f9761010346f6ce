#include "cli/kept_flags.h"

#include "base/strings.h"

namespace hark {
namespace {

class Differences {
 public:
  template <typename Value>
  void Compare(std::string_view flag, const Value& run, const Value& asked) {
    if (run != asked) text_ += StrCat(" --", flag, "=", Shown(run));
  }
  std::string Take() { return std::move(text_); }

 private:
  static std::string Shown(bool on) { return on ? "true" : "false"; }
  static std::string Shown(uint32_t number) { return std::to_string(number); }
  static std::string Shown(const std::string& text) { return EscapeForDisplay(text); }

  std::string text_;
};

std::string HandshakeName(const proto::ProbePolicy& policy) {
  return policy.handshake() == 0 ? "full" : "certificate";
}

}  // namespace

std::string KeptFlags(const proto::ProbePolicy& run, const proto::ProbePolicy& asked) {
  Differences out;
  out.Compare("connect_timeout_ms", run.connect_timeout_ms(), asked.connect_timeout_ms());
  out.Compare("greeting_timeout_ms", run.greeting_timeout_ms(), asked.greeting_timeout_ms());
  out.Compare("conversation_timeout_ms", run.conversation_timeout_ms(),
              asked.conversation_timeout_ms());
  out.Compare("pause_min_ms", run.host_pause_min_ms(), asked.host_pause_min_ms());
  out.Compare("pause_max_ms", run.host_pause_max_ms(), asked.host_pause_max_ms());
  out.Compare("concurrency", run.concurrency(), asked.concurrency());
  out.Compare("contact", run.contact(), asked.contact());
  out.Compare("ehlo_name", run.ehlo_name(), asked.ehlo_name());
  out.Compare("handshake", HandshakeName(run), HandshakeName(asked));
  out.Compare("all_leaves", run.all_leaves(), asked.all_leaves());
  out.Compare("force_starttls", run.force_starttls(), asked.force_starttls());
  out.Compare("http_get", run.http_get(), asked.http_get());
  out.Compare("adapt", run.adapt(), asked.adapt());
  out.Compare("throttle_retries", run.throttle_retries(), asked.throttle_retries());
  out.Compare("throttle_backoff_ms", run.throttle_backoff_ms(), asked.throttle_backoff_ms());
  return out.Take();
}

}  // namespace hark
