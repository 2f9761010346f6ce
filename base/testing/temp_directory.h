#pragma once

// A directory of its own for one test, gone with it. Tests of one program run beside each other, so
// none may use a name that another could use too.

#include <cstdlib>
#include <filesystem>
#include <stdexcept>
#include <string>

namespace hark {

class TempDirectory {
 public:
  TempDirectory() {
    std::string pattern = (std::filesystem::temp_directory_path() / "hark-test-XXXXXX").string();
    if (mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("no directory " + pattern);
    path_ = pattern;
  }
  ~TempDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TempDirectory(const TempDirectory&) = delete;
  TempDirectory& operator=(const TempDirectory&) = delete;

  // Absolute, without a slash at its end.
  const std::string& path() const { return path_; }

  // The path of a file or directory in it, which need not exist yet.
  std::string operator/(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

}  // namespace hark
