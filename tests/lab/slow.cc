#include "tests/lab/slow.h"

#include <utility>

namespace hark::lab {
namespace {

class Slow final : public Conversation {
 public:
  Slow(Duration delay, std::unique_ptr<Conversation> inner)
      : delay_(delay), inner_(std::move(inner)) {}

  Turn Start() override { return Later(inner_->Start()); }
  Turn OnBytes(std::string_view bytes) override {
    if (waiting_.then != Turn::Then::kGoOn) return {};  // it has hung up already
    return Later(inner_->OnBytes(bytes));
  }
  Turn OnTimer() override {
    timed_ = false;
    return std::exchange(waiting_, Turn());
  }

 private:
  Turn Later(Turn turn) {
    if (turn.send.empty() && turn.then == Turn::Then::kGoOn) return {};
    waiting_.send += turn.send;
    waiting_.then = turn.then;
    return {"", Turn::Then::kGoOn, std::exchange(timed_, true) ? Duration(0) : delay_};
  }

  Duration delay_;
  std::unique_ptr<Conversation> inner_;
  Turn waiting_;
  bool timed_ = false;
};

}  // namespace

std::unique_ptr<Conversation> Slowly(Duration delay, std::unique_ptr<Conversation> inner) {
  return std::make_unique<Slow>(delay, std::move(inner));
}

}  // namespace hark::lab
