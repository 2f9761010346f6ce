// A server that answers whatever it likes: each question takes lines of the input, and when there
// are none left it goes away.

#include <cstdint>
#include <cstdlib>

#include "base/strings.h"
#include "exchange/passive_ssh_redis.h"

namespace hark {
namespace {

class InputLink final : public RedisLink {
 public:
  explicit InputLink(std::string_view input) : lines_(Split(input, '\n')) {}

  Result<std::vector<RedisAnswer>> Ask(const std::vector<RedisQuestion>& questions) override {
    std::vector<RedisAnswer> answers;
    for (size_t i = 0; i < questions.size(); ++i) {
      if (at_ == lines_.size()) return IoError("the end");
      // The text, then the items, all separated by tabs.
      const std::vector<std::string_view> words = Split(lines_[at_++], '\t');
      RedisAnswer answer;
      answer.wrong_kind = words[0] == "!";
      answer.text = words[0];
      answer.items.assign(words.begin() + 1, words.end());
      answers.push_back(std::move(answer));
    }
    return answers;
  }

 private:
  std::vector<std::string_view> lines_;
  size_t at_ = 0;
};

class CheckingSink final : public ImportSink {
 public:
  Status Add(ImportedHost host) override {
    if (host.ports.size() != 1 || host.ports.front().observation.port() == 0) std::abort();
    if (host.unix_ms < 0) std::abort();
    return Status::Ok();
  }
  Status Reject(const RejectedLine& line) override {
    if (line.reason.empty() || line.text.size() > kMaxRejectedText) std::abort();
    return Status::Ok();
  }
  Status Reached(uint64_t, uint64_t) override { return Status::Ok(); }
};

}  // namespace
}  // namespace hark

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  hark::InputLink link({reinterpret_cast<const char*>(data), size});
  hark::CheckingSink sink;
  const auto read = hark::PassiveSshRedis(link).Read({}, sink, [] { return true; });
  return read.ok() && !*read ? 1 : 0;
}
