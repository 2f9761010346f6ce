#include "cli/key_file.h"

#include <unistd.h>

#include "base/file.h"
#include "base/strings.h"

namespace hark {
namespace {

constexpr size_t kMaxKeyFile = 1024;  // a key is 40 characters

Result<KeyPair> LoadOrMake(const std::string& path) {
  return access(path.c_str(), F_OK) == 0 ? LoadKeyPair(path) : MakeKeyPair(path);
}

}  // namespace

Result<KeyPair> LoadKeyPair(const std::string& path) {
  HARK_ASSIGN_OR_RETURN(const std::string text, ReadFile(path, kMaxKeyFile));
  KeyPair keys;
  keys.secret_key = Trim(text);
  HARK_ASSIGN_OR_RETURN(keys.public_key, PublicKeyOf(keys.secret_key));
  return keys;
}

Result<KeyPair> MakeKeyPair(const std::string& path) {
  KeyPair keys = GenerateKeyPair();
  HARK_RETURN_IF_ERROR(WriteFileAtomically(path, keys.secret_key + "\n", 0600));
  return keys;
}

std::string CoordinatorKeyPath(const std::string& db) {
  return db + "/coordinator.key";
}

std::string OperatorKeyPath(const std::string& db) {
  return db + "/operator.key";
}

Result<KeyPair> OperatorKeys(const std::string& db) {
  return LoadOrMake(OperatorKeyPath(db));
}

Result<KeyPair> CoordinatorKeys(const std::string& db) {
  return LoadOrMake(CoordinatorKeyPath(db));
}

}  // namespace hark
