#include "exchange/byte_source.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>

#include "base/bytes.h"
#include "base/strings.h"
#include "base/unique_fd.h"
#include "keys/key_id.h"

namespace hark {
namespace {

constexpr size_t kPiece = size_t{1} << 18;
constexpr size_t kIdentityPiece = size_t{64} << 10;
constexpr std::string_view kGzipMagic("\x1f\x8b", 2);
constexpr std::string_view kZstdMagic("\x28\xb5\x2f\xfd", 4);

// What lies in the file.
class PackedBytes {
 public:
  virtual ~PackedBytes() = default;
  virtual Result<size_t> Read(char* to, size_t size) = 0;
  // False: this source cannot.
  virtual bool Seek(uint64_t byte) = 0;
  virtual uint64_t size() const = 0;
  virtual std::string Identity() const = 0;
};

class FdBytes : public PackedBytes {
 public:
  FdBytes(UniqueFd fd, std::string path, uint64_t size, bool regular)
      : fd_(std::move(fd)), path_(std::move(path)), size_(size), regular_(regular) {}

  Result<size_t> Read(char* to, size_t size) override {
    for (;;) {
      const ssize_t n = ::read(fd_.get(), to, size);
      if (n >= 0) return static_cast<size_t>(n);
      if (errno != EINTR) return ErrnoStatus(path_, errno);
    }
  }
  bool Seek(uint64_t byte) override {
    return regular_ && byte <= size_ && ::lseek(fd_.get(), static_cast<off_t>(byte), SEEK_SET) >= 0;
  }
  uint64_t size() const override { return size_; }
  std::string Identity() const override {
    if (!regular_) return "";
    ByteWriter told;
    told.U64(size_);
    told.Bytes(PieceAt(0));
    told.Bytes(PieceAt(size_ > kIdentityPiece ? size_ - kIdentityPiece : 0));
    return Sha256(told.str());
  }

 private:
  std::string PieceAt(uint64_t from) const {
    std::string piece(kIdentityPiece, '\0');
    const ssize_t n = ::pread(fd_.get(), piece.data(), piece.size(), static_cast<off_t>(from));
    piece.resize(n > 0 ? static_cast<size_t>(n) : 0);
    return piece;
  }

  const UniqueFd fd_;
  const std::string path_;
  const uint64_t size_;
  const bool regular_;
};

class StringBytes : public PackedBytes {
 public:
  explicit StringBytes(std::string bytes) : bytes_(std::move(bytes)) {}

  Result<size_t> Read(char* to, size_t size) override {
    const size_t n = std::min(size, bytes_.size() - at_);
    std::memcpy(to, bytes_.data() + at_, n);
    at_ += n;
    return n;
  }
  bool Seek(uint64_t byte) override {
    if (byte > bytes_.size()) return false;
    at_ = byte;
    return true;
  }
  uint64_t size() const override { return bytes_.size(); }
  std::string Identity() const override { return Sha256(bytes_); }

 private:
  const std::string bytes_;
  size_t at_ = 0;
};

// What all three have in common: the packed bytes, of which the first were read to look at them.
class SourceBase : public ByteSource {
 public:
  SourceBase(std::unique_ptr<PackedBytes> packed, std::string first)
      : packed_(std::move(packed)), piece_(std::move(first)), identity_(packed_->Identity()) {
    read_ = piece_.size();
  }

  // Packed bytes cannot be entered in the middle: what comes before is unpacked and dropped.
  Status Skip(uint64_t count) override {
    std::string dropped(kPiece, '\0');
    while (count > 0) {
      HARK_ASSIGN_OR_RETURN(const size_t n,
                            Read(dropped.data(), std::min<uint64_t>(count, dropped.size())));
      if (n == 0) return InvalidInput("the source is shorter than it was");
      count -= n;
    }
    return Status::Ok();
  }
  uint64_t bytes_read() const override { return read_; }
  uint64_t size() const override { return packed_->size(); }
  const std::string& identity() const override { return identity_; }

 protected:
  // The packed bytes not yet used are piece_[used_..].
  Result<bool> Refill() {
    piece_.resize(kPiece);
    used_ = 0;
    Result<size_t> n = packed_->Read(piece_.data(), piece_.size());
    piece_.resize(n.ok() ? *n : 0);
    if (!n.ok()) return n.status();
    read_ += *n;
    return *n > 0;
  }

  const std::unique_ptr<PackedBytes> packed_;
  std::string piece_;
  size_t used_ = 0;
  std::atomic<uint64_t> read_{0};

 private:
  const std::string identity_;
};

class PlainSource : public SourceBase {
 public:
  using SourceBase::SourceBase;

  Result<size_t> Read(char* to, size_t size) override {
    if (used_ == piece_.size()) {
      HARK_ASSIGN_OR_RETURN(const bool more, Refill());
      if (!more) return size_t{0};
    }
    const size_t n = std::min(size, piece_.size() - used_);
    std::memcpy(to, piece_.data() + used_, n);
    used_ += n;
    position_ += n;
    return n;
  }
  Status Skip(uint64_t count) override {
    if (!packed_->Seek(position_ + count)) return SourceBase::Skip(count);
    position_ += count;
    piece_.clear();
    used_ = 0;
    read_ = position_;
    return Status::Ok();
  }

