#pragma once

// Hands a bundle over whole and checked, or not at all: it is written beside, read back, searched
// for everything that must not be in it, and renamed only then.

#include <string>
#include <vector>

#include "analysis/bundle_check.h"
#include "base/status.h"
#include "cli/bundle_files.h"

namespace hark {

// kInvalidInput unless there is nothing at `out`, or an empty folder.
Status CheckBundlePlace(const std::string& out);

// Every file below the folder, names of files included, whoever wrote it. kInternal for the first
// find: "graphs/g12.svg:4: an address of others (of reverse DNS)"; it never repeats what was found.
Status CheckBundleFolder(const std::string& folder, const BundleCheck& check);

// On any failure nothing is left at `out` or beside it.
Status HandOverBundle(const std::vector<BundleFile>& files, const BundleCheck& check,
                      const std::string& out);

}  // namespace hark
