#pragma once

// One connection of the API, from accept to close. Lives in one loop of Asio and is touched by its
// thread only; what takes long is posted to the patient lane and comes back as a message.
//
//   state    on                                next
//   kHead    bytes, a head is not complete     kHead: read on
//            a head; the quick lane answers    kSend
//            a head; it does not               kAnswer
//            no HTTP, or too much              kSend, and the connection ends with it
//            deadline                          kSend 408 if a head had begun; else closed
//   kAnswer  the patient lane has answered     kSend
//            it waits for a thread in vain     kSend 503
//            deadline                          kSend 503, and the connection ends with it
//   kSend    sent, a stream goes on            kAnswer: the next piece
//            sent, the connection stays        kHead
//            sent, it ends                     kLinger
//            the client does not read          closed, with a reset
//   kLinger  bytes                             dropped
//            end, or deadline                  closed

#include <array>
#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <functional>
#include <memory>
#include <string>

#include "api/connection_book.h"
#include "api/http_desk.h"
#include "api/request_head.h"
#include "api/tls_session.h"
#include "api/work_pool.h"

namespace hark {

using HttpLoopExecutor = boost::asio::io_context::executor_type;
using HttpSocket = boost::asio::basic_stream_socket<boost::asio::ip::tcp, HttpLoopExecutor>;

// What the connections of a server have in common. Outlives them.
struct HttpHouse {
  HttpLimits limits;
  const HttpDesk* desk = nullptr;
  WorkPool* pool = nullptr;
  ConnectionBook* book = nullptr;
  std::atomic<size_t> streams = 0;  // under way
};

class HttpConnection : public std::enable_shared_from_this<HttpConnection> {
 public:
  // tls: nullptr = none. gone: told once, in the loop, when the connection has ended.
  HttpConnection(HttpHouse& house, HttpSocket socket, const Address& peer,
                 std::unique_ptr<TlsSession> tls, std::function<void(HttpConnection*)> gone);
  ~HttpConnection();

  void Start(MonoTime now);
  // Looks at the deadlines. Every 100 ms or so.
  void Sweep(MonoTime now);
  // Closes at once; `gone` is told.
  void Abort();

 private:
  enum class State : uint8_t { kHead, kAnswer, kSend, kLinger, kClosed };
  enum class After : uint8_t { kReadOn, kNextPiece, kEndOfAnswer, kLinger };

  void Read();
  void OnRead(size_t bytes, bool failed);
  void Advance();
  void TakeRequest(RequestHead head);
  void AskPatiently(std::optional<HttpResponse> heavy);
  void Answer(WireAnswer answer);
  void Refuse(const HttpResponse& response);
  void PullPiece();
  void OnPiece(Result<std::string> piece);
  void Send(After after);
  bool Queue(std::string plain);
  void WriteOn();
  void OnWritten(size_t bytes, bool failed);
  void EndAnswer();
  void Linger();
  void Close(bool reset);
  void DropStream();
  bool IsLate(MonoTime now) const;
  void Expire();

  HttpHouse& house_;
  HttpSocket socket_;
  const Address peer_;
  std::unique_ptr<TlsSession> tls_;
  std::function<void(HttpConnection*)> gone_;

  State state_ = State::kHead;
  HeadReader reader_;
  MonoTime deadline_;     // of kHead, kAnswer and kLinger
  bool between_ = false;  // in kHead: an answer was given, nothing of a next head has come
  uint64_t turn_ = 0;     // grows when what was asked for is not wanted any more
  uint64_t requests_ = 0;
  std::shared_ptr<HttpCase> case_;  // the patient lane has it too while kAnswer
  AuditEvent begun_;                // of the case, as it was when it was handed over
  MonoTime began_;
  bool close_ = false;
  std::shared_ptr<BodySource> stream_;
  uint64_t body_bytes_ = 0;

  std::array<char, 16 * 1024> room_;  // what is read at once
  size_t lingered_ = 0;
  After after_ = After::kReadOn;
  std::array<std::string, 2> outgoing_;
  size_t written_ = 0;  // of both together
  MonoTime send_began_, last_progress_;
};

}  // namespace hark
