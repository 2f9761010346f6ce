#include "cli/key_file.h"

#include <unistd.h>

#include "base/file.h"
#include "base/strings.h"

namespace hark {
namespace {

constexpr size_t kMaxKeyFile = 1024;  // a key is 40 characters

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

Result<KeyPair> CoordinatorKeys(const std::string& db) {
  const std::string path = CoordinatorKeyPath(db);
  return access(path.c_str(), F_OK) == 0 ? LoadKeyPair(path) : MakeKeyPair(path);
}

}  // namespace hark
