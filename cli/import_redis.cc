#include "cli/import_redis.h"

#include <cstdio>

#include "base/host_port.h"
#include "base/strings.h"
#include "exchange/history_sink.h"
#include "exchange/import_queue.h"
#include "exchange/passive_ssh_redis.h"

namespace hark {
namespace {

struct RedisPlace {
  HostPort server;
  uint32_t db = 0;
};

Result<RedisPlace> ParseRedisPlace(const std::string& text) {
  RedisPlace place;
  const size_t comma = text.find(',');
  Result<HostPort> server = ParseHostPort(text.substr(0, comma));
  if (!server.ok()) return server.status().Prepend("--redis");
  place.server = *server;
  if (comma == std::string::npos) return place;
  const std::optional<uint64_t> db = ParseUint(text.substr(comma + 1));
  if (!db || *db > UINT16_MAX) return InvalidInput("--redis: behind the comma, a database number");
  place.db = static_cast<uint32_t>(*db);
  return place;
}

// A place in the database means nothing to another server, nor to this one once it was started
// again: then, and for one that does not tell who it is, everything is read.
Result<ImportProgress> KnownProgress(Store& store, const std::string& name) {
  if (name.empty()) return ImportProgress();
  HARK_ASSIGN_OR_RETURN(const std::optional<std::string> text, store.Meta(name));
  const auto known = text ? DecodeImportProgress(*text) : std::optional<ImportProgress>();
  return known && !known->done ? *known : ImportProgress();
}

}  // namespace

Status ImportRedis(const std::string& text, Store& store, RejectFile& rejects,
                   const std::function<bool()>& goes_on, ImportCounts* total) {
  HARK_ASSIGN_OR_RETURN(const RedisPlace place, ParseRedisPlace(text));
  HARK_ASSIGN_OR_RETURN(const std::unique_ptr<RedisLink> link,
                        ConnectRedis(place.server, place.db));
  PassiveSshRedis redis(*link);
  HARK_ASSIGN_OR_RETURN(const std::string identity, redis.Identity());
  const std::string name = identity.empty() ? std::string()
                                            : ImportProgressName(StrCat(identity, ",", place.db),
                                                                 "passive-ssh-redis", "");
  HARK_ASSIGN_OR_RETURN(const ImportProgress from, KnownProgress(store, name));
  // Progress counts lines from 1; here the first is the kind of hosts that is read first.
  const PassiveSshRedis::Place at{from.next_line - 1, from.next_byte};
  if (at != PassiveSshRedis::Place()) {
    std::fprintf(stderr, "%s: goes on\n", text.c_str());
    HARK_RETURN_IF_ERROR(rejects.TruncateTo(from.reject_bytes));
  }
  HistoryTarget target(store, name, rejects, text);
  ImportQueue queue(target, from);
  const Result<bool> ended = redis.Read(at, queue, goes_on);
  const Status stored = queue.Finish(ended.ok() && *ended);
  AddCounts(queue.counts(), total);
  if (!ended.ok()) return ended.status();
  HARK_RETURN_IF_ERROR(stored);
  if (*ended) return Status::Ok();
  return {StatusCode::kInterrupted, "interrupted; the same command goes on where this one stopped"};
}

}  // namespace hark
