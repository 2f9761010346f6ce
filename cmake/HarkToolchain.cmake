# Compiler flags for our own code. Every warning is an error; generated code and libraries are
# SYSTEM and keep theirs.
find_program(CCACHE_PROGRAM ccache)
if(CCACHE_PROGRAM)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CCACHE_PROGRAM})
endif()
find_program(LLD_PROGRAM NAMES ld.lld ld.lld-14)
if(LLD_PROGRAM)
  add_link_options(-fuse-ld=lld)
endif()

set(CMAKE_CXX_FLAGS_DEBUG "-O1 -g1")
set(CMAKE_CXX_FLAGS_RELEASE "-O2 -g1 -DNDEBUG")
set(CMAKE_POSITION_INDEPENDENT_CODE ON)

add_library(hark_flags INTERFACE)
target_compile_options(hark_flags INTERFACE
  -Wall -Wextra -Werror -Wshadow -Wnon-virtual-dtor -Wold-style-cast -Woverloaded-virtual
  -Wimplicit-fallthrough -Wcast-align -Wformat=2 -Wundef)
target_include_directories(hark_flags INTERFACE ${CMAKE_SOURCE_DIR})
target_compile_definitions(hark_flags INTERFACE HARK_VERSION="${PROJECT_VERSION}")

# For programs that write stores (docs/decisions/0037-jemalloc.md). Sanitizers bring their own.
add_library(hark_allocator INTERFACE)
if(NOT HARK_SANITIZE AND NOT HARK_FUZZ)
  target_link_libraries(hark_allocator INTERFACE PkgConfig::JEMALLOC)
endif()

if(HARK_SANITIZE)
  add_compile_options(-fsanitize=${HARK_SANITIZE} -fno-omit-frame-pointer
                      -fno-sanitize-recover=all)
  # What a sanitizer adds hides from GCC that an optional was asked before it is read.
  add_compile_options(-Wno-maybe-uninitialized)
  add_link_options(-fsanitize=${HARK_SANITIZE})
  if(HARK_SANITIZE STREQUAL "thread")
    # GCC's TSan does not model atomic_thread_fence; libstdc++ and our own code do not need it.
    add_compile_options(-Wno-tsan)
  endif()
endif()
if(HARK_FUZZ)
  add_compile_options(-fsanitize=fuzzer-no-link,address,undefined -fno-omit-frame-pointer
                      -fno-sanitize-recover=all)
  add_link_options(-fsanitize=address,undefined)
endif()
