#include "KernelCheck.h"
#include "GuardedMemory.h"
#include "codegen/cpu/LoadedKernels.h"
#include "codegen/cpu/ObjectCode.h"
#include "ir/Interpreter.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"
#include "passes/Passes.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <cstring>
#include <random>

using namespace mlir;

namespace tenon::test {

void giveSchedules(func::FuncOp function, const Target &target) {
  Builder b(function.getContext());
  for (tn::KernelOp kernel : function.getOps<tn::KernelOp>()) {
    auto schedule = codegen::findTemplate(*kernel.getTemplateName())->schedule(kernel, target);
    kernel.setScheduleAttr(b.getDictionaryAttr(b.getNamedAttr(target.name, schedule)));
  }
}

MLIRContext &testContext() {
  static auto *context = [] {
    DialectRegistry registry;
    codegen::registerCodegenDialects(registry);
    auto *made = new MLIRContext(registry);
    made->loadAllAvailableDialects();
    return made;
  }();
  return *context;
}

llvm::SmallVector<const Target *> runnableTargets() {
  llvm::SmallVector<const Target *> targets;
  const Target *host = hostTarget();
  for (const Target &target : allTargets())
    if (host && (target.requiredFeatures & ~host->requiredFeatures) == 0)
      targets.push_back(&target);
  return targets;
}

//===----------------------------------------------------------------------===//
// Building
//===----------------------------------------------------------------------===//

/// Forms kernels, and of them one that takes them in turns.
static LogicalResult formBands(ModuleOp module, const KernelLibrary &library) {
  FuseBandsOptions options;
  options.least = 0;
  PassManager pm(module.getContext());
  OpPassManager &fn = pm.nest<func::FuncOp>();
  fn.addPass(createFuse(library));
  fn.addPass(createSchedule(library));
  fn.addPass(createFuseBands(library, options));
  return pm.run(module);
}

static void takeCandidate(tn::KernelOp kernel, int64_t candidate, ArrayRef<const Target *> targets) {
  Builder b(kernel.getContext());
  SmallVector<NamedAttribute> schedules;
  for (const Target *target : targets) {
    auto all = codegen::findTemplate(*kernel.getTemplateName())->candidates(kernel, *target);
    schedules.push_back(b.getNamedAttr(target->name, all[candidate % all.size()]));
  }
  kernel.setScheduleAttr(b.getDictionaryAttr(schedules));
}

OwningOpRef<ModuleOp> buildKernel(const std::string &function, const KernelOptions &options,
                                  ArrayRef<const Target *> targets) {
  OwningOpRef<ModuleOp> module = parseSourceString<ModuleOp>(function, &testContext());
  KernelLibrary library;
  library.models = codegen::allTemplates();
  library.targets.assign(targets.begin(), targets.end());
  if (!module ||
      failed(options.bands ? formBands(*module, library)
                           : codegen::formSingleKernel(*module, library, options.force ? options.templateName : "")))
    return nullptr;
  Operation *terminator = module->lookupSymbol<func::FuncOp>("main").getBody().front().getTerminator();
  auto kernel = terminator->getOperand(0).getDefiningOp<tn::KernelOp>();
  if (options.candidate >= 0)
    takeCandidate(kernel, options.candidate, targets);
  StringRef matched = *kernel.getTemplateName();
  if (matched == options.templateName)
    return module;
  module->emitError("is matched by template '") << matched << "'";
  return nullptr;
}

//===----------------------------------------------------------------------===//
// Inputs and results
//===----------------------------------------------------------------------===//

static Scalar specialValue(Type element, std::mt19937 &engine) {
  static const double reals[] = {NAN, INFINITY, -INFINITY, 0.0, -0.0, 1, -1, 0.5, 1e-30, 300, -300, 2.5};
  if (isa<FloatType>(element))
    return Scalar::real(reals[engine() % std::size(reals)]);
  unsigned width = element.getIntOrFloatBitWidth();
  int64_t lowest = width == 64 ? INT64_MIN : -(int64_t(1) << (width - 1));
  const int64_t integers[] = {0, 1, -1, lowest, ~lowest, lowest + 1, 7};
  int64_t value = integers[engine() % std::size(integers)];
  return Scalar::integer(isUnsigned(element) && width < 64 ? value & ((int64_t(1) << width) - 1) : value);
}

static Tensor randomTensor(RankedTensorType type, const KernelOptions &options, std::mt19937 &engine) {
  Tensor tensor(type);
  Type element = type.getElementType();
  std::uniform_real_distribution<double> real(options.low, options.high);
  bool isBool = element.isInteger(1);
  auto low = static_cast<int64_t>(isUnsigned(element) ? std::max(0.0, options.low) : options.low);
  std::uniform_int_distribution<int64_t> integer(isBool ? 0 : low, isBool ? 1 : static_cast<int64_t>(options.high));
  for (int64_t i = 0; i < tensor.getNumElements(); ++i) {
    bool special = options.special && !isBool && engine() % 3 == 0;
    tensor.set(i, special                   ? specialValue(element, engine)
                  : isa<FloatType>(element) ? Scalar::real(real(engine))
                                            : Scalar::integer(integer(engine)));
  }
  return tensor;
}

static double defaultTolerance(Type element) {
  if (element.isF64())
    return 1e-13;
  if (element.isF16())
    return 2e-3;
  if (element.isBF16())
    return 1.6e-2;
  return 1e-5;
}

/// The first difference in words; empty if there is none.
static std::string difference(const Tensor &expected, const Tensor &actual, double tolerance) {
  bool isFloat = isa<FloatType>(expected.getElementType());
  if (tolerance == 0)
    tolerance = defaultTolerance(expected.getElementType());
  for (int64_t i = 0; i < expected.getNumElements(); ++i) {
    Scalar x = expected.get(i), y = actual.get(i);
    bool same = isFloat ? x.f == y.f || std::abs(x.f - y.f) <= tolerance * (1 + std::abs(x.f)) ||
                              (std::isnan(x.f) && std::isnan(y.f))
                        : x.i == y.i;
    if (!same)
      return "element " + std::to_string(i) + " is " + (isFloat ? std::to_string(y.f) : std::to_string(y.i)) +
             " instead of " + (isFloat ? std::to_string(x.f) : std::to_string(x.i));
  }
  return "";
}

//===----------------------------------------------------------------------===//
// Running
//===----------------------------------------------------------------------===//

namespace {

using Pieces = SmallVector<std::pair<int64_t, int64_t>>;

Pieces wholeRange(int64_t extent) { return {{0, extent}}; }

Pieces randomPieces(int64_t extent, std::mt19937 &engine) {
  Pieces pieces;
  for (int64_t at = 0; at < extent;) {
    int64_t size = std::min<int64_t>(extent - at, 1 + engine() % std::max<int64_t>(1, extent / 3));
    pieces.push_back({at, at + size});
    at += size;
  }
  std::shuffle(pieces.begin(), pieces.end(), engine);
  return pieces;
}

/// Executes the kernels of a function on guarded buffers.
class Machine {
public:
  Machine(func::FuncOp main, ArrayRef<codegen::LoadedKernel> kernels, GuardedMemory::Edge edge)
      : main(main), kernels(kernels), edge(edge) {}

