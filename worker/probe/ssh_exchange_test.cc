// Key-exchange messages a server may get wrong, one by one.

#include "worker/probe/ssh_exchange.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/bytes.h"
#include "base/strings.h"
#include "keys/ssh_key.h"
#include "worker/probe/limits.h"
#include "worker/probe/ssh_algorithms.h"
#include "worker/probe/ssh_wire.h"

namespace hark::ssh {
namespace {

using ::testing::HasSubstr;

std::string Text(std::string_view bytes) {
  ByteWriter out;
  out.String32(bytes);
  return out.Take();
}

std::string Message(uint8_t type, const std::string& rest) {
  return std::string(1, static_cast<char>(type)) + rest;
}

std::string Group(std::string_view prime, std::string_view generator) {
  return Message(kGexGroup, Text(prime) + Text(generator));
}

const std::string kPrime = "\x7f" + std::string(255, '\xff');

TEST(Exchanges, ExistForEveryMethodWeOffer) {
  for (std::string_view method : Split(kSshKexMethods, ',')) {
    EXPECT_TRUE(Exchange::New(method)) << method;
  }
  EXPECT_FALSE(Exchange::New("none"));
  EXPECT_FALSE(Exchange::New(""));
}

TEST(GroupExchange, TakesItsMessagesInTheirOrderOnly) {
  const std::string reply = Message(kGexReply, Text("key") + Text("\x05") + Text("sig"));
  for (uint8_t first : {30, 32, 33, 34, 35, 49}) {
    const auto exchange = Exchange::New("diffie-hellman-group-exchange-sha256");
    exchange->Start();
    const ExchangeStep step = exchange->On(Message(first, reply.substr(1)), {});
    EXPECT_THAT(step.broken, HasSubstr("out of turn")) << int{first};
    EXPECT_FALSE(step.reply);
  }
  const auto exchange = Exchange::New("diffie-hellman-group-exchange-sha256");
  exchange->Start();
  const ExchangeStep step = exchange->On(Group(kPrime, "\x02"), {});
  EXPECT_EQ(step.broken, "");
  EXPECT_EQ(static_cast<uint8_t>(step.say.at(0)), kGexInit);
  EXPECT_THAT(exchange->On(Group(kPrime, "\x02"), {}).broken, HasSubstr("out of turn"));
  EXPECT_TRUE(exchange->On(reply, {}).reply);
}

TEST(GroupExchange, RefusesGroupsThatAreNone) {
  const auto answer = [](const std::string& group) {
    const auto exchange = Exchange::New("diffie-hellman-group-exchange-sha1");
    exchange->Start();
    return exchange->On(group, {}).broken;
  };
  std::string even = kPrime;
  even.back() = '\xfe';
  EXPECT_THAT(answer(Group("\x01", "\x02")), HasSubstr("unacceptable group"));
  EXPECT_THAT(answer(Group(even, "\x02")), HasSubstr("unacceptable group"));
  EXPECT_THAT(answer(Group("\xff" + kPrime, "\x02")), HasSubstr("unacceptable group"));
  EXPECT_THAT(answer(Group("", "")), HasSubstr("unacceptable group"));
  EXPECT_THAT(answer(Group(kPrime, "")), HasSubstr("unacceptable group"));
  EXPECT_THAT(answer(Group("\x7f" + std::string(8191, '\xff'), "\x02")),
              HasSubstr("malformed group"))
      << "65536 bits";
  const std::string whole = Group(kPrime, "\x02");
  for (size_t size = 1; size < whole.size(); ++size) {
    EXPECT_THAT(answer(whole.substr(0, size)), HasSubstr("malformed group")) << size;
  }
}

TEST(Replies, AreReadAsFarAsTheyGo) {
  const auto exchange = Exchange::New("curve25519-sha256");
  const std::string value = "\x09" + std::string(31, '\0');
  const std::string whole = Message(kKexReply, Text("key") + Text(value) + Text("sig"));
  for (size_t size = 1; size < whole.size(); ++size) {
    const ExchangeStep step = exchange->On(whole.substr(0, size), {});
    EXPECT_NE(step.broken, "") << size;
    EXPECT_EQ(step.reply.has_value(), size >= 8) << size;
  }
  const ExchangeStep step = exchange->On(whole, {});
  EXPECT_EQ(step.broken, "");
  EXPECT_EQ(step.reply->host_key, "key");
  EXPECT_EQ(step.reply->signature, "sig");
  EXPECT_EQ(step.reply->exchange_hash.size(), 32u);
}

TEST(Replies, MayHaveNumbersAndSignaturesUpToTheirLimits) {
  const auto broken = [](size_t number, size_t signature) {
    const auto exchange = Exchange::New("diffie-hellman-group14-sha256");
    return exchange
        ->On(Message(kKexReply, Text("key") + Text("\x01" + std::string(number - 1, 'n')) +
                                    Text(std::string(signature, 's'))),
             {})
        .broken;
  };
  EXPECT_EQ(broken(256, kMaxSshSignature), "");
  EXPECT_THAT(broken(256, kMaxSshSignature + 1), HasSubstr("malformed"));
  EXPECT_THAT(broken(kMaxSshNumber, 1), HasSubstr("unacceptable public value"));
  EXPECT_THAT(broken(kMaxSshNumber + 1, 1), HasSubstr("malformed"));
}

TEST(Replies, MayHaveAHostKeyUpToItsLimit) {
  const auto exchange = Exchange::New("curve25519-sha256");
  EXPECT_TRUE(exchange->On(Message(kKexReply, Text(std::string(kMaxSshKeyBlob, 'k'))), {}).reply);
  EXPECT_FALSE(
      exchange->On(Message(kKexReply, Text(std::string(kMaxSshKeyBlob + 1, 'k'))), {}).reply);
}

}  // namespace
}  // namespace hark::ssh
