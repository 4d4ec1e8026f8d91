#include "tools/compiler/Header.h"
#include "codegen/cpu/Descriptor.h"
#include "runtime/include/tenon/tenon.h"
#include "llvm/ADT/StringExtras.h"

namespace tenon {

std::string makeIdentifier(llvm::StringRef name) {
  std::string result;
  for (char c : name)
    result += llvm::isAlnum(c) ? c : '_';
  if (result.empty() || llvm::isDigit(result[0]))
    result.insert(0, "m");
  return result;
}

static std::string describe(const codegen::Program::Value &value) {
  std::string text = tn_dtype_name(static_cast<tn_dtype>(codegen::abiType(value.type.getElementType())));
  text += '[';
  for (auto [i, size] : llvm::enumerate(value.type.getShape()))
    text += (i ? ", " : "") + std::to_string(size);
  return text + ']';
}

/// A value's name must not end the comment that it stands in.
static std::string inComment(llvm::StringRef name) {
  std::string text;
  for (char c : name)
    text += llvm::isPrint(c) && c != '*' ? c : '?';
  return text;
}

static void listValues(llvm::StringRef what, const std::vector<codegen::Program::Value> &values,
                       const std::string &prefix, std::string &text) {
  for (auto [i, value] : llvm::enumerate(values)) {
    std::string number = std::to_string(i);
    text += "/* " + what.str() + " " + number + ", \"" + inComment(value.name) + "\": " + describe(value) + " */\n";
    text += "#define " + prefix + "_" + llvm::StringRef(what).upper() + number + "_BYTES " +
            std::to_string((value.type.getNumElements() * value.type.getElementTypeBitWidth() + 7) / 8) + "u\n";
  }
}

std::string writeHeader(const codegen::Program &program, const std::string &name) {
  std::string upper = llvm::StringRef(name).upper(), text;
  text += "/* " + name + ", compiled by tenon " + tn_version() + ".\n *\n";
  text += " *   tn_model *model;\n *   tn_model_from_desc(" + name + "_query(TN_ABI_VERSION), NULL, &model);\n */\n";
  text += "#ifndef TENON_MODEL_" + upper + "_H\n#define TENON_MODEL_" + upper + "_H\n\n#include \"tenon/abi.h\"\n\n";
  text += "#ifdef __cplusplus\nextern \"C\" {\n#endif\n\n";
  listValues("input", program.inputs, upper, text);
  listValues("output", program.outputs, upper, text);
  text += "\n/* The model's descriptor, or NULL for a runtime that is too old for it. */\n";
  text += "const tn_model_desc *" + name + "_query(uint32_t runtime_abi_version);\n";
  text += "\n#ifdef __cplusplus\n}\n#endif\n\n#endif\n";
  return text;
}

} // namespace tenon
