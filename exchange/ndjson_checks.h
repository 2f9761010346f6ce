#pragma once

// What rows of a hark NDJSON file must be before they may enter a store: whoever wrote the file may
// be hostile. Each gives why the row cannot be taken, "" if it can.

#include <string_view>

#include "proto/store.pb.h"

namespace hark {

std::string_view WhyNotRun(const proto::RunRow& row);
std::string_view WhyNotJob(const proto::JobRow& row);
std::string_view WhyNotHost(const proto::HostRow& row);
std::string_view WhyNotPort(const proto::PortRow& row, uint16_t port);
std::string_view WhyNotSwept(const proto::SweptRow& row);
std::string_view WhyNotRevisit(const proto::RevisitRow& row);
std::string_view WhyNotNames(const proto::NameRow& row);

}  // namespace hark
