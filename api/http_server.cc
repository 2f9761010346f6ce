#include "api/http_server.h"

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/v6_only.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <mutex>
#include <thread>
#include <unordered_set>

#include "api/connection_book.h"
#include "api/http_connection.h"
#include "api/tls_session.h"
#include "api/work_pool.h"
#include "base/host_port.h"
#include "base/log.h"
#include "base/strings.h"

namespace hark {
namespace {

namespace net = boost::asio;
using tcp = net::ip::tcp;
using Acceptor = net::basic_socket_acceptor<tcp, HttpLoopExecutor>;
using boost::system::error_code;

constexpr const char* kWhere = "api/http";
constexpr uint32_t kMostThreadsByItself = 4;
constexpr auto kSweepEvery = std::chrono::milliseconds(100);
// No descriptors left: connections end all the time, and asking at once would only spin.
constexpr auto kAcceptAgain = std::chrono::milliseconds(100);
constexpr int kBacklog = 4096;

Result<tcp::endpoint> ParseListen(const std::string& text) {
  const bool any_port = text.ends_with(":0");
  Result<HostPort> place = ParseHostPort(any_port ? text.substr(0, text.size() - 1) + "1" : text);
  if (!place.ok()) {
    return InvalidInput(StrCat("'", EscapeForDisplay(text), "': ", place.status().message()));
  }
  const uint16_t port = any_port ? 0 : place->port;
  error_code error;
  const auto address = net::ip::make_address(place->address.ToString(), error);
  if (error) return InvalidInput(StrCat("'", EscapeForDisplay(text), "': ", error.message()));
  return tcp::endpoint(address, port);
}

Address AddressOf(const net::ip::address& address) {
  return Address::Parse(address.to_string()).value_or(Address());
}

// A loop of Asio with its thread and its connections.
class HttpLoop {
 public:
  explicit HttpLoop(HttpHouse& house) : house_(house), sweep_(io_.get_executor()) {}

  void Start() {
    SweepLater();
    thread_ = std::thread([this] { io_.run(); });
  }

  void Stop() {
    net::post(io_, [this] {
      stopped_ = true;
      sweep_.cancel();
      const auto all = connections_;  // Abort takes them out
      for (const auto& connection : all) connection->Abort();
      io_.stop();
    });
    if (thread_.joinable()) thread_.join();
  }

  net::io_context& io() { return io_; }

  // In the loop.
  void Take(HttpSocket socket, const Address& peer, std::unique_ptr<TlsSession> tls) {
    error_code ignored;
    socket.set_option(tcp::no_delay(true), ignored);
    socket.set_option(net::socket_base::send_buffer_size(house_.limits.send_buffer_bytes), ignored);
    auto connection = std::make_shared<HttpConnection>(
        house_, std::move(socket), peer, std::move(tls),
        [this](HttpConnection* one) { connections_.erase(one->shared_from_this()); });
    if (stopped_) return;
    connections_.insert(connection);
    connection->Start(std::chrono::steady_clock::now());
  }

 private:
  void SweepLater() {
    sweep_.expires_after(kSweepEvery);
    sweep_.async_wait([this](const error_code& error) {
      if (error || stopped_) return;
      const MonoTime now = std::chrono::steady_clock::now();
      std::vector<HttpConnection*> all;
      for (const auto& connection : connections_) all.push_back(connection.get());
      // One that is late takes itself out, and nobody else.
      for (HttpConnection* connection : all) connection->Sweep(now);
      SweepLater();
    });
  }

