//===- PlanMemory.cpp - Tensors between kernels become views -------------===//
//
// After this pass the program is in buffer form: kernels read and write memrefs that are views into one arena, into
// the weight block, or the model's inputs and outputs. What is computed from constants moves to a function of its
// own, which the emitter evaluates once, at compile time.
//
//===----------------------------------------------------------------------===//
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/IRMapping.h"
#include "passes/ArenaPlan.h"
#include "passes/Joining.h"
#include "passes/KernelModel.h"
#include "passes/Passes.h"
#include "passes/Places.h"
#include "passes/Steps.h"
#include "passes/Values.h"
#include "llvm/ADT/MapVector.h"

using namespace mlir;

namespace tenon {

#define GEN_PASS_DEF_PLANMEMORY
#include "passes/Passes.h.inc"

namespace {

constexpr int64_t kAlignment = 64;

/// Rows whose distance is a multiple of this many bytes fall into a few sets of the first-level cache; they are
/// moved apart by a line.
constexpr int64_t kCrowdedBytes = 1024;

MemRefType bufferType(Type type) {
  auto tensor = cast<RankedTensorType>(type);
  return MemRefType::get(tensor.getShape(), tensor.getElementType());
}

/// Distance of the rows of the last dimension, in elements.
int64_t rowDistance(ArrayRef<int64_t> shape, ArrayRef<int64_t> strides) {
  for (size_t d = shape.size() - 1; d-- > 0;)
    if (shape[d] != 1)
      return strides[d];
  return shape.back();
}

class Planner {
public:
  Planner(func::FuncOp main, const KernelLibrary &library, int64_t guard)
      : main(main), block(main.getBody().front()), library(library), b(main.getContext()), guard(guard),
        places(library) {}

  LogicalResult run(int64_t &arenaBytes, int64_t &lowerBound, int64_t &weightBytes, int64_t &joined) {
    if (failed(separateResults()))
      return failure();
    for (auto [i, operand] : llvm::enumerate(block.getTerminator()->getOperands()))
      outputOf[rootOf(operand)] = i;
    // Bands lie around buffers, not around their parts.
    if (!guard)
      joined += joinBuffers(block, library, keysOf(outputOf), [&] { return bytesAlive(); }, places);
    number();
    findPadded();
    findBuffers();
    ArenaPlan plan = placeBuffers();
    weightBytes = moveWeights();
    rewrite();
    replacement->setAttr("tn.arena_bytes", b.getI64IntegerAttr(plan.size));
    replacement->setAttr("tn.arena_lower_bound", b.getI64IntegerAttr(plan.lowerBound));
    replacement->setAttr("tn.weights_bytes", b.getI64IntegerAttr(weightBytes));
    if (guard)
      replacement->setAttr("tn.guard_bytes", b.getI64IntegerAttr(guard));
    arenaBytes = plan.size;
    lowerBound = plan.lowerBound;
    return success();
  }

private:
  /// Every result of the function gets a kernel of its own to write it: an input, a constant or a value returned
  /// twice is copied.
  LogicalResult separateResults() {
    Operation *terminator = block.getTerminator();
    llvm::DenseSet<Value> taken;
    for (OpOperand &operand : terminator->getOpOperands()) {
      Value root = rootOf(operand.get());
      if (root.getDefiningOp<tn::KernelOp>() && taken.insert(root).second)
        continue;
      tn::KernelOp kernel = makeKernel(terminator, main.getLoc(), operand.get(), library,
                                       [](OpBuilder &, ValueRange arguments) { return SmallVector<Value>(arguments); });
      if (!kernel)
        return main.emitError("no kernel template can copy a result");
      operand.set(kernel.getResult(0));
      taken.insert(kernel.getResult(0));
    }
    return success();
  }

  static llvm::DenseSet<Value> keysOf(const llvm::DenseMap<Value, unsigned> &map) {
    llvm::DenseSet<Value> keys;
    for (auto &[key, value] : map)
      keys.insert(key);
    return keys;
  }

