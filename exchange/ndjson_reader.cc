#include "exchange/ndjson_reader.h"

#include <google/protobuf/stubs/logging.h>

#include <algorithm>
#include <utility>

#include "base/strings.h"
#include "exchange/ndjson_checks.h"
#include "exchange/ndjson_format.h"
#include "keys/key_id.h"

namespace hark {
namespace {

// Of a write: enough that a commit is seldom, little enough that it is nothing.
constexpr size_t kCommitBytes = size_t{4} << 20;
constexpr uint64_t kMaxPort = 65535;

// What a run is named by its plan: equal for the same run, whatever became of it.
std::string PlanOf(proto::RunRow row) {
  row.clear_id();
  row.clear_name();
  row.clear_state();
  row.clear_settings();
  row.clear_finished_unix_ms();
  row.clear_made_with();
  return row.SerializeAsString();
}

// Open, so that nobody takes it for complete; cancelled, so that no coordinator goes on with it.
proto::RunRow WhileReading(proto::RunRow row) {
  row.set_state(proto::RunRow::OPEN);
  row.mutable_settings()->set_cancelled(true);
  return row;
}

}  // namespace

NdjsonReader::NdjsonReader(Store& store, NdjsonReaderOptions options, Reject reject)
    : store_(store),
      options_(std::move(options)),
      reject_(std::move(reject)),
      write_(store.NewWrite()) {
  // Protobuf writes a line to stderr for every text that is not UTF-8; such rows are rejected with
  // a reason of ours.
  google::protobuf::SetLogHandler(nullptr);
}

NdjsonReader::~NdjsonReader() = default;

Status NdjsonReader::Line(std::string_view text) {
  ++summary_.lines;
  const Status parsed = line_.Parse(text);
  const std::optional<std::string_view> type =
      parsed.ok() ? line_.Text("type") : std::optional<std::string_view>();
  if (content_ == Content::kNotKnown) {
    if (!type || *type != "header") return InvalidInput("no hark NDJSON: it begins with no header");
    return Header();
  }
  if (!parsed.ok()) return RejectLine(parsed.message(), text);
  if (!type) return RejectLine("a line without a type", text);
  if (ended_) return RejectLine("behind the end", text);
  HARK_ASSIGN_OR_RETURN(const std::string_view why,
                        content_ == Content::kRun ? RunLine(*type) : HistoryLine(*type));
  if (!why.empty()) return RejectLine(why, text);
  return CommitIfLarge();
}

Status NdjsonReader::Header() {
  const std::optional<uint64_t> format = line_.Uint("hark_ndjson");
  if (!format) return InvalidInput("no hark NDJSON: the header names no format");
  if (*format != kNdjsonFormat) {
    return InvalidInput(StrCat("hark NDJSON of format ", *format, ", this hark reads ",
                               kNdjsonFormat, "; use a newer hark"));
  }
  const std::optional<std::string_view> content = line_.Text("content");
  if (content == "run") content_ = Content::kRun;
  if (content == "history") content_ = Content::kHistory;
  if (content_ == Content::kNotKnown) return InvalidInput("hark NDJSON of neither run nor history");
  if (content_ == Content::kHistory && !options_.run_name.empty()) {
    return InvalidInput("the file holds history, which is no run and takes no name");
  }
  return Status::Ok();
}

Result<std::string_view> NdjsonReader::RunLine(std::string_view type) {
  if (type == "run") return ReadRun();
  if (!run_) return InvalidInput("hark NDJSON of a run that is not described first");
  if (type == "set") return ReadSet();
  if (type == "job") return ReadJob();
  if (type == "swept") return ReadSwept();
  if (type == "purged") return ReadPurged();
  if (type == "listeners") return ReadListeners();
  if (type == "names") return ReadNames();
  if (type == "revisit") return ReadRevisit();
  if (type == "host") return ReadHost();
  if (type == "port") return ReadPort();
  if (type == "certificate") return ReadCertificate();
  if (type == "end") return ReadEnd();
  return std::string_view("a type we do not know");
}

Result<std::string_view> NdjsonReader::HistoryLine(std::string_view type) {
  if (type == "fact") return ReadFact();
  if (type == "timeline") return ReadTimeline();
  if (type == "end") return ReadEnd();
  return std::string_view("a type we do not know");
}

template <typename Message>
bool NdjsonReader::Row(Message& row) const {
  const std::optional<std::string> bytes = line_.Base64("row");
  return bytes && row.ParseFromString(*bytes);
}

Result<std::string_view> NdjsonReader::ReadRun() {
  if (run_) return std::string_view("a second run");
  proto::RunRow row;
  if (!Row(row)) return InvalidInput("hark NDJSON of a run whose row cannot be read");
  if (!options_.run_name.empty()) row.set_name(options_.run_name);
  const std::string_view why = WhyNotRun(row);
  if (!why.empty()) return InvalidInput(StrCat("hark NDJSON of a run that cannot be: ", why));
  HARK_RETURN_IF_ERROR(EnterRun(std::move(row)));
  return std::string_view();
}

// The same run may be there from a reading that was cut short; another one of its name may not.
Status NdjsonReader::EnterRun(proto::RunRow row) {
  HARK_ASSIGN_OR_RETURN(const std::vector<proto::RunRow> runs, store_.Runs());
  uint32_t id = 0;
  bool id_is_free = row.id() > 0;
  for (const proto::RunRow& known : runs) {
    id = std::max(id, known.id());
    id_is_free = id_is_free && known.id() != row.id();
    if (known.name() != row.name()) continue;
    if (PlanOf(known) != PlanOf(row)) {
      return InvalidInput(StrCat("the store has another run named '", EscapeForDisplay(row.name()),
                                 "'; give this one a name of its own"));
    }
    if (row.made_with() == row.id()) row.set_made_with(known.id());
    row.set_id(known.id());
    run_ = std::move(row);
    write_->PutRun(WhileReading(*run_));
    return Status::Ok();
  }
  if (!id_is_free) {
    row.clear_made_with();  // names a run of the store it comes from
    row.set_id(id + 1);
  }
  run_ = std::move(row);
  write_->PutRun(WhileReading(*run_));
  return CommitNow(true);
}

Result<std::string_view> NdjsonReader::ReadSet() {
  const std::optional<std::string> sha256 = line_.Hex("sha256", KeyId::kSize);
  const std::optional<uint64_t> from = line_.Uint("from"), size = line_.Uint("size");
  const std::optional<std::string> data = line_.Base64("data");
  if (!sha256 || !from || !size || !data) return std::string_view("a part of a set");
  if (*sha256 != run_->target_set() && *sha256 != run_->targets6() && *sha256 != run_->left_out()) {
    return std::string_view("a set that is none of the run's");
  }
  if (*from == 0) set_ = {*sha256, ""};
  if (set_.sha256 != *sha256 || set_.bytes.size() != *from || *size > kMaxNdjsonSet ||
      *from + data->size() > *size) {
    return std::string_view("a part of a set that does not follow the one before");
  }
  set_.bytes += *data;
  if (set_.bytes.size() < *size) return std::string_view();
  const Set whole = std::exchange(set_, {});
  if (Sha256(whole.bytes) != whole.sha256) return std::string_view("a set that was changed");
  write_->PutTargetSet(whole.sha256, whole.bytes);
  return std::string_view();
}

std::string_view NdjsonReader::ReadJob() {
  proto::JobRow row;
  if (!Row(row)) return "an unreadable row";
  const std::string_view why = WhyNotJob(row);
  if (why.empty()) write_->PutJob(run_->id(), row);
  return why;
}

std::string_view NdjsonReader::ReadSwept() {
  proto::SweptRow row;
  const std::optional<uint64_t> first = line_.Uint("first");
  if (!first || !Row(row)) return "an unreadable row";
  const std::string_view why = WhyNotSwept(row);
  if (why.empty()) write_->PutSwept(run_->id(), *first, row);
  return why;
}

std::string_view NdjsonReader::ReadPurged() {
  proto::PurgeRow row;
  if (!Row(row)) return "an unreadable row";
  write_->PutPurged(run_->id(), row);
  return "";
}

std::string_view NdjsonReader::ReadListeners() {
  const std::optional<uint64_t> from = line_.Uint("from");
  const auto texts = line_.Texts("addresses", kNdjsonListenersPerLine);
  if (!from || !texts) return "a list of listeners";
  std::vector<Address> addresses;
  for (const std::string_view text : *texts) {
    const std::optional<Address> address = Address::Parse(text);
    if (!address) return "an address";
    addresses.push_back(*address);
  }
  for (size_t i = 0; i < addresses.size(); ++i) {
    write_->PutListener(run_->id(), *from + i, addresses[i]);
  }
  return "";
}

std::string_view NdjsonReader::ReadNames() {
  proto::NameRow row;
  const std::optional<Address> address = Address::Parse(line_.Text("address").value_or(""));
  if (!address || !Row(row)) return "an unreadable row";
  const std::string_view why = WhyNotNames(row);
  if (why.empty()) write_->PutNames(run_->id(), *address, row);
  return why;
}

std::string_view NdjsonReader::ReadRevisit() {
  StoredRevisit entry;
  const std::optional<uint64_t> list = line_.Uint("list"), position = line_.Uint("position");
  if (!list || *list > UINT32_MAX || !position || !Row(entry.row)) return "an unreadable row";
  entry.list = static_cast<uint32_t>(*list);
  entry.position = *position;
  const std::string_view why = WhyNotRevisit(entry.row);
  if (why.empty()) write_->PutRevisit(run_->id(), entry);
  return why;
}

std::string_view NdjsonReader::ReadHost() {
  proto::HostRow row;
  const std::optional<Address> address = Address::Parse(line_.Text("address").value_or(""));
  if (!address || !Row(row)) return "an unreadable row";
  const std::string_view why = WhyNotHost(row);
  if (!why.empty()) return why;
  write_->PutHost(run_->id(), *address, row);
  ++summary_.hosts;
  return "";
}

std::string_view NdjsonReader::ReadPort() {
  proto::PortRow row;
  const std::optional<Address> address = Address::Parse(line_.Text("address").value_or(""));
  const std::optional<uint64_t> port = line_.Uint("port");
  if (!address || !port || *port == 0 || *port > kMaxPort || !Row(row)) return "an unreadable row";
  const std::string_view why = WhyNotPort(row, static_cast<uint16_t>(*port));
  if (!why.empty()) return why;
  write_->PutPort(run_->id(), *address, static_cast<uint16_t>(*port), row);
  ++summary_.ports;
  return "";
}

std::string_view NdjsonReader::ReadCertificate() {
  const std::optional<std::string> sha256 = line_.Hex("sha256", KeyId::kSize);
  const std::optional<std::string> der = line_.Base64("der");
  if (!sha256 || !der || Sha256(*der) != *sha256) return "a certificate that is not its hash's";
  write_->PutCertificate(*sha256, *der);
  ++summary_.certificates;
  return "";
}

std::string_view NdjsonReader::ReadEnd() {
  const std::optional<uint64_t> lines = line_.Uint("lines");
  if (!lines || *lines != summary_.lines) return "an end that counts other lines";
  end_digest_ = line_.Hex("digest", KeyId::kSize).value_or("");
  ended_ = true;
  return "";
}

Status NdjsonReader::CommitIfLarge() {
  return write_->bytes() < kCommitBytes ? Status::Ok() : CommitNow(false);
}

Status NdjsonReader::CommitNow(bool sync) {
  HARK_RETURN_IF_ERROR(store_.Commit(*write_, sync));
  write_ = store_.NewWrite();
  return Status::Ok();
}

Status NdjsonReader::RejectLine(std::string_view reason, std::string_view text) {
  ++summary_.rejected;
  return reject_(
      {summary_.lines, std::string(reason), std::string(text.substr(0, kMaxRejectedText))});
}

Result<NdjsonSummary> NdjsonReader::Finish() {
  if (content_ == Content::kNotKnown) return InvalidInput("no hark NDJSON: the file is empty");
  if (content_ == Content::kRun && !run_) return InvalidInput("hark NDJSON of a run without one");
  HARK_RETURN_IF_ERROR(CommitNow(true));
  if (!ended_) {
    return InvalidInput(
        StrCat("the file ends early, after ", summary_.lines, " lines; what was read is kept"));
  }
  if (run_) HARK_RETURN_IF_ERROR(FinishRun());
  return summary_;
}

Status NdjsonReader::FinishRun() {
  summary_.run = run_->name();
  write_->PutRun(*run_);
  HARK_RETURN_IF_ERROR(CommitNow(true));
  if (end_digest_.empty()) return Status::Ok();
  HARK_ASSIGN_OR_RETURN(const std::string digest, store_.LogicalDigest(run_->name()));
  summary_.same_digest = digest == end_digest_;
  return Status::Ok();
}

}  // namespace hark
