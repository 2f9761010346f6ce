#include "coordinator/geo_lines.h"

#include <zlib.h>

#include <array>

#include "base/strings.h"

namespace hark {
namespace {

constexpr size_t kPiece = size_t{1} << 16;
constexpr std::string_view kGzip = "\x1f\x8b";

}  // namespace

// gzip to text, a piece at a time.
class GeoLines::Unpacker {
 public:
  Unpacker(GeoBytes from, std::string first) : from_(std::move(from)), packed_(std::move(first)) {
    // 16: a gzip header, as opposed to zlib's own.
    ready_ = inflateInit2(&stream_, 15 + 16) == Z_OK;
    Feed();
  }
  ~Unpacker() {
    if (ready_) inflateEnd(&stream_);
  }
  Unpacker(const Unpacker&) = delete;
  Unpacker& operator=(const Unpacker&) = delete;

  Result<size_t> Read(char* to, size_t room);

 private:
  void Feed() {
    stream_.next_in = reinterpret_cast<Bytef*>(packed_.data());
    stream_.avail_in = static_cast<uInt>(packed_.size());
  }
  // False at the end of what is packed.
  Result<bool> Refill();

  GeoBytes from_;
  std::string packed_;
  z_stream stream_{};
  bool ready_ = false;
  bool between_members_ = false;
};

Result<bool> GeoLines::Unpacker::Refill() {
  packed_.resize(kPiece);
  HARK_ASSIGN_OR_RETURN(const size_t n, from_(packed_.data(), packed_.size()));
  packed_.resize(n);
  Feed();
  return n > 0;
}

Result<size_t> GeoLines::Unpacker::Read(char* to, size_t room) {
  stream_.next_out = reinterpret_cast<Bytef*>(to);
  stream_.avail_out = static_cast<uInt>(room);
  while (stream_.avail_out == room) {
    if (stream_.avail_in == 0) {
      HARK_ASSIGN_OR_RETURN(const bool more, Refill());
      if (!more && between_members_) return size_t{0};
      if (!more) return InvalidInput("the gzip file ends in the middle");
    }
    between_members_ = false;
    const int result = ready_ ? inflate(&stream_, Z_NO_FLUSH) : Z_MEM_ERROR;
    if (result == Z_STREAM_END) {
      between_members_ = inflateReset(&stream_) == Z_OK;
    } else if (result != Z_OK) {
      return InvalidInput("the gzip file is damaged");
    }
  }
  return room - stream_.avail_out;
}

GeoLines::GeoLines(GeoBytes bytes, std::string path)
    : bytes_(std::move(bytes)), path_(std::move(path)) {}
GeoLines::~GeoLines() = default;
GeoLines::GeoLines(GeoLines&&) noexcept = default;

Status GeoLines::Wrong(std::string_view message) const {
  return InvalidInput(StrCat(path_, ":", number_, ": ", message));
}

// Adds a piece to the buffer; false at the end.
Result<bool> GeoLines::Fill() {
  buffer_.erase(0, at_);
  at_ = 0;
  const size_t before = buffer_.size();
  buffer_.resize(before + kPiece);
  Result<size_t> n = unpacker_ != nullptr ? unpacker_->Read(buffer_.data() + before, kPiece)
                                          : bytes_(buffer_.data() + before, kPiece);
  buffer_.resize(before + (n.ok() ? *n : 0));
  if (!n.ok()) return n.status().Prepend(path_);
  total_ += *n;
  if (total_ > kMaxText) return InvalidInput(StrCat(path_, ": more than 1 GiB of text"));
  if (!started_ && buffer_.starts_with(kGzip)) {
    unpacker_ = std::make_unique<Unpacker>(bytes_, std::move(buffer_));
    buffer_.clear();
    started_ = true;
    total_ = 0;
    return Fill();
  }
  started_ = true;
  return *n > 0;
}

Result<bool> GeoLines::Next(std::string_view* line) {
  size_t searched = 0;
  size_t end = buffer_.npos;
  while ((end = buffer_.find('\n', at_ + searched)) == buffer_.npos && !ended_) {
    searched = buffer_.size() - at_;
    if (searched > kMaxLine) break;
    HARK_ASSIGN_OR_RETURN(const bool more, Fill());
    ended_ = !more;
  }
  if (ended_ && at_ == buffer_.size()) return false;
  ++number_;
  const size_t stop = std::min(end, buffer_.size());
  const std::string_view whole = std::string_view(buffer_).substr(at_, stop - at_);
  if (whole.size() > kMaxLine) return Wrong("a line that long is in no geo data");
  if (whole.find('\0') != whole.npos)
    return Wrong("this is no text; unpack it first if it is packed");
  at_ = std::min(stop + 1, buffer_.size());
  *line = Trim(whole);
  return true;
}

Result<bool> GeoLines::NextFull(std::string_view* line) {
  for (;;) {
    HARK_ASSIGN_OR_RETURN(const bool more, Next(line));
    if (!more) return false;
    if (!line->empty() && line->front() != '#') return true;
  }
}

bool SplitFields(std::string_view line, char separator, std::vector<std::string_view>* fields,
                 std::vector<std::string>* unquoted) {
  fields->clear();
  unquoted->clear();
  unquoted->reserve(line.size() / 2 + 1);  // at most so many quoted ones: views into them stay
  for (size_t at = 0; at <= line.size();) {
    if (at == line.size() || line[at] != '"' || separator == '\t') {
      const size_t end = std::min(line.find(separator, at), line.size());
      fields->push_back(Trim(line.substr(at, end - at)));
      at = end + 1;
      continue;
    }
    std::string& text = unquoted->emplace_back();
    for (++at; at < line.size() && (line[at] != '"' || line.substr(at, 2) == "\"\""); ++at) {
      text += line[at];
      at += line[at] == '"' ? 1 : 0;
    }
    if (at >= line.size()) return false;
    fields->push_back(text);
    at = std::min(line.find(separator, at), line.size()) + 1;
  }
  return true;
}

}  // namespace hark