  HttpHouse& house_;
  net::io_context io_{1};  // one thread runs it
  net::basic_waitable_timer<std::chrono::steady_clock, net::wait_traits<std::chrono::steady_clock>,
                            HttpLoopExecutor>
      sweep_;
  std::unordered_set<std::shared_ptr<HttpConnection>> connections_;
  bool stopped_ = false;
  std::thread thread_;
};

// The newest identity of the server; connections keep the one they began with.
class TlsHolder {
 public:
  Status Load(const std::string& certificate, const std::string& key) {
    HARK_ASSIGN_OR_RETURN(std::shared_ptr<TlsIdentity> identity,
                          TlsIdentity::Load(certificate, key));
    const std::lock_guard lock(mutex_);
    identity_ = std::move(identity);
    return Status::Ok();
  }
  std::unique_ptr<TlsSession> NewSession() {
    const std::lock_guard lock(mutex_);
    return identity_ == nullptr ? nullptr : std::make_unique<TlsSession>(identity_);
  }

 private:
  std::mutex mutex_;
  std::shared_ptr<TlsIdentity> identity_;
};

}  // namespace

struct HttpServer::Parts {
  Parts(HttpServerOptions given, HttpRouter routes)
      : options(std::move(given)),
        router(std::move(routes)),
        desk(router, options.desk),
        book(options.desk.limits),
        pool(options.patient_threads, options.desk.limits.patient_queue) {
    house.limits = options.desk.limits;
    house.desk = &desk;
    house.pool = &pool;
    house.book = &book;
  }

  Status Listen(const std::string& text);
  void Accept(size_t acceptor);
  void Welcome(HttpSocket socket, const tcp::endpoint& peer, HttpLoop& loop);
  HttpLoop& NextLoop() { return *loops[next_loop++ % loops.size()]; }

