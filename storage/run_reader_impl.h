#pragma once

#include <memory>

#include "storage/rocks.h"
#include "storage/run_reader.h"

namespace hark {

// A reader of one run over a snapshot taken now.
std::unique_ptr<RunReader> MakeRunReader(std::shared_ptr<Rocks> rocks, proto::RunRow run);

// See Store::LogicalDigest.
Result<std::string> DigestRun(const RunReader& reader);

}  // namespace hark
