# cmake -DFUNCTION=Name -DFILES=a,b -DOUT=x.cc -P embed_files.cmake: hark_embed's work.
string(REPLACE "," ";" FILES "${FILES}")
set(bytes "")
foreach(file ${FILES})
  file(READ ${file} hex HEX)
  string(APPEND bytes "${hex}0a")  # a file without a line end must not swallow the next
endforeach()
string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${bytes}")
file(WRITE ${OUT} "// Made by cmake/embed_files.cmake.
#include <string_view>

namespace hark {
namespace {
constexpr unsigned char kBytes[] = {${bytes}};
}  // namespace

std::string_view ${FUNCTION}() {
  return {reinterpret_cast<const char*>(kBytes), sizeof kBytes};
}

}  // namespace hark
")
