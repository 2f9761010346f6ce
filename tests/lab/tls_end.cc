#include "tests/lab/tls_end.h"

#include <openssl/err.h>

namespace hark::lab {
namespace {

constexpr size_t kReadChunk = 4096;

class OverOpenSsl final : public TlsEnd {
 public:
  OverOpenSsl(const TlsContext::Plan& plan, const TlsContext& context)
      : plan_(plan),
        ssl_(context.NewServer(plan_)),
        in_(BIO_new(BIO_s_mem())),
        out_(BIO_new(BIO_s_mem())) {
    SSL_set_bio(ssl_.get(), in_, out_);
  }

  bool handshaken() const override { return SSL_is_init_finished(ssl_.get()) == 1; }

  State Receive(std::string_view bytes, std::string* clear) override {
    ERR_clear_error();
    BIO_write(in_, bytes.data(), static_cast<int>(bytes.size()));
    char buffer[kReadChunk];
    int n = 0;
    while ((n = SSL_read(ssl_.get(), buffer, sizeof buffer)) > 0) {
      clear->append(buffer, static_cast<size_t>(n));
    }
    const int error = SSL_get_error(ssl_.get(), n);
    return error == SSL_ERROR_WANT_READ ? State::kOpen : State::kClosed;
  }

  void Send(std::string_view clear) override {
    if (!clear.empty()) SSL_write(ssl_.get(), clear.data(), static_cast<int>(clear.size()));
  }

  void Shutdown() override {
    if (handshaken()) SSL_shutdown(ssl_.get());
  }

  std::string TakeOutput() override {
    std::string out(BIO_ctrl_pending(out_), '\0');
    if (!out.empty()) BIO_read(out_, out.data(), static_cast<int>(out.size()));
    return out;
  }

 private:
  const TlsContext::Plan plan_;
  SslPtr ssl_;
  BIO* in_;  // both owned by ssl_
  BIO* out_;
};

}  // namespace

std::unique_ptr<TlsEnd> OpenSslEnd(const TlsContext::Plan& plan, const TlsContext& context) {
  return std::make_unique<OverOpenSsl>(plan, context);
}

}  // namespace hark::lab
