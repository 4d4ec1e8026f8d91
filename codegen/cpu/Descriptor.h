//===- Descriptor.h - Host code and descriptor of a program --------------===//
#ifndef TENON_CODEGEN_CPU_DESCRIPTOR_H
#define TENON_CODEGEN_CPU_DESCRIPTOR_H

#include "codegen/cpu/Program.h"
#include <array>

namespace llvm {
class Module;
}

namespace tenon::codegen {

/// tn_dtype of an element type; TN_INVALID if the ABI has none.
uint16_t abiType(mlir::Type type);

/// Symbol of a kernel's code for a level: "tn_k12_contraction_of_layer3_conv2_x86_64_v4".
std::string kernelSymbol(const Program::Kernel &kernel, const Target &target);

/// Fills `module` (whose data layout is set) with the descriptor, the launch functions, the query function and the
/// note of a program.
void writeDescriptor(llvm::Module &module, const Program &program, const KernelLibrary &library,
                     llvm::StringRef querySymbol, bool linkedWeights, const std::array<uint8_t, 32> &weightsHash);

} // namespace tenon::codegen

#endif
