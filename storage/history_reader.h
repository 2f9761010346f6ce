#pragma once

#include <memory>

#include "storage/history.h"
#include "storage/rocks.h"

namespace hark {

// A reader of the history over a snapshot taken now.
std::unique_ptr<HistoryReader> MakeHistoryReader(std::shared_ptr<Rocks> rocks);

}  // namespace hark
