#pragma once

#include <cstdint>
#include <string_view>

#include "exchange/foreign_record.h"
#include "exchange/imported_host.h"

namespace hark {

// What a line came to, to the sink: its sightings, and one reject with all of its faults.
Status GiveRecord(ForeignRecord record, uint64_t line, std::string_view text, ImportSink& sink);

}  // namespace hark
