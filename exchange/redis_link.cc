#include "exchange/redis_link.h"

#include <hiredis/hiredis.h>

#include <algorithm>
#include <cstring>
#include <string_view>

#include "base/strings.h"

namespace hark {
namespace {

constexpr timeval kConnectTimeout = {5, 0};
// A kvrocks in the middle of a compaction may take its time over one answer.
constexpr timeval kAnswerTimeout = {60, 0};
// As many questions on their way as neither side's buffers mind.
constexpr size_t kMostUnderWay = 4096;
constexpr const char* kScanCount = "1000";

struct FreeContext {
  void operator()(redisContext* context) const { redisFree(context); }
};
struct FreeReply {
  void operator()(redisReply* reply) const { freeReplyObject(reply); }
};
using ContextPtr = std::unique_ptr<redisContext, FreeContext>;
using ReplyPtr = std::unique_ptr<redisReply, FreeReply>;

std::string TextOf(const redisReply& reply) {
  return reply.str == nullptr ? std::string() : std::string(reply.str, reply.len);
}

Status IoStatus(const redisContext& context) {
  return IoError(StrCat("redis: ", EscapeForDisplay(context.errstr)));
}

// A cursor and what was found there, members, or a text.
RedisAnswer AnswerOf(const redisReply& reply) {
  RedisAnswer answer;
  if (reply.type != REDIS_REPLY_ARRAY) {
    answer.text = TextOf(reply);
    return answer;
  }
  const redisReply* list = &reply;
  if (reply.elements == 2 && reply.element[1]->type == REDIS_REPLY_ARRAY) {
    answer.text = TextOf(*reply.element[0]);
    list = reply.element[1];
  }
  for (size_t i = 0; i < list->elements; ++i) answer.items.push_back(TextOf(*list->element[i]));
  return answer;
}

class HiredisLink final : public RedisLink {
 public:
  explicit HiredisLink(ContextPtr context) : context_(std::move(context)) {}

  Result<std::vector<RedisAnswer>> Ask(const std::vector<RedisQuestion>& questions) override {
    std::vector<RedisAnswer> answers;
    answers.reserve(questions.size());
    for (size_t from = 0; from < questions.size(); from += kMostUnderWay) {
      const size_t to = std::min(questions.size(), from + kMostUnderWay);
      for (size_t i = from; i < to; ++i) HARK_RETURN_IF_ERROR(Send(RedisWords(questions[i])));
      for (size_t i = from; i < to; ++i) {
        HARK_ASSIGN_OR_RETURN(RedisAnswer answer, Receive());
        answers.push_back(std::move(answer));
      }
    }
    return answers;
  }

  Status Send(const std::vector<std::string>& words) {
    std::vector<const char*> starts;
    std::vector<size_t> sizes;
    for (const std::string& word : words) {
      starts.push_back(word.data());
      sizes.push_back(word.size());
    }
    const int count = static_cast<int>(words.size());
    return redisAppendCommandArgv(context_.get(), count, starts.data(), sizes.data()) == REDIS_OK
               ? Status::Ok()
               : IoStatus(*context_);
  }

  Result<RedisAnswer> Receive() {
    void* raw = nullptr;
    if (redisGetReply(context_.get(), &raw) != REDIS_OK) return IoStatus(*context_);
    const ReplyPtr reply(static_cast<redisReply*>(raw));
    if (reply->type != REDIS_REPLY_ERROR) return AnswerOf(*reply);
    const std::string error = TextOf(*reply);
    if (!error.starts_with("WRONGTYPE")) return Unavailable("redis: " + EscapeForDisplay(error));
    RedisAnswer answer;
    answer.wrong_kind = true;
    return answer;
  }

 private:
  ContextPtr context_;
};

}  // namespace

std::vector<std::string> RedisWords(const RedisQuestion& question) {
  switch (question.verb) {
    case RedisVerb::kInfo:
      return {"INFO", "server"};
    case RedisVerb::kScanSet:
      return {"SSCAN", question.key, question.more, "COUNT", kScanCount};
    case RedisVerb::kMembers:
      return {"SMEMBERS", question.key};
    case RedisVerb::kSequence:
      return {"ZRANGE", question.key, "0", "-1"};
    case RedisVerb::kField:
      return {"HGET", question.key, question.more};
  }
  return {};
}

Result<std::unique_ptr<RedisLink>> ConnectRedis(const HostPort& server, uint32_t db) {
  ContextPtr context(
      redisConnectWithTimeout(server.address.ToString().c_str(), server.port, kConnectTimeout));
  if (!context) return IoError("redis: no memory");
  if (context->err != 0) return IoStatus(*context);
  redisSetTimeout(context.get(), kAnswerTimeout);
  auto link = std::make_unique<HiredisLink>(std::move(context));
  if (db != 0) {
    HARK_RETURN_IF_ERROR(link->Send({"SELECT", std::to_string(db)}));
    HARK_RETURN_IF_ERROR(link->Receive().status());
  }
  return std::unique_ptr<RedisLink>(std::move(link));
}

}  // namespace hark
