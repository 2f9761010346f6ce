#include "worker/spool_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

#include "base/bytes.h"
#include "base/crc32c.h"
#include "base/file.h"
#include "base/log.h"
#include "base/strings.h"

namespace hark {
namespace {

constexpr std::string_view kMagic = "HARKSPL1";
constexpr char kJobRecord = 'J';
constexpr char kBatchRecord = 'B';
constexpr char kEndRecord = 'E';
constexpr char kStartRecord = 'S';  // where numbering goes on after acknowledged batches were cut
constexpr size_t kHeaderBytes = 8;  // length and crc
// A batch is at most 1 MiB by the bus's limit, a job's target list less; longer is damage.
constexpr uint32_t kMaxRecord = 8U << 20;
// Rewriting costs as much as the live part; below this the acknowledged part may stay.
constexpr uint64_t kRewriteBytes = 4U << 20;

std::string Frame(char type, std::string_view body) {
  std::string content(1, type);
  content += body;
  ByteWriter out;
  out.U32(static_cast<uint32_t>(content.size()));
  out.U32(Crc32c(content));
  out.Bytes(content);
  return out.Take();
}

// The content of the record at the front of `rest`, or nullopt when it is torn or damaged.
std::optional<std::string_view> NextRecord(std::string_view rest) {
  ByteReader reader(rest);
  const uint32_t length = reader.U32();
  const uint32_t crc = reader.U32();
  if (length == 0 || length > kMaxRecord) return std::nullopt;
  const std::string_view content = reader.Bytes(length);
  if (!reader.ok() || Crc32c(content) != crc) return std::nullopt;
  return content;
}

Status WriteAt(int fd, uint64_t offset, std::string_view bytes, const std::string& path) {
  while (!bytes.empty()) {
    const ssize_t n = pwrite(fd, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return ErrnoStatus(path, errno);
    bytes.remove_prefix(static_cast<size_t>(n));
    offset += static_cast<uint64_t>(n);
  }
  return Status::Ok();
}

}  // namespace

Result<SpoolFile> SpoolFile::Create(const std::string& path, const proto::Job& job) {
  UniqueFd fd(open(path.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
  if (!fd.valid()) return ErrnoStatus(path, errno);
  SpoolFile file(path, std::move(fd));
  HARK_RETURN_IF_ERROR(WriteAt(file.fd_.get(), 0, kMagic, path));
  file.size_ = kMagic.size();
  HARK_RETURN_IF_ERROR(file.WriteRecord(kJobRecord, job.SerializeAsString()));
  file.acked_end_ = file.size_;
  return file;
}

Result<SpoolFile> SpoolFile::Open(const std::string& path) {
  HARK_ASSIGN_OR_RETURN(const std::string content, ReadFile(path));
  UniqueFd fd(open(path.c_str(), O_RDWR | O_CLOEXEC));
  if (!fd.valid()) return ErrnoStatus(path, errno);
  SpoolFile file(path, std::move(fd));
  if (content.compare(0, kMagic.size(), kMagic) != 0) return Corruption(path + ": not a spool");
  file.Scan(content);
  if (!file.has_job_) return Corruption(path + ": no whole job in it");
  if (file.size_ < content.size()) {
    LogWarning("worker/spool",
               StrCat(path, ": dropped a torn tail of ", content.size() - file.size_, " bytes"));
    if (ftruncate(file.fd_.get(), static_cast<off_t>(file.size_)) != 0) {
      return ErrnoStatus(path, errno);
    }
  }
  file.acked_end_ = file.places_.empty() ? file.size_ : file.places_.front().offset;
  return file;
}

void SpoolFile::Scan(std::string_view content) {
  size_ = kMagic.size();
  while (size_ < content.size()) {
    const auto record = NextRecord(content.substr(size_));
    if (!record) return;
    const Place place{size_, kHeaderBytes + record->size()};
    if (!Apply(record->front(), record->substr(1), place)) return;
    size_ += place.length;
  }
}

// False for a record that does not fit what came before it: as good as damaged.
bool SpoolFile::Apply(char type, std::string_view body, Place place) {
  if (has_job_ == (type == kJobRecord)) return false;  // exactly one job, in front
  ByteReader reader(body);
  if (type == kJobRecord) {
    if (!state_.job.ParseFromArray(body.data(), static_cast<int>(body.size()))) return false;
    has_job_ = true;
    state_.end = state_.job.end();
    state_.cursor = state_.job.cursor();
    return true;
  }
  if (type == kEndRecord) {
    state_.end = reader.U64();
    return reader.ok();
  }
  if (type == kStartRecord) {
    state_.next_seq = state_.low_seq = reader.U64();
    state_.cursor = reader.U64();
    return reader.ok() && places_.empty();
  }
  proto::Batch batch;
  if (type != kBatchRecord || state_.final ||
      !batch.ParseFromArray(body.data(), static_cast<int>(body.size()))) {
    return false;
  }
  if (JobKey::Of(batch) != JobKey::Of(state_.job) || batch.seq() != state_.next_seq ||
      batch.from_index() != state_.cursor || batch.to_index() <= batch.from_index() ||
      batch.to_index() > state_.end) {
    return false;
  }
  ++state_.next_seq;
  state_.cursor = batch.to_index();
  state_.final = batch.final();
  places_.push_back(place);
  return true;
}

Status SpoolFile::WriteRecord(char type, std::string_view body) {
  const std::string record = Frame(type, body);
  Status written = WriteAt(fd_.get(), size_, record, path_);
  if (!written.ok()) {
    // Half a record must not stand between the good part and the next try.
    if (ftruncate(fd_.get(), static_cast<off_t>(size_)) != 0) return ErrnoStatus(path_, errno);
    return written;
  }
  const Place place{size_, record.size()};
  if (!Apply(type, body, place)) return Internal(path_ + ": a record out of its order");
  size_ += place.length;
  return Status::Ok();
}

Status SpoolFile::Append(const proto::Batch& batch) {
  return WriteRecord(kBatchRecord, batch.SerializeAsString());
}

Status SpoolFile::SetEnd(uint64_t end) {
  ByteWriter body;
  body.U64(end);
  return WriteRecord(kEndRecord, body.str());
}

std::optional<proto::Batch> SpoolFile::Read(uint64_t seq) const {
  if (seq < state_.low_seq || seq >= state_.next_seq) return std::nullopt;
  const Place& place = places_[seq - state_.low_seq];
  std::string record(place.length, '\0');
  const ssize_t n =
      pread(fd_.get(), record.data(), record.size(), static_cast<off_t>(place.offset));
  if (n != static_cast<ssize_t>(record.size())) return std::nullopt;
  const auto content = NextRecord(record);
  proto::Batch batch;
  if (!content || content->front() != kBatchRecord ||
      !batch.ParseFromArray(content->data() + 1, static_cast<int>(content->size() - 1))) {
    return std::nullopt;
  }
  return batch;
}

void SpoolFile::Acked(uint64_t next_seq) {
  while (!places_.empty() && state_.low_seq < next_seq) {
    acked_end_ = places_.front().offset + places_.front().length;
    places_.pop_front();
    ++state_.low_seq;
  }
  if (acked_end_ > kRewriteBytes && acked_end_ > size_ / 2) {
    const Status rewritten = Rewrite();
    if (!rewritten.ok()) LogWarning("worker/spool", rewritten.message());
  }
}

// A failed rewrite leaves the old file as it is: only longer than it need be.
Status SpoolFile::Rewrite() {
  const std::string beside = path_ + ".new";
  HARK_ASSIGN_OR_RETURN(SpoolFile fresh, Create(beside, state_.job));
  if (state_.end != state_.job.end()) HARK_RETURN_IF_ERROR(fresh.SetEnd(state_.end));
  const std::optional<proto::Batch> first = Read(state_.low_seq);
  if (!first && state_.low_seq != state_.next_seq) return Corruption(path_ + ": unreadable");
  ByteWriter start;
  start.U64(state_.low_seq);
  start.U64(first ? first->from_index() : state_.cursor);
  HARK_RETURN_IF_ERROR(fresh.WriteRecord(kStartRecord, start.str()));
  fresh.acked_end_ = fresh.size_;
  for (uint64_t seq = state_.low_seq; seq < state_.next_seq; ++seq) {
    const std::optional<proto::Batch> batch = Read(seq);
    if (!batch) return Corruption(path_ + ": unreadable");
    HARK_RETURN_IF_ERROR(fresh.Append(*batch));
  }
  if (std::rename(beside.c_str(), path_.c_str()) != 0) return ErrnoStatus(path_, errno);
  fresh.path_ = path_;
  fresh.state_.final = state_.final;  // its batch may be acknowledged and gone
  *this = std::move(fresh);
  return Status::Ok();
}

void SpoolFile::Delete() {
  fd_.Reset();
  unlink(path_.c_str());
}

}  // namespace hark