 private:
  uint64_t position_ = 0;
};

class GzipSource : public SourceBase {
 public:
  GzipSource(std::unique_ptr<PackedBytes> packed, std::string first)
      : SourceBase(std::move(packed), std::move(first)) {
    // 16: a gzip header, as opposed to zlib's own.
    ready_ = inflateInit2(&stream_, 15 + 16) == Z_OK;
  }
  ~GzipSource() override {
    if (ready_) inflateEnd(&stream_);
  }
  GzipSource(const GzipSource&) = delete;
  GzipSource& operator=(const GzipSource&) = delete;

  Result<size_t> Read(char* to, size_t size) override {
    stream_.next_out = reinterpret_cast<Bytef*>(to);
    stream_.avail_out = static_cast<uInt>(std::min<size_t>(size, kPiece));
    const uInt room = stream_.avail_out;
    while (stream_.avail_out == room) {
      if (used_ == piece_.size()) {
        HARK_ASSIGN_OR_RETURN(const bool more, Refill());
        if (!more && between_members_) return size_t{0};
        if (!more) return Corruption("the gzip data end in the middle");
      }
      HARK_RETURN_IF_ERROR(Step());
    }
    return size_t{room - stream_.avail_out};
  }

 private:
  Status Step() {
    stream_.next_in = reinterpret_cast<Bytef*>(piece_.data() + used_);
    stream_.avail_in = static_cast<uInt>(piece_.size() - used_);
    between_members_ = false;
    const int result = ready_ ? inflate(&stream_, Z_NO_FLUSH) : Z_MEM_ERROR;
    used_ = piece_.size() - stream_.avail_in;
    if (result == Z_STREAM_END) {
      between_members_ = inflateReset(&stream_) == Z_OK;
    } else if (result != Z_OK) {
      return Corruption("the gzip data are damaged");
    }
    return Status::Ok();
  }

  z_stream stream_{};
  bool ready_ = false;
  bool between_members_ = false;
};

class ZstdSource : public SourceBase {
 public:
  ZstdSource(std::unique_ptr<PackedBytes> packed, std::string first)
      : SourceBase(std::move(packed), std::move(first)), context_(ZSTD_createDCtx()) {}

  Result<size_t> Read(char* to, size_t size) override {
    if (context_ == nullptr) return Internal("no memory to unpack Zstandard");
    ZSTD_outBuffer out{to, size, 0};
    while (out.pos == 0) {
      // What it holds back of earlier input comes out without new input.
      if (used_ == piece_.size() && !full_) {
        HARK_ASSIGN_OR_RETURN(const bool more, Refill());
        if (!more && between_frames_) return size_t{0};
        if (!more) return Corruption("the Zstandard data end in the middle");
      }
      ZSTD_inBuffer in{piece_.data(), piece_.size(), used_};
      const size_t left = ZSTD_decompressStream(context_.get(), &out, &in);
      used_ = in.pos;
      if (ZSTD_isError(left) != 0) return Corruption("the Zstandard data are damaged");
      between_frames_ = left == 0;
      full_ = out.pos == out.size;
    }
    return out.pos;
  }

 private:
  struct Free {
    void operator()(ZSTD_DCtx* context) const { ZSTD_freeDCtx(context); }
  };
  const std::unique_ptr<ZSTD_DCtx, Free> context_;
  bool between_frames_ = false;
  bool full_ = false;
};

Result<std::unique_ptr<ByteSource>> Choose(std::unique_ptr<PackedBytes> packed) {
  std::string first(kPiece, '\0');
  size_t held = 0;
  while (held < kZstdMagic.size()) {  // a pipe may give a byte at a time
    HARK_ASSIGN_OR_RETURN(const size_t n, packed->Read(first.data() + held, first.size() - held));
    if (n == 0) break;
    held += n;
  }
  first.resize(held);
  const std::string_view head(first);
  const bool gzip = head.starts_with(kGzipMagic);
  const bool zstd = head.starts_with(kZstdMagic);
  std::unique_ptr<ByteSource> source;
  if (gzip) {
    source = std::make_unique<GzipSource>(std::move(packed), std::move(first));
  } else if (zstd) {
    source = std::make_unique<ZstdSource>(std::move(packed), std::move(first));
  } else {
    source = std::make_unique<PlainSource>(std::move(packed), std::move(first));
  }
  return source;
}

}  // namespace

Result<std::unique_ptr<ByteSource>> ByteSource::Open(const std::string& path) {
  const bool is_stdin = path == "-";
  UniqueFd fd(is_stdin ? ::dup(STDIN_FILENO) : ::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  struct stat about {};
  if (!fd.valid() || ::fstat(fd.get(), &about) != 0) {
    return InvalidInput(ErrnoStatus(path, errno).message());
  }
  if (S_ISDIR(about.st_mode)) return InvalidInput(StrCat(path, ": a directory"));
  const bool regular = S_ISREG(about.st_mode) && !is_stdin;
  const uint64_t size = regular ? static_cast<uint64_t>(about.st_size) : 0;
  return Choose(std::make_unique<FdBytes>(std::move(fd), path, size, regular));
}

std::unique_ptr<ByteSource> ByteSource::FromString(std::string bytes) {
  return std::move(*Choose(std::make_unique<StringBytes>(std::move(bytes))));
}

}  // namespace hark