  /// Pieces of each kernel's range come from `split`. With `inPlace`, the last kernel writes over inputs
  /// where its template allows it.
  std::vector<std::string> run(ArrayRef<Tensor> inputs, llvm::function_ref<Pieces(int64_t)> split, bool inPlace) {
    for (auto [argument, tensor] : llvm::zip(main.getArguments(), inputs)) {
      GuardedMemory &memory = allocate(argument);
      std::memcpy(memory.data(), tensor.getData(), tensor.getNumBytes());
      memory.protect();
    }
    size_t next = 0;
    for (Operation &op : main.getBody().front().without_terminator()) {
      if (auto kernel = dyn_cast<tn::KernelOp>(op)) {
        bool last = next + 1 == kernels.size();
        runKernel(kernels[next++], split, inPlace && last);
      } else {
        places[op.getResult(0)] = places.lookup(op.getOperand(0));
      }
    }
    std::vector<std::string> results;
    for (Value v : main.getBody().front().getTerminator()->getOperands())
      results.emplace_back(places.lookup(v), bytesOf(v));
    return results;
  }

private:
  static int64_t bytesOf(Value v) {
    auto type = cast<RankedTensorType>(v.getType());
    return type.getNumElements() * elementBytes(type.getElementType());
  }

  GuardedMemory &allocate(Value v) {
    memories.emplace_back(new GuardedMemory(bytesOf(v), edge));
    places[v] = memories.back()->data();
    return *memories.back();
  }

