#pragma once

#include <memory>

#include "storage/rocks.h"
#include "storage/run_reader.h"

namespace hark {

// A reader of one run over a snapshot taken now.
std::unique_ptr<RunReader> MakeRunReader(std::shared_ptr<Rocks> rocks, proto::RunRow run);

// See RunReader::ForEachSwept; snapshot nullptr: as it is now.
Status VisitSwept(const Rocks& rocks, uint32_t run, const rocksdb::Snapshot* snapshot,
                  const std::function<Status(uint64_t, const proto::SweptRow&)>& visit);

// See Store::LogicalDigest.
Result<std::string> DigestRun(const RunReader& reader);

}  // namespace hark
