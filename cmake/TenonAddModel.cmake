# tenon_add_model(<name> <model.onnx> [RUNTIME <target>] [DEPENDS <file>...] [OPTIONS <argument>...])
#
# Compiles a model when the project is built. Gives the library target <name>: who links it has the model's code and
# weights, the header "<name>.h" with <name>_query(), and the runtime (Tenon::tenon-runtime unless RUNTIME names
# another). OPTIONS go to `tenon compile`, DEPENDS lists further files that the model consists of.
#
#   find_package(Tenon REQUIRED)
#   tenon_add_model(digits digits.onnx OPTIONS --dim batch=1)
#   target_link_libraries(app PRIVATE digits)
function(tenon_add_model name model)
  cmake_parse_arguments(PARSE_ARGV 2 ARG "" "RUNTIME" "OPTIONS;DEPENDS")
  if(ARG_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "tenon_add_model(${name}): unknown arguments ${ARG_UNPARSED_ARGUMENTS}")
  endif()
  if(NOT TENON_COMPILER)
    message(FATAL_ERROR "tenon_add_model(${name}): the compiler `tenon` is not found; set TENON_COMPILER")
  endif()
  if(NOT ARG_RUNTIME)
    set(ARG_RUNTIME Tenon::tenon-runtime)
  endif()
  get_filename_component(model "${model}" ABSOLUTE)
  set(directory "${CMAKE_CURRENT_BINARY_DIR}/${name}.tenon")
  file(MAKE_DIRECTORY "${directory}")
  add_custom_command(
    OUTPUT "${directory}/${name}.a" "${directory}/${name}.h"
    COMMAND "${TENON_COMPILER}" compile "${model}" -o "${directory}/${name}.a" --name=${name} --quiet ${ARG_OPTIONS}
    DEPENDS "${model}" ${ARG_DEPENDS} "${TENON_COMPILER}"
    COMMENT "Compiling model ${name}"
    VERBATIM)
  add_custom_target(${name}-model DEPENDS "${directory}/${name}.a" "${directory}/${name}.h")
  add_library(${name} INTERFACE)
  add_dependencies(${name} ${name}-model)
  target_include_directories(${name} INTERFACE "${directory}")
  target_link_libraries(${name} INTERFACE "${directory}/${name}.a" ${ARG_RUNTIME})
endfunction()