  HttpServerOptions options;
  HttpRouter router;
  HttpDesk desk;
  ConnectionBook book;
  HttpHouse house;
  TlsHolder tls;
  WorkPool pool;
  std::vector<std::unique_ptr<HttpLoop>> loops;
  // All in the first loop, which hands connections to the others in turn.
  std::vector<std::unique_ptr<Acceptor>> acceptors;
  std::vector<std::string> urls;
  std::vector<uint16_t> ports;
  size_t next_loop = 0;
};

Status HttpServer::Parts::Listen(const std::string& text) {
  HARK_ASSIGN_OR_RETURN(tcp::endpoint where, ParseListen(text));
  auto acceptor = std::make_unique<Acceptor>(loops.front()->io().get_executor());
  error_code error;
  acceptor->open(where.protocol(), error);
  if (!error) acceptor->set_option(net::socket_base::reuse_address(true), error);
  if (!error && where.address().is_v6()) acceptor->set_option(net::ip::v6_only(true), error);
  if (!error) acceptor->bind(where, error);
  if (!error) acceptor->listen(kBacklog, error);
  if (error == net::error::address_in_use) {
    return Unavailable(StrCat(text, ": another program listens there"));
  }
  if (error) return InvalidInput(StrCat(text, ": ", error.message()));
  where = acceptor->local_endpoint(error);
  const std::string host = where.address().is_v6() ? StrCat("[", where.address().to_string(), "]")
                                                   : where.address().to_string();
  urls.push_back(
      StrCat(options.tls_certificate.empty() ? "http://" : "https://", host, ":", where.port()));
  ports.push_back(where.port());
  acceptors.push_back(std::move(acceptor));
  return Status::Ok();
}

void HttpServer::Parts::Welcome(HttpSocket socket, const tcp::endpoint& peer, HttpLoop& loop) {
  const Address address = AddressOf(peer.address());
  const ConnectionBook::Entry entry = book.Enter(address);
  if (entry != ConnectionBook::Entry::kWelcome) {
    // Said if the socket takes it at once, which a new one does; nothing is waited for.
    const bool full = entry == ConnectionBook::Entry::kFull;
    const WireAnswer answer = desk.DressRefusal(JsonError(
        full ? 503 : 429, full ? "too many connections" : "too many of your connections"));
    error_code ignored;
    socket.non_blocking(true, ignored);
    if (options.tls_certificate.empty()) {
      socket.write_some(net::buffer(answer.head + answer.body), ignored);
    }
    return;
  }
  auto held = std::make_shared<HttpSocket>(std::move(socket));
  net::post(loop.io(), [this, held, address, &loop] {
    loop.Take(std::move(*held), address, tls.NewSession());
  });
}

void HttpServer::Parts::Accept(size_t index) {
  Acceptor& acceptor = *acceptors[index];
  HttpLoop& loop = NextLoop();
  auto peer = std::make_shared<tcp::endpoint>();
  auto socket = std::make_shared<HttpSocket>(loop.io().get_executor());
  acceptor.async_accept(
      *socket, *peer, [this, index, peer, socket, &loop](const error_code& error) {
        if (error == net::error::operation_aborted) return;
        if (!error) {
          Welcome(std::move(*socket), *peer, loop);
          return Accept(index);
        }
        LogEvent(LogLevel::kWarning, kWhere, "cannot accept", {{"error", error.message()}});
        auto timer = std::make_shared<net::steady_timer>(loops.front()->io(), kAcceptAgain);
        timer->async_wait([this, index, timer](const error_code& stopped) {
          if (!stopped) Accept(index);
        });
      });
}

Status CheckExposure(const HttpServerOptions& options) {
  const bool proxy = options.desk.behind_proxy;
  const bool tls = !options.tls_certificate.empty();
  const bool keys = options.desk.gate != nullptr && options.desk.gate->asks_for_keys();
  if (tls != !options.tls_key.empty()) {
    return InvalidInput("--tls_cert and --tls_key go together");
  }
  if (proxy && !keys) {
    return InvalidInput(
        "--behind_proxy lets strangers in and there is no API key yet; hark api key add");
  }
  for (const std::string& text : options.listen) {
    HARK_ASSIGN_OR_RETURN(const tcp::endpoint where, ParseListen(text));
    if (IsLoopback(AddressOf(where.address()))) continue;
    if (!keys) {
      return InvalidInput(
          StrCat("others can reach ", text, " and there is no API key yet; hark api key add"));
    }
    if (!tls && !proxy) {
      return InvalidInput(StrCat("others can read what goes to ", text,
                                 "; give --tls_cert and --tls_key, or --behind_proxy"));
    }
  }
  return Status::Ok();
}

HttpServer::HttpServer(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

Result<std::unique_ptr<HttpServer>> HttpServer::Start(HttpServerOptions options,
                                                      HttpRouter router) {
  HARK_RETURN_IF_ERROR(CheckExposure(options));
  const uint32_t cores = std::max(std::thread::hardware_concurrency(), 1U);
  const uint32_t threads =
      options.threads > 0 ? options.threads : std::min(cores, kMostThreadsByItself);
  std::unique_ptr<HttpServer> server(
      new HttpServer(std::make_unique<Parts>(std::move(options), std::move(router))));
  Parts& parts = *server->parts_;
  HARK_RETURN_IF_ERROR(server->ReloadTls());
  for (uint32_t i = 0; i < threads; ++i) {
    parts.loops.push_back(std::make_unique<HttpLoop>(parts.house));
  }
  for (const std::string& text : parts.options.listen) HARK_RETURN_IF_ERROR(parts.Listen(text));
  for (size_t i = 0; i < parts.acceptors.size(); ++i) parts.Accept(i);
  for (const auto& loop : parts.loops) loop->Start();
  return server;
}

HttpServer::~HttpServer() {
  if (parts_->loops.empty()) return;
  // The pool first: it posts into the loops.
  parts_->pool.Stop();
  // The first loop accepts into the others, so it goes first.
  for (const auto& loop : parts_->loops) loop->Stop();
  parts_->acceptors.clear();
}

std::vector<std::string> HttpServer::Urls() const {
  return parts_->urls;
}

uint16_t HttpServer::port() const {
  return parts_->ports.front();
}

size_t HttpServer::connections() const {
  return parts_->book.count();
}

Status HttpServer::ReloadTls() {
  const HttpServerOptions& options = parts_->options;
  if (options.tls_certificate.empty()) return Status::Ok();
  return parts_->tls.Load(options.tls_certificate, options.tls_key);
}

}  // namespace hark
