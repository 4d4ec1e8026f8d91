# With TENON_MUTANTS, for the tests of `tenon debug` only: passes and lowerings are compiled with faults that an
# environment variable switches on, see test/mutants. Python needs test/mutants/requirements.txt.
option(TENON_MUTANTS "compile faults into passes and lowerings, to be switched on at run time" OFF)

# What is mutated, and in files that also hold what faults are judged by, which functions (CLASS::FUNCTION).
set(TENON_MUTATED
    "^(passes|codegen/common|codegen/kernels)/|^ir/Folding|^ir/ops/(Layout|Composite|Contraction|Movement)"
    CACHE STRING "regular expression of the files to mutate")
set(TENON_NOT_MUTATED "passes/(Pipelines|Rewrites|Steps|MinCut|Raise.cpp|Simplify.cpp)|common/(KernelTemplate|RegisterTile)|math/(ArcTrig|Trig|Pow|Log)|elements/Gather")
set(TENON_MUTATED_IR "::(matchAndRewrite|fold|decompose|permute|canPermute|followsLayout|foldConstant)$")

if(TENON_MUTANTS)
  find_program(TENON_MUTANTS_PYTHON NAMES python3 PATHS ${CMAKE_SOURCE_DIR}/.venv/bin NO_DEFAULT_PATH REQUIRED)
  find_library(TENON_LIBCLANG NAMES clang-22 libclang-22.so.1 PATHS /usr/lib/llvm-22/lib REQUIRED)
  add_library(TenonMutants STATIC ${CMAKE_SOURCE_DIR}/test/mutants/Mutants.cpp)
  target_include_directories(TenonMutants PUBLIC ${CMAKE_SOURCE_DIR})
endif()

# Replaces sources (the list `variable`) by mutated ones. `targets` generate headers that they include.
function(tenon_mutate variable targets)
  set(result)
  foreach(source IN LISTS ${variable})
    get_filename_component(path ${source} ABSOLUTE)
    file(RELATIVE_PATH name ${CMAKE_SOURCE_DIR} ${path})
    if(NOT name MATCHES "${TENON_MUTATED}" OR name MATCHES "${TENON_NOT_MUTATED}")
      list(APPEND result ${source})
      continue()
    endif()
    set(functions ".")
    if(name MATCHES "^ir/")
      set(functions "${TENON_MUTATED_IR}")
    endif()
    set(output ${CMAKE_BINARY_DIR}/mutants/${name})
    add_custom_command(
      OUTPUT ${output} ${output}.json
      COMMAND ${TENON_MUTANTS_PYTHON} ${CMAKE_SOURCE_DIR}/test/mutants/mutate.py ${path} --root ${CMAKE_SOURCE_DIR} -o
              ${output} --list ${output}.json --libclang ${TENON_LIBCLANG} --functions "${functions}" -- -std=gnu++17
              -I${CMAKE_SOURCE_DIR} -I${CMAKE_BINARY_DIR} -isystem ${MLIR_INCLUDE_DIRS}
      DEPENDS ${path} ${CMAKE_SOURCE_DIR}/test/mutants/mutate.py ${targets} TenonIRIncGen TenonPassesIncGen TenonCodegenIncGen
      VERBATIM)
    set_source_files_properties(${output} PROPERTIES COMPILE_OPTIONS "-w;-O0")
    list(APPEND result ${output})
  endforeach()
  set(${variable} ${result} PARENT_SCOPE)
endfunction()
