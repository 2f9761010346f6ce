#include "cli/geo_json.h"

#include <nlohmann/json.hpp>

#include "base/strings.h"
#include "cli/render_text.h"

namespace hark {

nlohmann::ordered_json GeoSourceJson(const proto::GeoSource& source) {
  return {{"file", source.file()},
          {"kind", source.kind()},
          {"built", FormatUtc(source.built_unix_ms())},
          {"built_is_file_time", source.built_is_file_time()},
          {"sha256", HexEncode(source.sha256())},
          {"attribution", source.attribution()},
          {"description", source.description()},
          {"networks", source.networks()}};
}

nlohmann::ordered_json GeoSourcesJson(const std::vector<proto::GeoSource>& sources) {
  auto out = nlohmann::ordered_json::array();
  for (const proto::GeoSource& source : sources) out.push_back(GeoSourceJson(source));
  return out;
}

}  // namespace hark