  /// Most bytes of the arena that are alive at one step, by `places` as they are and with all that planning may do.
  int64_t bytesAlive() {
    isTrial = true;
    number();
    findBuffers();
    int64_t bytes = mostBytesAlive(buffers);
    buffers.clear();
    writers.clear();
    bufferOf.clear();
    isTrial = false;
    return bytes;
  }

  bool may(tn::KernelOp kernel, StringRef step) { return isTrial || mayStep(kernel, step); }

  void number() {
    steps.clear();
    int64_t step = 0;
    for (tn::KernelOp kernel : block.getOps<tn::KernelOp>())
      steps[kernel] = step++;
  }

  /// Last kernel that reads a value or a view of it; the number of kernels if it is returned.
  int64_t lastUse(Value v) {
    int64_t last = -1;
    for (Operation *user : v.getUsers()) {
      if (auto kernel = dyn_cast<tn::KernelOp>(user))
        last = std::max(last, steps.lookup(kernel));
      else if (isa<tn::ReshapeOp>(user))
        last = std::max(last, lastUse(user->getResult(0)));
    }
    return last;
  }

  /// Marks the tensors whose rows are to lie a line further apart: those whose distance is a bad one for a reader
  /// of several rows at a time, and those whose memory they may take over.
  void findPadded() {
    auto kernels = llvm::to_vector(block.getOps<tn::KernelOp>());
    for (tn::KernelOp kernel : llvm::reverse(kernels))
      for (OpResult result : kernel.getResults()) {
        if (places.placeOf(result))
          continue;
        int64_t length = places.rowsOf(result);
        bool isNew = !length;
        if (isNew)
          places.forMembers(result, [&](Value member) {
            if (!length)
              length = wantedRow(member);
          });
        if (!length || !canPad(result, length) || (isNew && !mayStep(kernel, "pad rows")))
          continue;
        places.setRows(result, length);
        if (!places.absorbed.contains(kernel))
          padPredecessors(kernel, result, length);
      }
  }

  /// Pads what a kernel could overwrite by its padded result.
  void padPredecessors(tn::KernelOp kernel, OpResult result, int64_t length) {
    const KernelModel *model = library.find(*kernel.getTemplateName());
    for (auto [i, input] : llvm::enumerate(kernel.getInputs())) {
      auto root = dyn_cast<OpResult>(rootOf(input));
      if (root && isa<tn::KernelOp>(root.getOwner()) && denseBytes(root.getType()) == denseBytes(result.getType()) &&
          lastUse(root) == steps[kernel] && model->allowsInPlace(kernel, i, result.getResultNumber()) &&
          !places.placeOf(root) && canPad(root, length))
        places.setRows(root, length);
    }
  }

  /// Elements of the rows that a reader of `v` or of a view of it wants to lie further apart; 0 if there are none.
  int64_t wantedRow(Value v) {
    for (OpOperand &use : v.getUses()) {
      if (isa<tn::ReshapeOp>(use.getOwner())) {
        if (int64_t length = wantedRow(use.getOwner()->getResult(0)))
          return length;
        continue;
      }
      auto kernel = dyn_cast<tn::KernelOp>(use.getOwner());
      const KernelModel *model = kernel ? library.find(*kernel.getTemplateName()) : nullptr;
      auto type = cast<RankedTensorType>(v.getType());
      if (!model || type.getRank() < 2 || places.absorbed.contains(kernel))
        continue;
      int64_t distance = rowDistance(type.getShape(), places.layoutOf(v)->strides);
      if (distance * elementBytes(type.getElementType()) % kCrowdedBytes == 0 &&
          model->wantsPaddedRows(kernel, use.getOperandNumber()))
        return distance;
    }
    return 0;
  }

  /// Whether the writers and all readers of a buffer can do with rows of `length` elements that lie apart.
  bool canPad(OpResult result, int64_t length) {
    if (outputOf.count(result) || !rowDimension(cast<RankedTensorType>(result.getType()).getShape(), length))
      return false;
    int64_t now = places.rowsOf(result);
    places.setRows(result, length);
    bool can = places.refusal(result).empty();
    places.setRows(result, now);
    return can;
  }

