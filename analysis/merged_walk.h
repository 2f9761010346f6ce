#pragma once

// Sorted streams side by side. A reader pushes what it has at a visitor; here each is asked for a
// piece at a time, from where its last piece ended, so that the smallest of all fronts can be taken
// again and again.

#include <functional>
#include <optional>
#include <utility>
#include <vector>

#include "base/status.h"

namespace hark {

// Position: ordered; Value: what stands there.
template <typename Position, typename Value>
class WalkFront {
 public:
  using Item = std::pair<Position, Value>;
  using Take = std::function<Status(const Position&, const Value&)>;
  // Gives the stream from a position on, that one included; nullopt = from its beginning.
  using Walk = std::function<Status(const std::optional<Position>& from, const Take& take)>;

  explicit WalkFront(Walk walk) : walk_(std::move(walk)) {}

  // nullptr at the end. Valid until Pop.
  Result<const Item*> Peek() {
    if (at_ == piece_.size() && !ended_) HARK_RETURN_IF_ERROR(Fill());
    return at_ == piece_.size() ? nullptr : &piece_[at_];
  }
  void Pop() { ++at_; }

 private:
  // A piece is worth the seek at its beginning and small enough to hold one of each run.
  static constexpr size_t kPiece = 256;

  Status Fill() {
    std::optional<Position> last;
    if (!piece_.empty()) last = piece_.back().first;
    piece_.clear();
    at_ = 0;
    bool full = false;
    const Status walked = walk_(last, [&](const Position& position, const Value& value) {
      if (last && !(*last < position)) return Status::Ok();
      piece_.emplace_back(position, value);
      full = piece_.size() == kPiece;
      // Any error ends the walk; this one is ours and goes no further.
      return full ? Status(StatusCode::kInterrupted, "a piece is full") : Status::Ok();
    });
    ended_ = !full;
    return full ? Status::Ok() : walked;
  }

  Walk walk_;
  std::vector<Item> piece_;
  size_t at_ = 0;
  bool ended_ = false;
};

// Visits every position once, ascending, with the values that the streams have there: pairs of a
// stream's number and its value, by number.
template <typename Position, typename Value>
Status WalkTogether(
    std::vector<WalkFront<Position, Value>> fronts,
    const std::function<Status(const Position&,
                               const std::vector<std::pair<size_t, const Value*>>&)>& visit) {
  std::vector<std::pair<size_t, const Value*>> here;
  while (true) {
    std::optional<Position> least;
    for (auto& front : fronts) {
      HARK_ASSIGN_OR_RETURN(const auto* item, front.Peek());
      if (item != nullptr && (!least || item->first < *least)) least = item->first;
    }
    if (!least) return Status::Ok();
    here.clear();
    for (size_t i = 0; i < fronts.size(); ++i) {
      HARK_ASSIGN_OR_RETURN(const auto* item, fronts[i].Peek());
      if (item != nullptr && item->first == *least) here.emplace_back(i, &item->second);
    }
    HARK_RETURN_IF_ERROR(visit(*least, here));
    for (const auto& [i, value] : here) fronts[i].Pop();
  }
}

}  // namespace hark
