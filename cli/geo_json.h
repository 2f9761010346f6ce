#pragma once

#include <nlohmann/json_fwd.hpp>
#include <vector>

#include "proto/store.pb.h"

namespace hark {

// What a run records of its geo data, as docs/geo-data.md describes it.
nlohmann::ordered_json GeoSourceJson(const proto::GeoSource& source);
nlohmann::ordered_json GeoSourcesJson(const std::vector<proto::GeoSource>& sources);

}  // namespace hark
