#pragma once

// Observations as JSON: what `hark grab` prints of a host, in the form exports and look-ups share.
// docs/formats/observation.md describes every member; they keep their names and meaning, new ones
// are added at the end of their object.
//
// An observation holds strangers' bytes. They are shown escaped (EscapeForDisplay), so nothing is
// lost and the document is ASCII. Members of facts that were not seen are left out.

#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "proto/observation.pb.h"

namespace hark {

// The certificate with this SHA-256 (32 bytes), nullopt when there is none.
using CertificateFinder = std::function<std::optional<std::string>(std::string_view sha256)>;

struct ObservationJsonOptions {
  bool der = false;  // certificates whole, as base64
  // For observations from the store, which name their certificates by hash. Those from a worker
  // hold them and need none.
  CertificateFinder find_certificate;
};

nlohmann::ordered_json PortObservationJson(const proto::PortObservation& observation,
                                           const ObservationJsonOptions& options = {});

// The whole visit: address, when, how long, and its ports.
nlohmann::ordered_json HostObservationJson(const proto::HostObservation& host,
                                           const ObservationJsonOptions& options = {});

// The lists of an SSH server (RFC 4253 §7.1), each as an array.
nlohmann::ordered_json KexInitJson(const proto::SshKexInit& lists);

}  // namespace hark