  void findBuffers() {
    for (tn::KernelOp kernel : block.getOps<tn::KernelOp>()) {
      int64_t step = steps[kernel];
      for (auto [o, result] : llvm::enumerate(kernel.getResults())) {
        Value owner = places.ownerOf(result);
        if (outputOf.count(owner) || !owner.getDefiningOp<tn::KernelOp>())
          continue;
        // What is first written of a buffer begins its life, be it a part.
        auto known = bufferOf.find(owner);
        unsigned shared = known != bufferOf.end() ? known->second : findInPlace(kernel, o);
        if (shared == buffers.size()) {
          buffers.push_back({places.bytesOf(owner), step, step, 0});
          writers.push_back(kernel);
        }
        bufferOf[owner] = shared;
        buffers[shared].end = std::max({buffers[shared].end, step, lastUse(result)});
        bufferOf[result] = shared;
      }
    }
  }

  /// The buffer of an input that dies in this kernel and may be overwritten by output `o`; else the number of a
  /// buffer to be made.
  unsigned findInPlace(tn::KernelOp kernel, unsigned o) {
    if (places.placeOf(kernel.getResult(o)))
      return buffers.size();
    const KernelModel *model = library.find(*kernel.getTemplateName());
    int64_t step = steps[kernel];
    for (auto [i, input] : llvm::enumerate(kernel.getInputs())) {
      auto it = bufferOf.find(rootOf(input));
      if (it == bufferOf.end() || places.placeOf(it->first) || buffers[it->second].end != step ||
          denseBytes(input.getType()) != denseBytes(kernel.getResult(o).getType()) ||
          denseBytes(input.getType()) != denseBytes(it->first.getType()) || !model->allowsInPlace(kernel, i, o) ||
          places.rowsOf(it->first) != places.rowsOf(kernel.getResult(o)))
        continue;
      // The same memory must not reach the kernel in another way, as an input or as an earlier output.
      bool once = true;
      for (auto [j, other] : llvm::enumerate(kernel.getInputs()))
        if (j != i && bufferOf.count(rootOf(other)) && bufferOf[rootOf(other)] == it->second)
          once = false;
      for (unsigned p = 0; p < o; ++p)
        if (bufferOf.count(kernel.getResult(p)) && bufferOf[kernel.getResult(p)] == it->second)
          once = false;
      if (once && may(kernel, "write in place"))
        return it->second;
    }
    return buffers.size();
  }

  ArenaPlan placeBuffers() {
    SmallVector<ArenaBuffer> sharing;
    SmallVector<unsigned> numbers, apart;
    for (auto [i, buffer] : llvm::enumerate(buffers))
      if (mayStep(writers[i], "reuse memory")) {
        sharing.push_back(buffer);
        numbers.push_back(i);
      } else {
        apart.push_back(i);
      }
    ArenaPlan plan = planArena(sharing, kAlignment, guard);
    for (auto [i, buffer] : llvm::zip(numbers, sharing))
      buffers[i].offset = buffer.offset;
    for (unsigned i : apart) { // behind all that share
      buffers[i].offset = llvm::alignTo(plan.size, kAlignment);
      plan.size = buffers[i].offset + buffers[i].size + guard;
    }
    return plan;
  }

