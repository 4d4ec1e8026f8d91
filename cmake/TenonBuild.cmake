# Compiler flags and helpers shared by every room. No dependency is looked up here.

find_program(TENON_CCACHE ccache)
if(TENON_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_C_COMPILER_LAUNCHER ${TENON_CCACHE})
  set(CMAKE_CXX_COMPILER_LAUNCHER ${TENON_CCACHE})
endif()

add_compile_options(-Wall -Wextra -Werror -Wno-unused-parameter -ffunction-sections -fdata-sections
                    "-ffile-prefix-map=${CMAKE_SOURCE_DIR}/=")
# The build id tells the kernel cache one compiler from another.
add_link_options(-Wl,--gc-sections -Wl,--build-id=sha1)
if(TENON_SANITIZE)
  add_compile_options(-fsanitize=${TENON_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${TENON_SANITIZE})
  # Fuzzers are guided by the coverage of all rooms; the sanitizers' runtime defines what that calls.
  if(TENON_FUZZERS)
    add_compile_options(-fsanitize=fuzzer-no-link)
  endif()
endif()

# tenon_library(NAME SOURCES ... LINK ... DEPENDS ...): a static library of one room.
# MLIR and LLVM come from their shared libraries; tenon_library never links them per component.
function(tenon_library name)
  cmake_parse_arguments(ARG "" "" "SOURCES;LINK;DEPENDS" ${ARGN})
  if(TENON_MUTANTS)
    tenon_mutate(ARG_SOURCES "${ARG_DEPENDS}")
  endif()
  add_library(${name} STATIC ${ARG_SOURCES})
  target_include_directories(${name} PUBLIC ${CMAKE_SOURCE_DIR} ${CMAKE_BINARY_DIR})
  target_include_directories(${name} SYSTEM PUBLIC ${LLVM_INCLUDE_DIRS} ${MLIR_INCLUDE_DIRS})
  target_link_libraries(${name} PUBLIC ${ARG_LINK})
  if(TENON_MUTANTS)
    target_link_libraries(${name} PUBLIC TenonMutants)
  endif()
  if(ARG_DEPENDS)
    add_dependencies(${name} ${ARG_DEPENDS})
  endif()
endfunction()
