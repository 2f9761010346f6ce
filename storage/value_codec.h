#pragma once

// Values of the store: one format byte, then a protobuf message.

#include <string>
#include <string_view>

#include "base/status.h"
#include "base/strings.h"
#include "storage/schema.h"

namespace hark {

template <typename Message>
std::string EncodeValue(const Message& message) {
  std::string value(1, schema::kValueFormat);
  message.AppendToString(&value);
  return value;
}

template <typename Message>
Status DecodeValue(std::string_view value, std::string_view what, Message* message) {
  if (value.empty() || value.front() != schema::kValueFormat ||
      !message->ParseFromArray(value.data() + 1, static_cast<int>(value.size() - 1))) {
    return Corruption(StrCat("the store holds an unreadable ", what));
  }
  return Status::Ok();
}

}  // namespace hark
