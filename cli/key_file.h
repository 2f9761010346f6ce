#pragma once

// A CURVE identity on disk: a file, 0600, with the secret key in Z85 on its only line.

#include <string>

#include "base/status.h"
#include "bus/curve.h"

namespace hark {

Result<KeyPair> LoadKeyPair(const std::string& path);
// A new identity, written before it is given.
Result<KeyPair> MakeKeyPair(const std::string& path);

// The coordinator's, beside the store, so that workers find the same key after a restart.
std::string CoordinatorKeyPath(const std::string& db);
// What the operator's commands show a coordinator that runs; the coordinator makes it.
std::string OperatorKeyPath(const std::string& db);
// Made when they are not there yet.
Result<KeyPair> OperatorKeys(const std::string& db);
Result<KeyPair> CoordinatorKeys(const std::string& db);

}  // namespace hark
