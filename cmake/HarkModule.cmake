# hark_module(name DEPS a b c): one folder, one static library. Every *.cc that is not a test,
# fuzz target, bench or main belongs to it; DEPS is the folder's whole permission to include.
# Tests beside the sources (*_test.cc) become one ctest binary, <name>_test.
function(hark_module name)
  cmake_parse_arguments(ARG "" "" "DEPS;TEST_DEPS" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS *.cc)
  list(FILTER sources EXCLUDE REGEX "(_test|_fuzz|_bench|main)\\.cc$")
  if(NOT sources)  # headers only, so far
    add_library(${name} INTERFACE)
    target_link_libraries(${name} INTERFACE ${ARG_DEPS})
    return()
  endif()
  add_library(${name} STATIC ${sources})
  target_link_libraries(${name} PUBLIC ${ARG_DEPS} PRIVATE hark_flags)
  file(GLOB tests CONFIGURE_DEPENDS *_test.cc)
  if(tests)
    hark_test(${name}_test SOURCES ${tests} DEPS ${name} ${ARG_TEST_DEPS})
  endif()
  file(GLOB fuzzers CONFIGURE_DEPENDS *_fuzz.cc)
  foreach(source ${fuzzers})
    hark_fuzz(${source} DEPS ${name} ${ARG_TEST_DEPS})
  endforeach()
endfunction()

# What every test runs with: one variable, since gtest_discover_tests takes no lists.
set(HARK_TEST_ENVIRONMENT "TZ=UTC")
if(HARK_SANITIZE STREQUAL "thread")
  set(HARK_TEST_ENVIRONMENT "TSAN_OPTIONS=suppressions=${CMAKE_SOURCE_DIR}/tests/tsan.supp")
endif()

# hark_test(name SOURCES ... DEPS ...): a GoogleTest binary whose cases ctest lists one by one.
function(hark_test name)
  cmake_parse_arguments(ARG "" "TIMEOUT" "SOURCES;DEPS" ${ARGN})
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 120)
    if(HARK_SANITIZE)
      set(ARG_TIMEOUT 600)
    endif()
  endif()
  add_executable(${name} ${ARG_SOURCES})
  target_link_libraries(${name} PRIVATE ${ARG_DEPS} hark_flags GTest::gmock GTest::gtest_main)
  gtest_discover_tests(${name} DISCOVERY_MODE PRE_TEST TEST_PREFIX "${name}/"
    WORKING_DIRECTORY ${CMAKE_SOURCE_DIR}
    PROPERTIES TIMEOUT ${ARG_TIMEOUT} ENVIRONMENT "${HARK_TEST_ENVIRONMENT}")
endfunction()

# hark_fuzz(x_fuzz.cc DEPS ...): with -DHARK_FUZZ=ON a libFuzzer program; otherwise a program that
# replays the corpus in tests/corpus/<name>, so that every build keeps what fuzzing once found.
function(hark_fuzz source)
  cmake_parse_arguments(ARG "" "" "DEPS" ${ARGN})
  get_filename_component(name ${source} NAME_WE)
  set(corpus ${CMAKE_SOURCE_DIR}/tests/corpus/${name})
  if(HARK_FUZZ)
    add_executable(${name} ${source})
    target_link_options(${name} PRIVATE -fsanitize=fuzzer)
    target_link_libraries(${name} PRIVATE ${ARG_DEPS} hark_flags)
  else()
    add_executable(${name} ${source} ${CMAKE_SOURCE_DIR}/tests/replay_corpus_main.cc)
    target_link_libraries(${name} PRIVATE ${ARG_DEPS} hark_flags)
    add_test(NAME fuzz_corpus/${name} COMMAND ${name} ${corpus})
  endif()
endfunction()