  /// Moves everything that is known at compile time and read by kernels into @weights. Returns the size of the block.
  int64_t moveWeights() {
    llvm::MapVector<Value, int64_t> offsets;
    int64_t size = 0;
    for (tn::KernelOp kernel : block.getOps<tn::KernelOp>())
      for (Value input : kernel.getInputs()) {
        Value root = rootOf(input);
        if (places.absorbed.contains(kernel) || isa<BlockArgument>(root) || root.getDefiningOp<tn::KernelOp>() ||
            offsets.count(root))
          continue;
        offsets[root] = size;
        size += llvm::alignTo(denseBytes(root.getType()), kAlignment);
      }
    weightOffsets = offsets;
    OpBuilder builder(main);
    SmallVector<Type> types;
    SmallVector<int64_t> list;
    for (auto &[value, offset] : offsets) {
      types.push_back(value.getType());
      list.push_back(offset);
    }
    auto weights = func::FuncOp::create(builder, main.getLoc(), "weights", builder.getFunctionType({}, types));
    weights.setPrivate();
    weights->setAttr("tn.offsets", builder.getDenseI64ArrayAttr(list));
    Block *body = weights.addEntryBlock();
    builder.setInsertionPointToStart(body);
    IRMapping mapping;
    SmallVector<Value> results;
    for (auto &[value, offset] : offsets)
      results.push_back(cloneTree(value, builder, mapping));
    func::ReturnOp::create(builder, main.getLoc(), results);
    return size;
  }

  Value cloneTree(Value v, OpBuilder &builder, IRMapping &mapping) {
    if (Value done = mapping.lookupOrNull(v))
      return done;
    Operation *op = v.getDefiningOp();
    for (Value operand : op->getOperands())
      cloneTree(operand, builder, mapping);
    builder.clone(*op, mapping);
    return mapping.lookup(v);
  }

  /// The location of a kernel that reads or writes `v` and, because they become the view, those of the reshapes that
  /// it reads through and of the kernels that were absorbed on the way to the owner.
  Location locationOf(Value v, Location user) {
    SmallVector<Location> parts = {user};
    for (auto reshape = v.getDefiningOp<tn::ReshapeOp>(); reshape; reshape = v.getDefiningOp<tn::ReshapeOp>()) {
      parts.push_back(reshape.getLoc());
      v = reshape.getOperand();
    }
    for (;; v = places.placeOf(v)->whole) {
      if (v.getDefiningOp() && places.absorbed.contains(v.getDefiningOp()))
        parts.push_back(v.getLoc());
      if (!places.placeOf(v))
        break;
    }
    return parts.size() == 1 ? user : FusedLoc::get(user.getContext(), parts);
  }

  /// A view of the memory of `v`, under v's own type.
  Value viewOf(Value v, OpBuilder &builder, Location user) {
    Value owner = places.ownerOf(v);
    MemRefType type = places.bufferType(v);
    int64_t offset = places.layoutOf(v)->offset * elementBytes(type.getElementType());
    Location loc = locationOf(v, user);
    if (auto it = weightOffsets.find(owner); it != weightOffsets.end())
      return tn::ViewOp::create(builder, loc, type, weightBase, it->second);
    if (auto it = bufferOf.find(owner); it != bufferOf.end())
      return tn::ViewOp::create(builder, loc, type, arenaBase, buffers[it->second].offset + offset);
    Value base = outputOf.count(owner) ? outputArguments[outputOf[owner]]
                                       : inputArguments[cast<BlockArgument>(owner).getArgNumber()];
    if (base.getType() == type && offset == 0)
      return base;
    return tn::ViewOp::create(builder, loc, type, base, offset);
  }

