#pragma once

// A bundle as files: the covering text, tables, data and pictures. Pure: values in, texts out.
//
//   README.md      what this is, how it was measured, what was left out, whom to ask, how to opt
//   out tables.md      the clusters, and the holder's own hosts in them bundle.json    everything,
//   for programs (docs/bundles.md) clusters.csv  members.csv  keys.csv graphs/g….dot, graphs/g….svg
//   a picture of each cluster

#include <functional>
#include <string>
#include <vector>

#include "analysis/bundle.h"

namespace hark {

struct BundleFile {
  std::string path;  // below the bundle's folder
  std::string content;
};

// What the operator adds.
struct BundleLetter {
  std::string contact;  // URL or mail address
  std::string date;     // of today, "2026-11-22"
};

// Draws a cluster, in as many files as it likes.
using BundlePainter = std::function<std::vector<BundleFile>(const BundleCluster& cluster)>;

std::vector<BundleFile> BundleFiles(const Bundle& bundle, const BundleLetter& letter,
                                    const BundlePainter& paint);

std::string BundleAsJson(const Bundle& bundle, const BundleLetter& letter);
std::string BundleReadme(const Bundle& bundle, const BundleLetter& letter);
std::string BundleTables(const Bundle& bundle);

}  // namespace hark
