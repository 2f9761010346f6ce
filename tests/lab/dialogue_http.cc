#include "base/strings.h"
#include "tests/lab/dialogue.h"

namespace hark::lab {
namespace {

constexpr size_t kBombBytes = size_t{1} << 20;      // 64 times what a client of headers should take
constexpr size_t kEndlessBytes = size_t{8} * 1024;  // at a time
constexpr Duration kEndlessPace = std::chrono::milliseconds(10);

class Http final : public Dialogue {
 public:
  explicit Http(const Service& service) : service_(service) {}

  std::string Greeting() const override { return ""; }

  // Every request gets the same answer once its headers end.
  Answer OnLine(std::string_view line, bool) override {
    if (!line.empty()) return {};
    if (service_.behaviour == Behaviour::kHeaderBomb) {
      return Whole(StrCat(Status("200 OK"), "X-Bomb: ", std::string(kBombBytes, 'x'), "\r\n"));
    }
    if (service_.behaviour == Behaviour::kEndlessHeaders) {
      return {Status("200 OK"), false, false, kEndlessPace};
    }
    if (service_.behaviour == Behaviour::kRedirect) {
      return Whole(
          StrCat(Status("301 Moved Permanently"), "Location: https://elsewhere.lab.test/\r\n"));
    }
    return Whole(Status("200 OK"));
  }

  Answer OnTimer() override {
    Answer out;
    while (out.send.size() < kEndlessBytes) {
      out.send += StrCat("X-Header-", ++headers_, ": and one more\r\n");
    }
    out.more_after = kEndlessPace;
    return out;
  }

 private:
  std::string Status(std::string_view status) const {
    return StrCat("HTTP/1.1 ", status, "\r\nServer: ", BannerOr(service_, "nginx"), "\r\n");
  }

  static Answer Whole(const std::string& head) {
    constexpr std::string_view kPage = "<!doctype html><title>hark lab</title>\n";
    return {StrCat(head, "Content-Type: text/html\r\nContent-Length: ", kPage.size(),
                   "\r\nConnection: close\r\n\r\n", kPage),
            false, true};
  }

  const Service& service_;
  uint64_t headers_ = 0;
};

}  // namespace

std::unique_ptr<Dialogue> HttpDialogue(const Service& service) {
  return std::make_unique<Http>(service);
}

}  // namespace hark::lab
