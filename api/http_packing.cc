#include "api/http_packing.h"

#include <zlib.h>
#include <zstd.h>

#include <array>

namespace hark {
namespace {

// JSON shrinks to a sixth at either level; more costs twice the time for a tenth less.
constexpr int kGzipLevel = 4;
constexpr int kZstdLevel = 3;
constexpr int kGzipWindow = 15 + 16;  // 32 kB, and a gzip head instead of zlib's
constexpr size_t kOutBytes = 16 * 1024;

int ZlibFlush(PackThen then) {
  switch (then) {
    case PackThen::kGoOn:
      return Z_NO_FLUSH;
    case PackThen::kFlush:
      return Z_SYNC_FLUSH;
    case PackThen::kEnd:
      return Z_FINISH;
  }
  return Z_FINISH;
}

ZSTD_EndDirective ZstdDirective(PackThen then) {
  switch (then) {
    case PackThen::kGoOn:
      return ZSTD_e_continue;
    case PackThen::kFlush:
      return ZSTD_e_flush;
    case PackThen::kEnd:
      return ZSTD_e_end;
  }
  return ZSTD_e_end;
}

class GzipPacker final : public BodyPacker {
 public:
  ~GzipPacker() override {
    if (open_) deflateEnd(&stream_);
  }

  Status Open() {
    open_ =
        deflateInit2(&stream_, kGzipLevel, Z_DEFLATED, kGzipWindow, 8, Z_DEFAULT_STRATEGY) == Z_OK;
    return open_ ? Status::Ok() : Internal("gzip: no memory");
  }

  Result<std::string> Add(std::string_view piece, PackThen then) override {
    std::string out;
    std::array<unsigned char, kOutBytes> room;
    // zlib reads it only.
    stream_.next_in = reinterpret_cast<unsigned char*>(const_cast<char*>(piece.data()));
    stream_.avail_in = static_cast<unsigned>(piece.size());
    do {
      stream_.next_out = room.data();
      stream_.avail_out = room.size();
      const int code = deflate(&stream_, ZlibFlush(then));
      if (code != Z_OK && code != Z_STREAM_END && code != Z_BUF_ERROR) return Internal("gzip");
      out.append(reinterpret_cast<const char*>(room.data()), room.size() - stream_.avail_out);
    } while (stream_.avail_out == 0);
    return out;
  }

 private:
  z_stream stream_{};
  bool open_ = false;
};

class ZstdPacker final : public BodyPacker {
 public:
  ZstdPacker() : context_(ZSTD_createCCtx(), ZSTD_freeCCtx) {}

  Status Open() {
    if (context_ == nullptr) return Internal("zstd: no memory");
    ZSTD_CCtx_setParameter(context_.get(), ZSTD_c_compressionLevel, kZstdLevel);
    return Status::Ok();
  }

  Result<std::string> Add(std::string_view piece, PackThen then) override {
    std::string out;
    std::array<char, kOutBytes> room;
    ZSTD_inBuffer in{piece.data(), piece.size(), 0};
    for (;;) {
      ZSTD_outBuffer to{room.data(), room.size(), 0};
      const size_t left = ZSTD_compressStream2(context_.get(), &to, &in, ZstdDirective(then));
      if (ZSTD_isError(left)) return Internal("zstd");
      out.append(room.data(), to.pos);
      const bool all =
          then == PackThen::kGoOn ? in.pos == in.size && to.pos < room.size() : left == 0;
      if (all) return out;
    }
  }

 private:
  std::unique_ptr<ZSTD_CCtx, size_t (*)(ZSTD_CCtx*)> context_;
};

template <typename Packer>
Result<std::unique_ptr<BodyPacker>> Opened() {
  auto packer = std::make_unique<Packer>();
  HARK_RETURN_IF_ERROR(packer->Open());
  return std::unique_ptr<BodyPacker>(std::move(packer));
}

}  // namespace

Result<std::unique_ptr<BodyPacker>> NewBodyPacker(ContentCoding coding) {
  switch (coding) {
    case ContentCoding::kGzip:
      return Opened<GzipPacker>();
    case ContentCoding::kZstd:
      return Opened<ZstdPacker>();
    case ContentCoding::kIdentity:
      break;
  }
  return Internal("identity needs no packer");
}

Result<std::string> Pack(ContentCoding coding, std::string_view body) {
  HARK_ASSIGN_OR_RETURN(const std::unique_ptr<BodyPacker> packer, NewBodyPacker(coding));
  return packer->Add(body, PackThen::kEnd);
}

}  // namespace hark
