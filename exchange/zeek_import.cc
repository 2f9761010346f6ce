#include "exchange/zeek_import.h"

#include "exchange/give_record.h"
#include "exchange/line_source.h"
#include "exchange/zeek_record.h"

namespace hark {
namespace {

constexpr int kCertain = 95;
constexpr int kLikely = 70;

// Of as much as can be read of it. A log that is not there, or broken off, costs bodies and what
// only it knows, and each entry that lacks it says so.
void ReadX509Log(const std::string& path, ZeekCertificates* certificates) {
  Result<std::unique_ptr<ByteSource>> bytes = ByteSource::Open(path);
  if (!bytes.ok()) return;
  LineSource lines(**bytes);
  ZeekLogReader reader;
  SourceRecord record;
  std::string fault;
  for (;;) {
    const Result<bool> more = lines.Next(&record);
    if (!more.ok() || !*more) return;
    if (record.too_long) continue;
    const std::optional<ZeekEntry> entry = reader.Read(record.text, &fault);
    if (entry && entry->kind == ZeekKind::kX509) certificates->Add(*entry);
  }
}

class ZeekImporter final : public LineImporter {
 public:
  explicit ZeekImporter(std::string path) : path_(std::move(path)) {}

  Status Line(std::string_view text, uint64_t number, ImportSink& sink) override {
    std::string fault;
    const std::optional<ZeekEntry> entry = reader_.Read(text, &fault);
    if (entry) return GiveRecord(RecordOf(*entry), number, text, sink);
    return fault.empty() ? Status::Ok() : RejectRecord(sink, number, fault, text);
  }

  void Passed(std::string_view text, uint64_t) override { reader_.Pass(text); }

 private:
  ForeignRecord RecordOf(const ZeekEntry& entry) {
    ForeignRecord record;
    switch (entry.kind) {
      case ZeekKind::kSsh:
        return ReadZeekSsh(entry);
      case ZeekKind::kSsl:
        ReadCertificates();
        return ssl_.Read(entry, certificates_);
      case ZeekKind::kX509:
        break;
      case ZeekKind::kNone:
        record.faults.emplace_back("an entry of another log");
        break;
    }
    return record;
  }

  void ReadCertificates() {
    if (has_certificates_) return;
    has_certificates_ = true;
    const std::string beside = X509LogBeside(path_);
    if (!beside.empty()) ReadX509Log(beside, &certificates_);
  }

  const std::string path_;
  ZeekLogReader reader_;
  ZeekSslReader ssl_;
  ZeekCertificates certificates_;
  bool has_certificates_ = false;
};

}  // namespace

std::string X509LogBeside(const std::string& path) {
  const size_t slash = path.rfind('/');
  const size_t name = slash == std::string::npos ? 0 : slash + 1;
  const size_t at = path.find("ssl", name);
  if (at == std::string::npos) return {};
  return path.substr(0, at) + "x509" + path.substr(at + 3);
}

std::unique_ptr<LineImporter> MakeZeekImporter(const ImportOptions& options) {
  return std::make_unique<ZeekImporter>(options.path);
}

int GuessZeek(const std::vector<std::string_view>& first_lines) {
  ZeekLogReader reader;
  std::string fault;
  for (std::string_view line : first_lines) {
    if (line.starts_with("#separator ") || line.starts_with("#fields\t")) return kCertain;
    if (!line.starts_with('{')) continue;
    const std::optional<ZeekEntry> entry = reader.Read(line, &fault);
    if (entry && entry->kind != ZeekKind::kNone && entry->Seconds("ts")) return kLikely;
  }
  return 0;
}

}  // namespace hark
