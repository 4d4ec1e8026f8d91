// Imports model files, verifies the modules and, where a test data set lies beside the model, executes them
// by reference semantics and compares. Not a test by itself: a driver to try the importer on a collection of
// real files.
//   import-models [--dim name=value]... [--bind] [--atol x] [--print] [-q] MODEL.onnx ...
// --bind: when a model can't be imported, tries again with its scalar inputs and its integer inputs of rank 1
// as constants.

#include "frontend/onnx/Constants.h"
#include "frontend/onnx/Importer.h"
#include "frontend/onnx/TensorFile.h"
#include "ir/Interpreter.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/MLIRContext.h"

#include <chrono>
#include <cmath>
#include <cstdio>
#include <filesystem>

using namespace tenon;
using namespace tenon::onnx;
namespace fs = std::filesystem;

namespace {
struct Flags {
  ImportOptions import;
  bool bind = false, print = false, quiet = false;
  double absolute = 1e-7;
};
enum class Outcome { Passed, Imported, Differs, NotExecuted, Unsupported, Malformed, NotLoaded };
const char *const outcomeNames[] = {"passed",      "imported",  "DIFFERS",   "NOT EXECUTED",
                                    "unsupported", "MALFORMED", "not loaded"};
} // namespace

static std::optional<TensorData> readInput(const fs::path &data, const char *prefix, size_t i) {
  Diagnostics diags;
  fs::path file = data / (prefix + std::to_string(i) + ".pb");
  return fs::exists(file) ? readTensorFile(file.string(), diags) : std::nullopt;
}

/// 1e-3, but two units in the last place of the small floats.
static double relativeTolerance(mlir::Type type) {
  auto element = mlir::dyn_cast<mlir::FloatType>(type);
  return element ? std::max(1e-3, std::ldexp(2.0, 1 - static_cast<int>(element.getFPMantissaWidth()))) : 0;
}

static bool isClose(const Tensor &actual, const Tensor &expected, double absolute, std::string &why) {
  if (actual.getType() != expected.getType()) {
    why = "type " + describeType(actual.getType()) + ", expected " + describeType(expected.getType());
    return false;
  }
  bool isFloat = mlir::isa<mlir::FloatType>(actual.getElementType());
  for (int64_t i = 0; i < actual.getNumElements(); ++i) {
    Scalar a = actual.get(i), e = expected.get(i);
    bool same = isFloat
                    ? a.f == e.f || (std::isnan(a.f) && std::isnan(e.f)) ||
                          std::fabs(a.f - e.f) <= absolute + relativeTolerance(actual.getElementType()) * std::fabs(e.f)
                    : a.i == e.i;
    if (!same) {
      why = "element " + std::to_string(i) + " is " + std::to_string(isFloat ? a.f : a.i) + ", expected " +
            std::to_string(isFloat ? e.f : e.i);
      return false;
    }
  }
  return true;
}

/// Runs @main on the data set's inputs (by position of the model's inputs that are arguments).
static Outcome execute(const Model &model, const ImportOptions &options, mlir::ModuleOp module, const fs::path &data,
                       double absolute, std::string &why) {
  llvm::SmallVector<Tensor> arguments, results;
  for (size_t i = 0; i < model.graph.inputs.size(); ++i) {
    const std::string &name = model.graph.inputs[i].name;
    if (model.graph.findInitializer(name) || options.constants.count(name))
      continue;
    auto value = readInput(data, "input_", i);
    auto tensor = value ? toTensor(*value, module.getContext()) : std::nullopt;
    if (!tensor)
      return why = "no data for input " + name, Outcome::Imported;
    arguments.push_back(*tensor);
  }
  auto main = module.lookupSymbol<mlir::func::FuncOp>("main");
  if (failed(interpret(main, arguments, results)))
    return Outcome::NotExecuted;
  for (size_t i = 0; i < model.graph.outputs.size(); ++i) {
    auto value = readInput(data, "output_", i);
    auto expected = value ? toTensor(*value, module.getContext()) : std::nullopt;
    if (!expected)
      return why = "no data for output " + std::to_string(i), Outcome::Imported;
    if (!isClose(results[i], *expected, absolute, why)) {
      why = "output " + std::to_string(i) + ": " + why;
      return Outcome::Differs;
    }
  }
  return Outcome::Passed;
}

/// Shape operands that a model leaves as inputs, from the data set.
static ImportOptions bindInputs(const Model &model, ImportOptions options, const fs::path &data) {
  for (size_t i = 0; i < model.graph.inputs.size(); ++i) {
    const ValueInfo &input = model.graph.inputs[i];
    auto value = readInput(data, "input_", i);
    bool isInteger = value && value->asInts() && value->rank() <= 1 && value->numElements() < 100;
    if (isInteger || (value && value->rank() == 0))
      options.constants[input.name] = *value;
  }
  return options;
}

static Outcome tryModel(const std::string &path, const Flags &flags, std::string &why) {
  Diagnostics diags;
  std::shared_ptr<const Model> model = Model::load(path, {}, diags);
  if (!model)
    return why = diags.str(), Outcome::NotLoaded;
  mlir::MLIRContext context;
  fs::path data = fs::path(path).parent_path() / "test_data_set_0";
  ImportOptions options = flags.import;
  mlir::OwningOpRef<mlir::ModuleOp> module = importModel(*model, options, context, diags);
  if (!module && flags.bind && fs::exists(data)) {
    options = bindInputs(*model, options, data);
    Diagnostics again;
    module = importModel(*model, options, context, again);
    why = "(bound) ";
  }
  if (!module) {
    why = diags.str();
    return diags.status() == Status::Unsupported ? Outcome::Unsupported : Outcome::Malformed;
  }
  if (flags.print)
    module->print(llvm::outs());
  return fs::exists(data) ? execute(*model, options, *module, data, flags.absolute, why) : Outcome::Imported;
}

int main(int argc, char **argv) {
  Flags flags;
  int counts[7] = {};
  for (int i = 1; i < argc; ++i) {
    std::string arg = argv[i];
    if (arg == "--bind" || arg == "--print" || arg == "-q") {
      (arg == "--bind" ? flags.bind : arg == "--print" ? flags.print : flags.quiet) = true;
      continue;
    }
    if (arg == "--atol" && i + 1 < argc) {
      flags.absolute = std::stod(argv[++i]);
      continue;
    }
    if (arg == "--dim" && i + 1 < argc) {
      std::string binding = argv[++i];
      size_t equals = binding.find('=');
      flags.import.dims[binding.substr(0, equals)] = std::stoll(binding.substr(equals + 1));
      continue;
    }
    std::string why;
    auto start = std::chrono::steady_clock::now();
    Outcome outcome = tryModel(arg, flags, why);
    double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    ++counts[static_cast<int>(outcome)];
    if (!flags.quiet)
      std::printf("%s: %s %.2f s %s\n", arg.c_str(), outcomeNames[static_cast<int>(outcome)], seconds, why.c_str());
    std::fflush(stdout);
  }
  for (int i = 0; i < 7; ++i)
    std::printf("%d %s%s", counts[i], outcomeNames[i], i < 6 ? ", " : "\n");
  return 0;
}
