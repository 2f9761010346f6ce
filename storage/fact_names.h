#pragma once

// Internal to storage/: the entries of fact_names that a fact's body stands for. Who writes bodies
// and who checks them ask here, so that they agree.

#include <string>
#include <string_view>
#include <vector>

#include "proto/store.pb.h"
#include "storage/schema.h"
#include "storage/timeline.h"

namespace hark {

// Keys of the family, in any order. md5: of the blob, if it is known already.
std::vector<std::string> NamesOfKey(const Fact& key, std::string_view ssh_blob,
                                    std::string md5 = {});
std::vector<std::string> NamesOfCertificate(const Fact& certificate, std::string_view der);
std::vector<std::string> NamesOfAlgorithms(const Fact& algorithms, const proto::AlgorithmsRow& row);

}  // namespace hark
