# hark_embed(target FUNCTION FILE...): gives the target `std::string_view FUNCTION()`, declared in a
# header of its own, with the files' bytes one after another. The files are read when the target is
# built; what they are is checked when it is configured.
function(hark_embed target function)
  set(files ${ARGN})
  foreach(file ${files})
    if(NOT EXISTS ${file})
      message(FATAL_ERROR "${file} is missing; scripts/install-deps.sh installs what hark is built from")
    endif()
  endforeach()
  set(out ${CMAKE_CURRENT_BINARY_DIR}/embedded_${function}.cc)
  string(REPLACE ";" "," list "${files}")
  add_custom_command(OUTPUT ${out}
    COMMAND ${CMAKE_COMMAND} -DFUNCTION=${function} -DFILES=${list} -DOUT=${out}
      -P ${CMAKE_SOURCE_DIR}/cmake/embed_files.cmake
    DEPENDS ${files} ${CMAKE_SOURCE_DIR}/cmake/embed_files.cmake VERBATIM)
  target_sources(${target} PRIVATE ${out})
endfunction()