  void rewrite() {
    auto bytes = MemRefType::get({ShapedType::kDynamic}, b.getI8Type());
    SmallVector<Type> types = {bytes, bytes};
    SmallVector<DictionaryAttr> attributes = {namedAttr("arena"), namedAttr("weights")};
    for (auto [i, argument] : llvm::enumerate(block.getArguments())) {
      types.push_back(bufferType(argument.getType()));
      attributes.push_back(main.getArgAttrDict(i) ? main.getArgAttrDict(i) : b.getDictionaryAttr({}));
    }
    auto results = block.getTerminator()->getOperands();
    for (auto [i, result] : llvm::enumerate(results)) {
      types.push_back(bufferType(result.getType()));
      attributes.push_back(main.getResultAttrDict(i) ? main.getResultAttrDict(i) : b.getDictionaryAttr({}));
    }
    OpBuilder builder(main);
    auto buffersMain = func::FuncOp::create(builder, main.getLoc(), main.getName(), builder.getFunctionType(types, {}));
    for (NamedAttribute attribute : main->getDiscardableAttrs())
      buffersMain->setDiscardableAttr(attribute.getName(), attribute.getValue());
    buffersMain.setAllArgAttrs(attributes);
    buffersMain->setAttr("tn.inputs", b.getI64IntegerAttr(block.getNumArguments()));
    Block *body = buffersMain.addEntryBlock();
    arenaBase = body->getArgument(0);
    weightBase = body->getArgument(1);
    auto rest = body->getArguments().drop_front(2);
    inputArguments.assign(rest.begin(), rest.begin() + block.getNumArguments());
    outputArguments.assign(rest.begin() + block.getNumArguments(), rest.end());
    builder.setInsertionPointToStart(body);
    for (tn::KernelOp kernel : block.getOps<tn::KernelOp>()) {
      if (places.absorbed.contains(kernel))
        continue;
      SmallVector<Value> inputs, outputs;
      for (Value input : kernel.getInputs())
        inputs.push_back(viewOf(input, builder, kernel.getLoc()));
      for (Value result : kernel.getResults())
        outputs.push_back(viewOf(result, builder, kernel.getLoc()));
      auto planned = tn::KernelOp::create(builder, kernel.getLoc(), TypeRange{}, inputs, outputs,
                                          kernel.getTemplateNameAttr(), kernel.getScheduleAttr());
      planned.getBody().takeBody(kernel.getBody());
    }
    func::ReturnOp::create(builder, main.getLoc());
    replacement = buffersMain;
    // The bodies have moved: what is left only refers to itself.
    main.getBody().dropAllReferences();
    main.getBody().getBlocks().clear();
    main.erase();
  }

  DictionaryAttr namedAttr(StringRef name) {
    return b.getDictionaryAttr(b.getNamedAttr("tn.name", b.getStringAttr(name)));
  }

  func::FuncOp main, replacement;
  Block &block;
  const KernelLibrary &library;
  Builder b;
  int64_t guard; ///< bytes of the bands around buffers
  llvm::DenseMap<Operation *, int64_t> steps;
  llvm::DenseMap<Value, unsigned> outputOf, bufferOf;
  Places places;
  bool isTrial = false; ///< buffers are found only to count their bytes
  SmallVector<ArenaBuffer> buffers;
  SmallVector<Operation *> writers; ///< kernel that first writes each buffer
  llvm::MapVector<Value, int64_t> weightOffsets;
  Value arenaBase, weightBase;
  SmallVector<Value> inputArguments, outputArguments;
};

struct PlanMemory : impl::PlanMemoryBase<PlanMemory> {
  using PlanMemoryBase::PlanMemoryBase;
  PlanMemory(const KernelLibrary *library, const PlanMemoryOptions &options)
      : PlanMemoryBase(options), library(library) {}

  void runOnOperation() override {
    if (!library)
      return;
    auto main = getOperation().lookupSymbol<func::FuncOp>("main");
    if (!main || main.getBody().empty())
      return;
    // A program that was read back may have its plan.
    if (llvm::any_of(main.getOps<tn::KernelOp>(), [](tn::KernelOp kernel) { return kernel.isBufferForm(); }))
      return;
    int64_t arena = 0, bound = 0, weights = 0, joined = 0;
    Planner planner(main, *library, llvm::alignTo(std::max<int64_t>(guard, 0), kAlignment));
    if (failed(planner.run(arena, bound, weights, joined)))
      return signalPassFailure();
    inPlace += joined;
    arenaBytes += arena;
    lowerBound += bound;
    weightBytes += weights;
  }

  const KernelLibrary *library = nullptr;
};

} // namespace

std::unique_ptr<Pass> createPlanMemory(const KernelLibrary &library, int64_t guardBytes) {
  PlanMemoryOptions options;
  options.guard = guardBytes;
  return std::make_unique<PlanMemory>(&library, options);
}

} // namespace tenon