  void runKernel(const codegen::LoadedKernel &kernel, llvm::function_ref<Pieces(int64_t)> split, bool inPlace) {
    tn::KernelOp op = kernel.op;
    size_t firstOutput = memories.size();
    llvm::DenseSet<unsigned> replaced;
    for (auto [o, result] : llvm::enumerate(op.getResults())) {
      allocate(result).fill(0xCD);
      if (inPlace)
        shareInput(kernel, o, replaced);
    }
    SmallVector<void *> buffers;
    for (auto [i, input] : llvm::enumerate(op.getInputs()))
      buffers.push_back(shared.count(i) ? shared[i] : places.lookup(input));
    for (Value result : op.getResults())
      buffers.push_back(places.lookup(result));
    GuardedMemory scratch(llvm::alignTo(kernel.scratchBytes, 64), GuardedMemory::Edge::End, 64);
    Pieces pieces = split(kernel.extent);
    bool good = runsWithoutFault([&] {
      for (auto [begin, end] : pieces) {
        if (kernel.scratchBytes > 0)
          std::memset(scratch.data(), 0xFF, kernel.scratchBytes);
        kernel.code(buffers.data(), begin, end, scratch.data());
      }
    });
    INFO("template " << op.getTemplateName()->str());
    CHECK(good); // no access outside of the buffers
    CHECK(scratch.isIntact());
    for (size_t i = firstOutput; i < memories.size(); ++i) {
      CHECK(memories[i]->isIntact());
      memories[i]->protect();
    }
    shared.clear();
  }

  /// Lets output `o` take the place of an input, if there is one that allows it.
  void shareInput(const codegen::LoadedKernel &kernel, unsigned o, llvm::DenseSet<unsigned> &replaced) {
    tn::KernelOp op = kernel.op;
    const KernelModel *model = codegen::findTemplate(*op.getTemplateName());
    for (auto [i, input] : llvm::enumerate(op.getInputs()))
      if (!replaced.contains(i) && bytesOf(input) == bytesOf(op.getResult(o)) && model->allowsInPlace(op, i, o)) {
        replaced.insert(i);
        std::memcpy(places.lookup(op.getResult(o)), places.lookup(input), bytesOf(input));
        shared[i] = places.lookup(op.getResult(o));
        return;
      }
  }

  func::FuncOp main;
  ArrayRef<codegen::LoadedKernel> kernels;
  GuardedMemory::Edge edge;
  std::vector<std::unique_ptr<GuardedMemory>> memories;
  llvm::DenseMap<Value, char *> places;
  llvm::DenseMap<unsigned, char *> shared;
};

} // namespace

void checkKernel(const std::string &function, const KernelOptions &options) {
  INFO(function);
  std::mt19937 engine(7);
  OwningOpRef<ModuleOp> original = parseSourceString<ModuleOp>(function, &testContext());
  REQUIRE(original);
  auto reference = original->lookupSymbol<func::FuncOp>("main");
  SmallVector<Tensor> inputs, expected;
  for (Type type : reference.getArgumentTypes())
    inputs.push_back(randomTensor(cast<RankedTensorType>(type), options, engine));
  REQUIRE(succeeded(interpret(reference, inputs, expected)));

  SmallVector<const Target *> targets = runnableTargets();
  OwningOpRef<ModuleOp> module = buildKernel(function, options, targets);
  REQUIRE(module);
  auto main = module->lookupSymbol<func::FuncOp>("main");
  for (const Target *target : targets) {
    INFO("target " << target->name);
    auto loaded = codegen::LoadedKernels::load(main, *target);
    if (!loaded)
      FAIL(llvm::toString(loaded.takeError()));
    using Edge = GuardedMemory::Edge;
    auto split = [&](int64_t extent) { return randomPieces(extent, engine); };
    auto results = Machine(main, loaded->list(), Edge::End).run(inputs, wholeRange, false);
    for (auto [r, bytes] : llvm::enumerate(results)) {
      INFO("result " << r);
      CHECK(difference(expected[r], Tensor(expected[r].getType(), bytes.data(), nullptr), options.tolerance) == "");
    }
    CHECK(Machine(main, loaded->list(), Edge::Begin).run(inputs, split, false) == results);
    CHECK(Machine(main, loaded->list(), Edge::End).run(inputs, split, true) == results);
  }
}

std::string tensor(llvm::ArrayRef<int64_t> shape) {
  std::string text = "tensor<";
  for (int64_t d : shape)
    text += std::to_string(d) + "x";
  return text + "f32>";
}

std::string unaryFunction(const std::string &op, const std::string &from, const std::string &to) {
  return "func.func @main(%0: " + from + ") -> " + to + " {\n  %r = " + op + " : " + from + " -> " + to +
         "\n  return %r : " + to + "\n}\n";
}

std::string binaryFunction(const std::string &op, const std::string &lhs, const std::string &rhs,
                           const std::string &result) {
  return "func.func @main(%0: " + lhs + ", %1: " + rhs + ") -> " + result + " {\n  %r = " + op + " : " + lhs + ", " +
         rhs + " -> " + result + "\n  return %r : " + result + "\n}\n";
}

} // namespace tenon::test
