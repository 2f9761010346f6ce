#pragma once

// A folder of its own in which the system's ssh-keygen and openssl make keys, for tests that
// compare our reading with theirs.

#include <gtest/gtest.h>
#include <openssl/evp.h>

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>

#include "base/strings.h"
#include "base/testing/temp_directory.h"

namespace hark {

class KeyWorkshop {
 public:
  // Runs a shell command in the folder; its output. The test fails if the command does.
  std::string Run(const std::string& command) {
    const std::string line =
        "cd " + folder_.path() + " && (" + command + ") > out 2> err < /dev/null";
    // NOLINTNEXTLINE(concurrency-mt-unsafe): only the test's one thread runs commands
    EXPECT_EQ(std::system(line.c_str()), 0) << command << "\n" << Read("err");
    return Read("out");
  }

  std::string Read(const std::string& file) {
    std::ifstream in(Path(file), std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }

  void Write(const std::string& file, const std::string& bytes) {
    std::ofstream(Path(file), std::ios::binary) << bytes;
  }

  // The blob of a one-line OpenSSH public key file.
  std::string Blob(const std::string& file) {
    const std::string text = Read(file);
    const std::vector<std::string_view> words = Split(Trim(text), ' ');
    return words.size() < 2 ? std::string() : FromBase64(words[1]);
  }

  void WriteBlob(const std::string& file, const std::string& type, const std::string& blob) {
    std::string base64(blob.size() * 2 + 8, '\0');
    const int n = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(base64.data()),
                                  reinterpret_cast<const unsigned char*>(blob.data()),
                                  static_cast<int>(blob.size()));
    Write(file, type + " " + base64.substr(0, static_cast<size_t>(n)) + " test\n");
  }

  std::string Path(const std::string& file) const { return folder_ / file; }

  static std::string FromBase64(std::string_view text) {
    std::string out(text.size(), '\0');
    const int n = EVP_DecodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                                  reinterpret_cast<const unsigned char*>(text.data()),
                                  static_cast<int>(text.size()));
    const size_t padding = text.ends_with("==") ? 2 : text.ends_with("=") ? 1 : 0;
    out.resize(n < 0 ? 0 : static_cast<size_t>(n) - padding);
    return out;
  }

 private:
  TempDirectory folder_;
};

}  // namespace hark
