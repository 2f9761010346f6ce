#include "api/http_connection.h"

#include <boost/asio/buffer.hpp>
#include <boost/asio/post.hpp>

#include "base/log.h"
#include "base/strings.h"

namespace hark {
namespace {

namespace net = boost::asio;

constexpr const char* kWhere = "api/http";

MonoTime Now() {
  return std::chrono::steady_clock::now();
}

// A place among the streams under way.
class StreamPlace {
 public:
  explicit StreamPlace(std::atomic<size_t>& count) : count_(count), number_(count.fetch_add(1)) {}
  ~StreamPlace() { --count_; }
  StreamPlace(const StreamPlace&) = delete;
  StreamPlace& operator=(const StreamPlace&) = delete;
  size_t number() const { return number_; }

 private:
  std::atomic<size_t>& count_;
  size_t number_;
};

// In a thread of the patient lane. heavy: the answer is there, and only too much for the other.
WireAnswer MakeAnswer(HttpHouse& house, HttpCase& open, std::optional<HttpResponse> heavy) {
  open.lane = HttpLane::kPatient;
  std::optional<HttpResponse> response = heavy ? std::move(heavy) : house.desk->Ask(open);
  if (!response) response = JsonError(500, "no answer");
  std::shared_ptr<StreamPlace> place;
  if (response->stream && open.request.method != "HEAD") {
    place = std::make_shared<StreamPlace>(house.streams);
    if (place->number() >= house.limits.streams) {
      response = JsonError(503, "too many long answers are under way; ask again");
    }
  }
  WireAnswer answer = house.desk->Dress(open, *std::move(response));
  if (answer.stream) {
    answer.stream = [place, next = std::move(answer.stream)] { return next(); };
  }
  return answer;
}

}  // namespace

HttpConnection::HttpConnection(HttpHouse& house, HttpSocket socket, const Address& peer,
                               std::unique_ptr<TlsSession> tls,
                               std::function<void(HttpConnection*)> gone)
    : house_(house),
      socket_(std::move(socket)),
      peer_(peer),
      tls_(std::move(tls)),
      gone_(std::move(gone)),
      reader_(house.limits) {}

HttpConnection::~HttpConnection() {
  house_.book->Leave(peer_);
}

void HttpConnection::Start(MonoTime now) {
  deadline_ = now + house_.limits.head_time;
  Read();
}

void HttpConnection::Read() {
  socket_.async_read_some(net::buffer(room_), [self = shared_from_this(), turn = turn_](
                                                  const auto& error, size_t bytes) {
    if (turn == self->turn_) self->OnRead(bytes, static_cast<bool>(error));
  });
}

void HttpConnection::OnRead(size_t bytes, bool failed) {
  if (state_ == State::kLinger) {
    lingered_ += bytes;
    if (failed || lingered_ > house_.limits.linger_bytes) return Close(false);
    return Read();
  }
  if (failed) return Close(false);
  if (between_) {
    between_ = false;
    deadline_ = std::min(deadline_, Now() + house_.limits.head_time);
  }
  const std::string_view read(room_.data(), bytes);
  if (tls_ == nullptr) {
    reader_.Add(read);
    return Advance();
  }
  const bool goes_on = tls_->Receive(read);
  reader_.Add(tls_->TakePlain());
  outgoing_[0] = tls_->TakeOutput();
  if (!goes_on) close_ = true;
  if (!outgoing_[0].empty()) return Send(goes_on ? After::kReadOn : After::kLinger);
  if (!goes_on) return Close(false);
  Advance();
}

// In kHead: what was read may be a request.
void HttpConnection::Advance() {
  state_ = State::kHead;
  HeadReader::What what = reader_.Next();
  if (std::holds_alternative<HeadReader::NeedsMore>(what)) return Read();
  if (auto* refusal = std::get_if<HttpResponse>(&what)) return Refuse(*refusal);
  TakeRequest(std::get<RequestHead>(std::move(what)));
}

void HttpConnection::Refuse(const HttpResponse& response) {
  case_ = nullptr;
  HttpCase none;
  none.keep_alive = false;
  none.began = Now();
  none.audit.unix_ms = SystemClock().UnixMillis();
  none.audit.client = peer_.ToString();
  case_ = std::make_shared<HttpCase>(std::move(none));
  Answer(house_.desk->Dress(*case_, response));
}

void HttpConnection::TakeRequest(RequestHead head) {
  case_ = std::make_shared<HttpCase>();
  std::optional<HttpResponse> response = house_.desk->Open(head, peer_, Now(), *case_);
  if (++requests_ >= house_.limits.requests_per_connection) case_->keep_alive = false;
  if (!response) {
    response = house_.desk->Ask(*case_);
    if (!response || !house_.desk->IsQuick(*response)) return AskPatiently(std::move(response));
  }
  Answer(house_.desk->Dress(*case_, *std::move(response)));
}

void HttpConnection::AskPatiently(std::optional<HttpResponse> heavy) {
  state_ = State::kAnswer;
  begun_ = case_->audit;
  began_ = case_->began;
  deadline_ = Now() + house_.limits.answer_time;
  // std::function wants copies; there is one, and it is moved out of.
  auto given = std::make_shared<std::optional<HttpResponse>>(std::move(heavy));
  const bool taken =
      house_.pool->Offer([house = &house_, open = case_, given, turn = turn_,
                          executor = socket_.get_executor(), weak = weak_from_this()] {
        if (weak.expired()) return;
        auto answer = std::make_shared<WireAnswer>(MakeAnswer(*house, *open, std::move(*given)));
        net::post(executor, [weak, answer, turn] {
          const std::shared_ptr<HttpConnection> self = weak.lock();
          if (self != nullptr && self->turn_ == turn) self->Answer(std::move(*answer));
        });
      });
  if (!taken) {
    Answer(house_.desk->Dress(*case_, JsonError(503, "too much is being worked on; ask again")));
  }
}

void HttpConnection::Answer(WireAnswer answer) {
  close_ = answer.close;
  body_bytes_ = answer.stream ? 0 : answer.body.size();
  stream_ = answer.stream ? std::make_shared<BodySource>(std::move(answer.stream)) : nullptr;
  if (tls_ != nullptr) {
    if (!Queue(std::move(answer.head)) || !Queue(std::move(answer.body))) return Close(true);
  } else {
    outgoing_[0] = std::move(answer.head);
    outgoing_[1] = std::move(answer.body);
  }
  Send(stream_ != nullptr ? After::kNextPiece : After::kEndOfAnswer);
}

bool HttpConnection::Queue(std::string plain) {
  if (tls_ == nullptr) {
    outgoing_[0] += plain;
    return true;
  }
  const bool sent = tls_->Send(plain);
  outgoing_[0] += tls_->TakeOutput();
  return sent;
}

void HttpConnection::PullPiece() {
  state_ = State::kAnswer;
  deadline_ = Now() + house_.limits.answer_time;
  house_.pool->Continue(
      [stream = stream_, turn = turn_, executor = socket_.get_executor(), weak = weak_from_this()] {
        if (weak.expired()) return;
        auto piece = std::make_shared<Result<std::string>>((*stream)());
        net::post(executor, [weak, piece, turn] {
          const std::shared_ptr<HttpConnection> self = weak.lock();
          if (self != nullptr && self->turn_ == turn) self->OnPiece(std::move(*piece));
        });
      });
}

void HttpConnection::OnPiece(Result<std::string> piece) {
  if (!piece.ok()) {
    LogEvent(LogLevel::kWarning, kWhere, "a long answer broke off",
             {{"path", case_->request.path}, {"error", piece.status().message()}});
    return Close(true);
  }
  if (piece->empty()) {
    DropStream();
    return EndAnswer();
  }
  body_bytes_ += piece->size();
  if (!Queue(*std::move(piece))) return Close(true);
  Send(After::kNextPiece);
}

void HttpConnection::Send(After after) {
  state_ = State::kSend;
  after_ = after;
  written_ = 0;
  send_began_ = last_progress_ = Now();
  WriteOn();
}

void HttpConnection::WriteOn() {
  std::array<net::const_buffer, 2> left = {net::buffer(outgoing_[0]), net::buffer(outgoing_[1])};
  const size_t of_first = std::min(written_, outgoing_[0].size());
  left[0] += of_first;
  left[1] += written_ - of_first;
  socket_.async_write_some(
      left, [self = shared_from_this(), turn = turn_](const auto& error, size_t bytes) {
        if (turn == self->turn_) self->OnWritten(bytes, static_cast<bool>(error));
      });
}

void HttpConnection::OnWritten(size_t bytes, bool failed) {
  if (failed) return Close(true);
  written_ += bytes;
  if (written_ < outgoing_[0].size() + outgoing_[1].size()) {
    last_progress_ = Now();
    return WriteOn();
  }
  outgoing_[0].clear();
  // A large body's memory is not kept for the next one.
  outgoing_[1] = std::string();
  switch (after_) {
    case After::kReadOn:
      return Advance();
    case After::kNextPiece:
      return PullPiece();
    case After::kEndOfAnswer:
      return EndAnswer();
    case After::kLinger:
      return Linger();
  }
}

void HttpConnection::EndAnswer() {
  const MonoTime now = Now();
  if (case_ != nullptr) {
    case_->audit.body_bytes = body_bytes_;
    house_.desk->Close(*case_, now);
    case_ = nullptr;
  }
  if (close_) return Linger();
  between_ = reader_.empty();
  deadline_ = now + (between_ ? house_.limits.idle_time : house_.limits.head_time);
  Advance();
}

void HttpConnection::Linger() {
  if (tls_ != nullptr && state_ != State::kLinger) {
    tls_->Close();
    outgoing_[0] = tls_->TakeOutput();
    tls_ = nullptr;
    if (!outgoing_[0].empty()) return Send(After::kLinger);
  }
  state_ = State::kLinger;
  deadline_ = Now() + house_.limits.linger_time;
  boost::system::error_code ignored;
  socket_.shutdown(HttpSocket::shutdown_send, ignored);
  Read();
}

// What a stream holds may take a while to let go of: not here.
void HttpConnection::DropStream() {
  if (stream_ != nullptr) house_.pool->Continue([stream = std::move(stream_)] {});
  stream_ = nullptr;
}

// reset: so that what was sent is not taken for all there is.
void HttpConnection::Close(bool reset) {
  if (state_ == State::kClosed) return;
  const State left = state_;
  state_ = State::kClosed;
  ++turn_;
  if (case_ != nullptr) {
    HttpCase cut;
    cut.audit = left == State::kAnswer && stream_ == nullptr ? begun_ : case_->audit;
    cut.began = left == State::kAnswer && stream_ == nullptr ? began_ : case_->began;
    cut.audit.body_bytes = body_bytes_;
    house_.desk->Close(cut, Now());
    case_ = nullptr;
  }
  DropStream();
  boost::system::error_code ignored;
  if (reset) socket_.set_option(net::socket_base::linger(true, 0), ignored);
  socket_.close(ignored);
  const auto gone = std::exchange(gone_, nullptr);
  if (gone) gone(this);
}

void HttpConnection::Abort() {
  const auto self = shared_from_this();
  Close(true);
}

bool HttpConnection::IsLate(MonoTime now) const {
  const HttpLimits& limits = house_.limits;
  switch (state_) {
    case State::kHead: {
      if (now >= deadline_) return true;
      const Duration shorter = limits.head_time - limits.hurried_head_time;
      return !between_ && house_.book->crowded() && now + shorter >= deadline_;
    }
    case State::kAnswer:
    case State::kLinger:
      return now >= deadline_;
    case State::kSend: {
      const Duration earned =
          std::chrono::milliseconds(written_ * 1000 / limits.slowest_bytes_per_second);
      return now >= last_progress_ + limits.stalled_time ||
             now >= send_began_ + limits.stalled_time + earned;
    }
    case State::kClosed:
      return false;
  }
  return false;
}

void HttpConnection::Sweep(MonoTime now) {
  if (!IsLate(now)) return;
  const auto self = shared_from_this();
  Expire();
}

void HttpConnection::Expire() {
  switch (state_) {
    case State::kHead: {
      // Nobody waits for an answer on an idle connection, nor before TLS could carry it.
      if (between_ || reader_.empty()) return Close(false);
      ++turn_;
      boost::system::error_code ignored;
      socket_.cancel(ignored);
      return Refuse(JsonError(408, "the request took too long to arrive"));
    }
    case State::kAnswer: {
      if (stream_ != nullptr) return Close(true);
      ++turn_;
      HttpCase late;
      late.keep_alive = false;
      late.audit = begun_;
      late.began = began_;
      case_ = std::make_shared<HttpCase>(std::move(late));
      return Answer(house_.desk->Dress(*case_, JsonError(503, "the answer takes too long")));
    }
    case State::kSend:
      return Close(true);
    case State::kLinger:
      return Close(false);
    case State::kClosed:
      return;
  }
}

}  // namespace hark
