#pragma once

// The server's side of TLS 1.2 and 1.3 on memory: bytes of the peer in, bytes for the peer out. No
// sockets. A session belongs to one thread; the files' context is shared by all.

#include <memory>
#include <string>
#include <string_view>

#include "base/status.h"

namespace hark {

// A certificate chain and its key, as PEM files. Thread-safe.
class TlsIdentity {
 public:
  // kInvalidInput: a file that cannot be read, or a key that is not the certificate's.
  static Result<std::shared_ptr<TlsIdentity>> Load(const std::string& certificate_file,
                                                   const std::string& key_file);
  ~TlsIdentity();

 private:
  friend class TlsSession;
  struct Parts;
  explicit TlsIdentity(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

class TlsSession {
 public:
  explicit TlsSession(std::shared_ptr<TlsIdentity> identity);
  ~TlsSession();

  // False: what came is no TLS, or the peer ended it; what TakeOutput gives may still be sent.
  bool Receive(std::string_view bytes);
  // What the peer said so far, decrypted.
  std::string TakePlain();
  // Before the handshake is done nothing may be sent.
  bool Send(std::string_view plain);
  void Close();  // says so to the peer
  std::string TakeOutput();

 private:
  struct Parts;
  bool Drain();

  std::shared_ptr<TlsIdentity> identity_;
  std::unique_ptr<Parts> parts_;
  std::string plain_;
};

}  // namespace hark
