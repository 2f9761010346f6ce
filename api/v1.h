#pragma once

// hark's own routes (docs/api.md): hosts, keys, certificates, banners, HASSH, environments,
// clusters, runs, comparisons and statistics under /v1, and the OpenAPI document of all routes at
// /openapi.json.
//
// One table has each route with its words for the document, so that none is missing there. Answers
// are those of the functions in v1_*.h, which `hark lookup` prints, too.

#include <memory>
#include <string>

#include "api/api_context.h"
#include "api/http.h"

namespace hark {

struct V1Options {
  std::string environments;  // folder (api/environment.h); "" = there are none
};

void AddV1Routes(HttpRouter& router, std::shared_ptr<const ApiContext> context,
                 V1Options options = {});

}  // namespace hark
