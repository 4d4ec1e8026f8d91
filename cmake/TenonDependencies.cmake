# The compiler's dependencies: LLVM/MLIR 22.1.x, Protobuf, fmt, CLI11, lld. scripts/setup installs them.

# LLVMSupport's export names zstd::libzstd_shared, which Debian's libzstd-dev provides only to pkg-config.
if(NOT TARGET zstd::libzstd_shared)
  find_library(TENON_ZSTD NAMES zstd libzstd.so.1 REQUIRED)
  add_library(zstd::libzstd_shared UNKNOWN IMPORTED)
  set_target_properties(zstd::libzstd_shared PROPERTIES IMPORTED_LOCATION ${TENON_ZSTD})
endif()

find_package(MLIR 22.1 REQUIRED CONFIG HINTS /usr/lib/llvm-22/lib/cmake/mlir)
find_package(LLD REQUIRED CONFIG HINTS /usr/lib/llvm-22/lib/cmake/lld)
if(NOT LLVM_VERSION VERSION_GREATER_EQUAL 22.1 OR NOT LLVM_VERSION VERSION_LESS 22.2)
  message(FATAL_ERROR "Tenon needs LLVM/MLIR 22.1.x, found ${LLVM_VERSION}; run scripts/setup")
endif()
message(STATUS "LLVM/MLIR ${LLVM_VERSION} in ${LLVM_INSTALL_PREFIX}")
find_package(Protobuf REQUIRED)
find_package(fmt REQUIRED)
find_package(CLI11 REQUIRED)
find_package(Catch2 2 REQUIRED)

list(APPEND CMAKE_MODULE_PATH "${MLIR_CMAKE_DIR}" "${LLVM_CMAKE_DIR}")
include(TableGen)
include(AddLLVM)
include(AddMLIR)
separate_arguments(LLVM_DEFINITIONS_LIST NATIVE_COMMAND ${LLVM_DEFINITIONS})
add_definitions(${LLVM_DEFINITIONS_LIST})
