#pragma once

// One MISP event (core format, JSON) with an object a place that speaks SSH, after the template
// "passive-ssh", and one a certificate, after "x509". Identifiers are made of what they name (UUID
// version 5), so the same place or certificate is the same object in every export and MISP updates
// it instead of making a second one.

#include <string>

#include "exchange/hash_memory.h"
#include "exchange/shown_port.h"
#include "exchange/text_sink.h"

namespace hark {

struct MispEvent {
  std::string info;    // its title; also what makes it the same event again
  int64_t unix_s = 0;  // now: MISP takes an event for newer by this
};

class MispWriter {
 public:
  // sink outlives it.
  MispWriter(MispEvent event, const TextSink& sink) : event_(std::move(event)), sink_(sink) {}

  Status Begin();
  Status Add(const ShownPort& shown);
  Status End();

 private:
  Status Object(const std::string& json);

  MispEvent event_;
  const TextSink& sink_;
  HashMemory certificates_;
  bool first_ = true;
};

// RFC 9562 §5.5, in a namespace of hark's own.
std::string NameUuid(std::string_view name);

}  // namespace hark
